import { type OptionCheck, optionalMs, requiredMs, shown } from "./options.js";

/**
 * A limit on measured RTTs that relaxes with a participant's own waiting: "80 ms, after a minute 120 ms, never above 150".
 *
 * @example
 * ```ts
 * new FifoMatchmaker({
 *   maxP2pRttMs: { startMs: 80, steps: [{ afterMs: 60_000, limitMs: 120 }], neverAboveMs: 150 },
 * });
 * ```
 */
export interface RelaxingLimit {
  /** For whoever just arrived, ms, inclusive. */
  readonly startMs: number;
  /** From `afterMs` of waiting on `limitMs` holds instead. Each step later and larger than the one before. */
  readonly steps: readonly LimitStep[];
  /**
   * The hard limit, ms: no step goes beyond it, nor does a matchmaker's own `limitFor`. Default: the last step's.
   */
  readonly neverAboveMs?: number;
}

export interface LimitStep {
  readonly afterMs: number;
  readonly limitMs: number;
}

/** The largest peer-to-peer RTT of a match: a number of ms, inclusive; one that relaxes; `null` = nothing is probed. */
export type P2pLimit = number | RelaxingLimit | null;

/** What nothing exceeds. */
export function hardLimitOf(limit: P2pLimit): number | null {
  if (limit === null || typeof limit === "number") return limit;
  return limit.neverAboveMs ?? limit.steps.at(-1)?.limitMs ?? limit.startMs;
}

/** What holds for somebody who has waited so long. */
export function limitAfter({ startMs, steps }: RelaxingLimit, waitedMs: number): number {
  return steps.findLast((step) => step.afterMs <= waitedMs)?.limitMs ?? startMs;
}

/** How long one waits until the next step; `null` after the last one. */
export function nextStepAfter({ steps }: RelaxingLimit, waitedMs: number): number | null {
  return steps.find((step) => step.afterMs > waitedMs)?.afterMs ?? null;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isAmount = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0;

/** A limit that has to be given. */
export const requiredLimit: OptionCheck = (name, value) =>
  isObject(value) ? problemOfRelaxing(name, value) : requiredMs(name, value);

/** A limit, or `null` or nothing for none. */
export const optionalLimit: OptionCheck = (name, value) =>
  isObject(value) ? problemOfRelaxing(name, value) : optionalMs(name, value);

/**
 * A limit for a constructor.
 *
 * @throws {TypeError} when it is none
 */
export function checkedP2pLimit(name: string, value: P2pLimit | undefined): P2pLimit {
  const problem = optionalLimit(name, value);
  if (problem !== null) throw new TypeError(problem);
  return value ?? null;
}

const keys: readonly string[] = ["startMs", "steps", "neverAboveMs"];

function problemOfRelaxing(name: string, given: Readonly<Record<string, unknown>>): string | null {
  const strange = Object.keys(given).find((key) => !keys.includes(key));
  if (strange !== undefined)
    return `${name} relaxes with ${keys.join(", ")}; there is no ${shown(strange)} in it.`;
  const { startMs, steps, neverAboveMs } = given;
  if (!isAmount(startMs))
    return `${name}.startMs has to be a number of milliseconds, 0 or more, but it is ${shown(startMs)}.`;
  if (!Array.isArray(steps) || steps.length === 0)
    return `${name}.steps has to be a list such as [{ "afterMs": 60000, "limitMs": 120 }], but it is ${Array.isArray(steps) ? "empty" : shown(steps)}.`;
  let before: LimitStep = { afterMs: 0, limitMs: startMs };
  for (const [i, step] of (steps as readonly unknown[]).entries()) {
    const { afterMs, limitMs } = (step ?? {}) as Readonly<Record<string, unknown>>;
    if (!isAmount(afterMs) || !isAmount(limitMs))
      return `${name}.steps[${i}] has to have afterMs and limitMs, both numbers of milliseconds, 0 or more.`;
    if (afterMs <= before.afterMs || limitMs <= before.limitMs)
      return `${name}.steps[${i}] (${limitMs} ms after ${afterMs} ms) has to be later and larger than what holds before it (${before.limitMs} ms after ${before.afterMs} ms): a limit only relaxes.`;
    before = { afterMs, limitMs };
  }
  if (neverAboveMs === undefined) return null;
  if (!isAmount(neverAboveMs))
    return `${name}.neverAboveMs has to be a number of milliseconds, 0 or more, but it is ${shown(neverAboveMs)}.`;
  return before.limitMs <= neverAboveMs
    ? null
    : `${name} relaxes to ${before.limitMs} ms, which is above its neverAboveMs (${neverAboveMs} ms).`;
}
