import { sceneIdSchema } from "@probematch/shared";
import * as v from "valibot";
import type { LobbyConfig } from "../lobby/config.js";
import { shown } from "../matchmakers/options.js";
import { readBeacons } from "./beacons.js";
import { ConfigError, type ConfigProblem } from "./configError.js";
import { configHash } from "./configHash.js";
import { contradictions } from "./contradictions.js";
import type { OnMatch } from "./onMatch.js";
import { readObject, readOption, readSection } from "./readOptions.js";
import { impossibleRules, readRules } from "./readRules.js";
import { readTreatments } from "./readTreatments.js";
import { resolveMatchmaker } from "./resolveMatchmaker.js";
import { SceneBuilder } from "./scene.js";
import type { SceneConfig } from "./sceneConfig.js";
import { options, sceneKeys } from "./sceneOptions.js";
import type { SceneSettings } from "./sceneSettings.js";

/** A scene as it is given: made with `scene(…)`, or a plain object. */
export type SceneInput = SceneBuilder | SceneConfig;

/** A scene, complete and checked. */
export interface ResolvedScene {
  readonly settings: SceneSettings;
  readonly onMatch: OnMatch | null;
}

/** @throws {ConfigError} that lists every mistake */
export function resolveScene(input: SceneInput): ResolvedScene {
  const problems: ConfigProblem[] = [];
  const resolved = readScene(input, "scene", problems);
  if (problems.length > 0 || resolved === null) throw new ConfigError(problems);
  return resolved;
}

/** Resolves what it can and adds every mistake of every scene to `problems`. */
export function readScenes(inputs: unknown, path: string, problems: ConfigProblem[]): ResolvedScene[] {
  if (!Array.isArray(inputs) || inputs.length === 0) {
    const given = Array.isArray(inputs) ? "an empty list" : shown(inputs);
    problems.push({ path, problem: `wanted a list of at least one scene, given ${given}.` });
    return [];
  }
  const firstWith = new Map<string, string>();
  const resolved: ResolvedScene[] = [];
  for (const [i, input] of inputs.entries()) {
    const at = `${path}[${i}]`;
    const scene = readScene(input, at, problems);
    if (scene === null) continue;
    const { sceneId } = scene.settings.lobby;
    // Names become files, and some file systems do not tell "A" from "a".
    const other = firstWith.get(sceneId.toLowerCase());
    if (other === undefined) firstWith.set(sceneId.toLowerCase(), at);
    else problems.push({ path: `${at}.id`, problem: `${shown(sceneId)} is already the name of ${other}.` });
    resolved.push(scene);
  }
  return resolved;
}

