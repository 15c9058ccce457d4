import type { LobbyConfig } from "../../lobby/config.js";
import type { Matchmaker } from "../../matchmakers/matchmaker.js";
import { matchmakerFromDescription } from "../../matchmakers/registry.js";
import { ConfigError, type ConfigProblem } from "../../scene/configError.js";
import { readScenes } from "../../scene/resolveScene.js";
import type { SceneSettings } from "../../scene/sceneSettings.js";
import { plainConfig } from "../../sim/qualityRun.js";
import { benchmarkWorld } from "../../sim/qualityWorld.js";
import { type CliIo, UsageError } from "../io.js";
import { readConfig } from "../readConfig.js";

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
  /** The chosen matchmaker with this limit. */
  matchmakerFor(maxP2pRttMs: number | null): Matchmaker;
  /** The study's other rules around a matchmaker. */
  configFor(matchmaker: Matchmaker): LobbyConfig;
}

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
  const limitMs = own === null ? limitOf(described, defaults.limitMs) : own.maxP2pRttMs;
  const limitsMs = choice.limitsMs ?? (limitMs === null ? [] : [limitMs]);
  const matchmakerFor = (ms: number | null) => (own === null ? make(described, ms) : withLimit(own, ms));
  matchmakerFor(limitsMs[0] ?? limitMs);
  const groupSize = choice.groupSize ?? scene?.groupSize ?? defaults.groupSize;
  const patienceMs = choice.patienceMs ?? (scene === null ? defaults.patienceMs : scene.waitTimeoutMs);
  const beacons = choice.beacons ?? settings?.beacons.length ?? defaults.beacons;
  return {
    name: own?.name ?? String(described["name"]),
    groupSize,
    patienceMs,
    beacons,
    limitsMs,
    configHash: scene?.configHash ?? null,
    matchmakerFor,
    configFor: (matchmaker) => ({
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
    }),
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

function limitOf({ maxP2pRttMs }: Description, otherwise: number | null): number | null {
  return typeof maxP2pRttMs === "number" ? maxP2pRttMs : otherwise;
}

function make(described: Description, maxP2pRttMs: number | null): Matchmaker {
  const sum = described["name"] === "latency-fifo" ? { maxServerRttMs: maxP2pRttMs } : {};
  const result = matchmakerFromDescription({ ...sum, ...described, maxP2pRttMs });
  if (result.status === "ok") return result.matchmaker;
  throw new UsageError(`--matchmaker: ${result.problems.join(" ")}`);
}

/** The same matchmaker under another limit, whatever class it is of; a rule of its own for turning pairs down is not kept. */
const withLimit = (matchmaker: Matchmaker, maxP2pRttMs: number | null): Matchmaker =>
  maxP2pRttMs === matchmaker.maxP2pRttMs
    ? matchmaker
    : new Proxy(matchmaker, {
        get: (target, key) => {
          if (key === "maxP2pRttMs") return maxP2pRttMs;
          // Methods run on the original, whose limit is another one.
          if (key === "shouldRejectForRtt")
            return (rttMs: number | null) => maxP2pRttMs !== null && (rttMs === null || rttMs > maxP2pRttMs);
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
