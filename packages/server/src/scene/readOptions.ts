import * as v from "valibot";
import { didYouMean } from "../matchmakers/didYouMean.js";
import { shown } from "../matchmakers/options.js";
import type { ConfigProblem } from "./configError.js";

/** One option: what it may be, in code and in words, and what it is when left out. */
export interface Option<T> {
  readonly schema: v.GenericSchema<unknown, T>;
  readonly wanted: string;
  readonly fallback: T;
}

/** The longest time a Node timer can wait; a longer one is most likely given in another unit. */
const MAX_MS = 2 ** 31 - 1;

const finite = v.pipe(v.number(), v.finite());

/** Milliseconds. */
export const ms = (fallback: number, least = 0): Option<number> => ({
  schema: v.pipe(finite, v.minValue(least), v.maxValue(MAX_MS)),
  wanted: `a number of milliseconds from ${least} to ${MAX_MS}`,
  fallback,
});

/** A whole number. */
export const whole = (fallback: number, least: number, most: number): Option<number> => ({
  schema: v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most)),
  wanted: `a whole number ${most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`}`,
  fallback,
});

export const yesOrNo = (fallback: boolean): Option<boolean> => ({
  schema: v.boolean(),
  wanted: "true or false",
  fallback,
});

/** `null` for no limit. */
export const orNull = <T>(option: Option<T>, fallback: T | null = null): Option<T | null> => ({
  schema: v.nullable(option.schema),
  wanted: `${option.wanted}, or null for no limit`,
  fallback,
});

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
