import type { LobbyConfig } from "../../lobby/config.js";
import { Matchmaker } from "../../matchmakers/matchmaker.js";
import { matchmakerFromDescription } from "../../matchmakers/registry.js";
import { ConfigError, type ConfigProblem } from "../../scene/configError.js";
import { readScenes } from "../../scene/resolveScene.js";
import type { SceneSettings } from "../../scene/sceneSettings.js";
import { plainConfig } from "../../sim/qualityRun.js";
import { benchmarkWorld } from "../../sim/qualityWorld.js";
import { type CliIo, UsageError } from "../io.js";
import { readConfig } from "../readConfig.js";
import { rulesHash } from "./rulesHash.js";

/** What was typed of the study's rules. */
export interface StudyChoice {
  readonly config?: string | undefined;
  readonly scene?: string | undefined;
  readonly matchmaker?: string | undefined;
  readonly groupSize?: number | undefined;
  readonly patienceMs?: number | undefined;
  readonly beacons?: number | undefined;
  readonly limitsMs: readonly number[] | null;
}

/** What holds where nothing was typed and there is no configuration. */
export interface StudyDefaults {
  /** As in a configuration. */
  readonly matchmaker: string;
  readonly groupSize: number;
  /** `null` = no wait limit. */
  readonly patienceMs: number | null;
  /** `null` = nothing is probed. */
  readonly limitMs: number | null;
  readonly beacons: number;
  /** A probe takes about so long. */
  readonly probeMs: number;
  /** Do simulated people have attributes, so that rules about them can be kept? */
  readonly hasAttributes: boolean;
}

/** The rules a simulation goes by: a real scene's, with what was typed put over them. */
export interface ChosenStudy {
  /** The matchmaker's. */
  readonly name: string;
  readonly groupSize: number;
  readonly patienceMs: number | null;
  readonly beacons: number;
  /** To be simulated one after the other; without a limit, empty. */
  readonly limitsMs: readonly number[];
  /** Of the configuration; `null` where there is none. */
  readonly configHash: string | null;
  /** The chosen one, with its own limit, which may relax. */
  readonly matchmaker: Matchmaker;
  /** The chosen one under a limit of {@link limitsMs}: where limits were typed, that one for everybody. */
  matchmakerFor(maxP2pRttMs: number): Matchmaker;
  /** The study's other rules around a matchmaker; @param changes what is simulated otherwise than it was chosen */
  configFor(matchmaker: Matchmaker, changes?: Partial<LobbyConfig>): LobbyConfig;
}

/** What a log calls a matchmaker, and what a configuration does, where its limit says all of it. */
export const plainNames: Readonly<Record<string, string>> = {
  FIFO: "fifo",
  LowestLatency: "lowest-latency",
};

/** @throws {UsageError | ConfigError} there is no such study */
export async function chooseStudy(
  choice: StudyChoice,
  defaults: StudyDefaults,
  io: CliIo,
): Promise<ChosenStudy> {
  const settings = choice.config === undefined ? null : await readScene(choice.config, choice.scene, io);
  const scene = settings?.lobby ?? null;
  if (scene?.rules !== undefined && !defaults.hasAttributes)
    io.err(
      "The scene has rules, but the simulated people no attributes (--attributes): the rules are left out.\n",
    );
  const own = choice.matchmaker === undefined ? (scene?.matchmaker ?? null) : null;
  const described = descriptionOf(choice.matchmaker ?? defaults.matchmaker);
  const matchmaker = own ?? make({ maxP2pRttMs: defaults.limitMs, ...described }, defaults.limitMs);
  const limitsMs = choice.limitsMs ?? (matchmaker.maxP2pRttMs === null ? [] : [matchmaker.maxP2pRttMs]);
  const matchmakerFor = (ms: number) => {
    if (choice.limitsMs === null) return matchmaker;
    return own === null ? make({ ...described, maxP2pRttMs: ms }, ms) : withLimit(own, ms);
  };
  const groupSize = choice.groupSize ?? scene?.groupSize ?? defaults.groupSize;
  const patienceMs = choice.patienceMs ?? (scene === null ? defaults.patienceMs : scene.waitTimeoutMs);
  const beacons = choice.beacons ?? settings?.beacons.length ?? defaults.beacons;
  return {
    name: own === null ? String(described["name"]) : nameOf(own),
    groupSize,
    patienceMs,
    beacons,
    limitsMs,
    configHash: scene?.configHash ?? null,
    matchmaker,
    matchmakerFor,
    configFor: (matchmaker, changes = {}) => {
      const rules: LobbyConfig = {
        ...(scene === null
          ? plainConfig(
              { groupSize, patienceMs: patienceMs ?? benchmarkWorld.patienceMs, probeMs: defaults.probeMs },
              matchmaker,
            )
          : simulated(scene, defaults)),
        matchmaker,
        groupSize,
        waitTimeoutMs: patienceMs,
        awaitsBeacons: beacons > 0 && matchmaker.readsBeacons,
        ...changes,
      };
      return { ...rules, configHash: rulesHash(rules, scene) };
    },
  };
}