function readScene(input: unknown, path: string, problems: ConfigProblem[]): ResolvedScene | null {
  const before = problems.length;
  const config = readObject(
    input instanceof SceneBuilder ? input.toConfig() : input,
    sceneKeys,
    path,
    problems,
  );
  if (typeof input !== "object" || input === null || Array.isArray(input)) return null;

  const sceneId = readId(config["id"], `${path}.id`, problems);
  const groupSize = readOption(options.groupSize, config["groupSize"], `${path}.groupSize`, problems);
  const matchmaking = readObject(
    config["matchmaking"] ?? {},
    ["matchmaker", "rules", "hideLobbyCount", "maxRtt"],
    `${path}.matchmaking`,
    problems,
  );
  const inMatchmaking = `${path}.matchmaking`;
  const matchmaker = resolveMatchmaker(matchmaking["matchmaker"], `${inMatchmaking}.matchmaker`, problems);
  const rules = readRules(matchmaking["rules"], `${inMatchmaking}.rules`, problems);
  const hideLobbyCount = readOption(
    options.hideLobbyCount,
    matchmaking["hideLobbyCount"],
    `${inMatchmaking}.hideLobbyCount`,
    problems,
  );
  const maxRtt = readOption(options.maxRtt, matchmaking["maxRtt"], `${inMatchmaking}.maxRtt`, problems);
  const waitroom = readSection(options.waitroom, config["waitroom"], `${path}.waitroom`, problems);
  const probing = readSection(options.probing, config["probing"], `${path}.probing`, problems);
  const serverRtt = readSection(options.serverRtt, config["serverRtt"], `${path}.serverRtt`, problems);
  const beacons = readBeacons(config["beacons"], `${path}.beacons`, problems);
  const matches = readSection(options.matches, config["matches"], `${path}.matches`, problems);
  const treatments = readTreatments(config["treatments"], `${path}.treatments`, problems);
  const onMatch = readOnMatch(config["onMatch"], `${path}.onMatch`, problems);

  // Contradictions are looked for among values that are right in themselves: a wrong one was replaced.
  if (problems.length === before) {
    problems.push(
      ...contradictions(path, { groupSize, waitroom, probing }),
      ...impossibleRules(rules, groupSize, `${inMatchmaking}.rules`),
    );
  }
  if (problems.length > before || matchmaker === null) return null;

  const { pings, minPings, spacingMs, pingTimeoutMs, warmupPings } = probing;
  const lobby: Omit<LobbyConfig, "configHash" | "matchmaker" | "rules"> = {
    sceneId,
    groupSize,
    maxServerRttDifferenceMs: maxRtt,
    excludeServerRttAboveMs: serverRtt.excludeAboveMs,
    firstRttWaitMs: serverRtt.firstWaitMs,
    awaitsBeacons: beacons.length > 0 && matchmaker.readsBeacons,
    waitTimeoutMs: waitroom.timeoutMs,
    graceMs: waitroom.graceMs,
    edgeLifeMs: probing.edgeLifeMs,
    probe: { pings, ...(minPings === null ? {} : { minPings }), spacingMs, pingTimeoutMs, warmupPings },
    maxProbesPerMember: probing.maxPerMember,
    probeRepeats: probing.repeats,
    readyTimeoutMs: probing.readyTimeoutMs,
    probeTimeoutMs: probing.timeoutMs,
    confirmTimeoutMs: matches.confirmTimeoutMs,
    roomTimeoutMs: matches.roomTimeoutMs,
    backOffBaseMs: probing.backOffBaseMs,
    backOffMaxMs: probing.backOffMaxMs,
    capacity: waitroom.capacity,
    maxMatches: matches.max,
    hasRoomHook: onMatch !== null,
    allowRepeat: waitroom.allowRepeat,
    acceptRelayed: probing.acceptRelayed,
    ...(treatments === null ? {} : { treatments }),
  };
  const { intervalMs, burst, timeoutMs } = serverRtt;
  const faces = {
    hideLobbyCount,
    relayOnly: probing.relayOnly,
    serverRtt: { intervalMs, burst, timeoutMs },
    beacons,
  };
  // What a scene does not use is not in its hash, so that its log's decisions can still be made again.
  const described = {
    matchmaker: matchmaker.describe(),
    ...(rules === null ? {} : { rules: rules.describe() }),
  };
  const hash = configHash({ ...lobby, ...faces, ...described });
  const complete: LobbyConfig = {
    ...lobby,
    matchmaker,
    ...(rules === null ? {} : { rules }),
    configHash: hash,
  };
  return { settings: { lobby: complete, ...faces }, onMatch };
}

function readId(given: unknown, path: string, problems: ConfigProblem[]): string {
  const parsed = v.safeParse(sceneIdSchema, given);
  if (parsed.success) return parsed.output;
  problems.push({ path, problem: `wanted 1 to 64 letters, digits, _ or -, given ${shown(given)}.` });
  return "";
}

function readOnMatch(given: unknown, path: string, problems: ConfigProblem[]): OnMatch | null {
  if (given === undefined || given === null) return null;
  if (typeof given === "function") return given as OnMatch;
  problems.push({
    path,
    problem: `wanted a function of { matchId, scene, members, signal }, given ${shown(given)}.`,
  });
  return null;
}
