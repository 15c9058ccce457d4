import { defaultProbeParameters } from "@probematch/shared";
import * as v from "valibot";
import { didYouMean } from "../matchmakers/didYouMean.js";
import { shown } from "../matchmakers/options.js";
import type { ConfigProblem } from "./configError.js";
import type {
  MatchesOptions,
  ProbingOptions,
  SceneConfig,
  ServerRttOptions,
  WaitroomOptions,
} from "./sceneConfig.js";

/** One option: what it may be, in code and in words, and what it is when left out. */
interface Option<T> {
  readonly schema: v.GenericSchema<unknown, T>;
  readonly wanted: string;
  readonly fallback: T;
}

type Table<Options> = { readonly [K in keyof Required<Options>]: Option<Exclude<Options[K], undefined>> };

/** The longest time a Node timer can wait; a longer one is most likely given in another unit. */
const MAX_MS = 2 ** 31 - 1;

const finite = v.pipe(v.number(), v.finite());

const ms = (fallback: number, least = 0): Option<number> => ({
  schema: v.pipe(finite, v.minValue(least), v.maxValue(MAX_MS)),
  wanted: `a number of milliseconds from ${least} to ${MAX_MS}`,
  fallback,
});

const whole = (fallback: number, least: number, most: number): Option<number> => ({
  schema: v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most)),
  wanted: `a whole number ${most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`}`,
  fallback,
});

const yesOrNo = (fallback: boolean): Option<boolean> => ({
  schema: v.boolean(),
  wanted: "true or false",
  fallback,
});

const orNull = <T>(option: Option<T>, fallback: T | null = null): Option<T | null> => ({
  schema: v.nullable(option.schema),
  wanted: `${option.wanted}, or null for no limit`,
  fallback,
});

/** The defaults, as documented in `sceneConfig.ts`. */
export const options = {
  groupSize: whole(2, 2, 8),
  hideLobbyCount: yesOrNo(false),
  maxRtt: orNull(ms(0)),
  waitroom: {
    timeoutMs: orNull(ms(0, 1), 300_000),
    graceMs: ms(30_000),
    capacity: orNull(whole(1, 1, Number.MAX_SAFE_INTEGER)),
    allowRepeat: yesOrNo(false),
  } satisfies Table<WaitroomOptions>,
  probing: {
    pings: whole(defaultProbeParameters.pings, 1, 64),
    spacingMs: ms(defaultProbeParameters.spacingMs),
    pingTimeoutMs: ms(defaultProbeParameters.pingTimeoutMs, 1),
    warmupPings: whole(defaultProbeParameters.warmupPings, 0, 16),
    readyTimeoutMs: ms(5000, 1),
    timeoutMs: ms(20_000, 1),
    edgeLifeMs: ms(300_000),
    backOffBaseMs: ms(2000),
    backOffMaxMs: ms(60_000),
    relayOnly: yesOrNo(false),
    acceptRelayed: yesOrNo(true),
  } satisfies Table<ProbingOptions>,
  serverRtt: {
    intervalMs: ms(2000, 100),
    burst: whole(5, 1, 32),
    timeoutMs: ms(5000, 1),
    excludeAboveMs: orNull(ms(0)),
  } satisfies Table<ServerRttOptions>,
  matches: {
    confirmTimeoutMs: ms(5000, 1),
    roomTimeoutMs: ms(10_000, 1),
    max: orNull(whole(1, 1, Number.MAX_SAFE_INTEGER)),
  } satisfies Table<MatchesOptions>,
};

/** The keys a scene may have; `satisfies` keeps the list in step with the type. */
export const sceneKeys = Object.keys({
  id: true,
  groupSize: true,
  matchmaking: true,
  waitroom: true,
  probing: true,
  serverRtt: true,
  matches: true,
  onMatch: true,
} satisfies Record<keyof SceneConfig, true>);

type Values<T> = { readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never };

/** The value of one option, its default where it was left out or is wrong; a wrong one is added to `problems`. */
export function readOption<T>(option: Option<T>, given: unknown, path: string, problems: ConfigProblem[]): T {
  if (given === undefined) return option.fallback;
  const parsed = v.safeParse(option.schema, given);
  if (parsed.success) return parsed.output;
  problems.push({ path, problem: `wanted ${option.wanted}, given ${shown(given)}.` });
  return option.fallback;
}

/** A group of options, complete. Mistakes are added to `problems`. */
export function readSection<T extends Readonly<Record<string, Option<unknown>>>>(
  table: T,
  given: unknown,
  path: string,
  problems: ConfigProblem[],
): Values<T> {
  const values = readObject(given ?? {}, Object.keys(table), path, problems);
  return Object.fromEntries(
    Object.entries(table).map(([key, option]) => [
      key,
      readOption(option, values[key], `${path}.${key}`, problems),
    ]),
  ) as Values<T>;
}

/** The object itself, empty where it is none; unknown keys are mistakes. */
export function readObject(
  given: unknown,
  keys: readonly string[],
  path: string,
  problems: ConfigProblem[],
): Readonly<Record<string, unknown>> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    problems.push({ path, problem: `wanted an object with ${keys.join(", ")}, given ${shown(given)}.` });
    return {};
  }
  for (const key of Object.keys(given)) {
    if (keys.includes(key)) continue;
    const meant = didYouMean(key, keys);
    const hint = meant === null ? `The options here are ${keys.join(", ")}.` : `Did you mean ${meant}?`;
    problems.push({ path: `${path}.${key}`, problem: `there is no such option. ${hint}` });
  }
  return given as Readonly<Record<string, unknown>>;
}