async function readScene(file: string, sceneId: string | undefined, io: CliIo): Promise<SceneSettings> {
  const config = await readConfig(file, io);
  const problems: ConfigProblem[] = [];
  const scenes = readScenes(config["scenes"], "scenes", problems).map(({ settings }) => settings);
  if (problems.length > 0) throw new ConfigError(problems);
  const [first] = scenes;
  if (sceneId === undefined && scenes.length === 1 && first !== undefined) return first;
  const found = scenes.find((scene) => scene.lobby.sceneId === sceneId);
  if (found !== undefined) return found;
  const names = scenes.map((scene) => scene.lobby.sceneId).join(", ");
  throw new UsageError(
    sceneId === undefined
      ? `${file} has several scenes: say which with --scene. There are ${names}.`
      : `${file} has no scene "${sceneId}". There are ${names}.`,
  );
}

/** A scene without what a simulation does not have: rooms, treatments, an end of the study. */
function simulated(scene: LobbyConfig, { hasAttributes, probeMs }: StudyDefaults): LobbyConfig {
  const { rules, treatments: _, ...rest } = scene;
  return {
    ...rest,
    ...(rules === undefined || !hasAttributes ? {} : { rules }),
    hasRoomHook: false,
    maxMatches: null,
    allowRepeat: false,
    // A probe takes as long as the simulation says, also where the scene would give up before.
    probeTimeoutMs: Math.max(scene.probeTimeoutMs, 2 * probeMs),
  };
}

type Description = Readonly<Record<string, unknown>>;

function descriptionOf(given: string): Description {
  if (!given.trimStart().startsWith("{")) return { name: given };
  try {
    return JSON.parse(given) as Description;
  } catch {
    throw new UsageError(`--matchmaker is not valid JSON: ${given}`);
  }
}

/** One that the comparison has too goes by its name there. */
const nameOf = ({ name, relaxingLimit }: Matchmaker): string =>
  relaxingLimit === null ? (plainNames[name] ?? name) : name;

/** Where the rule of the sum is not given, it goes by the same figure. */
function make(described: Description, limitMs: number | null): Matchmaker {
  const sum = described["name"] === "latency-fifo" ? { maxServerRttMs: limitMs } : {};
  const result = matchmakerFromDescription({ ...sum, ...described });
  if (result.status === "ok") return result.matchmaker;
  throw new UsageError(`--matchmaker: ${result.problems.join(" ")}`);
}

/** The same matchmaker under one limit for everybody, whatever class it is of; a rule of its own for turning pairs down is not kept. */
function withLimit(matchmaker: Matchmaker, maxP2pRttMs: number): Matchmaker {
  // These run on the proxy, with its limit; all others on the original, which has private fields.
  const { limitFor, limitRelaxesAt, shouldRejectForRtt } = Matchmaker.prototype;
  const fixed = { maxP2pRttMs, relaxingLimit: null, limitFor, limitRelaxesAt, shouldRejectForRtt };
  return new Proxy(matchmaker, {
    get: (target, key) => {
      if (Object.hasOwn(fixed, key)) return Reflect.get(fixed, key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
