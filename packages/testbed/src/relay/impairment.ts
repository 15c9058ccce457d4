import { type Random, standardNormal } from "./random.js";

/** What happens to packets in one direction. All times are one way: an RTT pays both directions. */
export interface Impairment {
  /** Time a packet is held, in ms. Default 0. */
  readonly delayMs: number;
  /** Spread of the delay, in ms: half-width for `uniform`, standard deviation for `normal`. Default 0. */
  readonly jitterMs: number;
  /** Default `uniform`. */
  readonly jitterShape: "uniform" | "normal";
  /** Share of packets that vanish, 0…1. Default 0. */
  readonly lossRatio: number;
}

const noImpairment: Impairment = { delayMs: 0, jitterMs: 0, jitterShape: "uniform", lossRatio: 0 };

/**
 * Fills in defaults and refuses what makes no sense.
 *
 * @throws {RangeError} naming the field, when a time is negative or not finite or a ratio is outside 0…1
 */
export function completeImpairment(partial: Partial<Impairment>): Impairment {
  const impairment = { ...noImpairment, ...partial };
  for (const field of ["delayMs", "jitterMs"] as const) {
    const value = impairment[field];
    if (!Number.isFinite(value) || value < 0) {
      throw new RangeError(`${field} is ${value}: give a time in ms, 0 or more`);
    }
  }
  if (!(impairment.lossRatio >= 0 && impairment.lossRatio <= 1)) {
    throw new RangeError(`lossRatio is ${impairment.lossRatio}: give a share between 0 and 1`);
  }
  return impairment;
}

/** True when nothing is held and nothing is lost. */
export function isUnimpaired(impairment: Impairment): boolean {
  return impairment.delayMs === 0 && impairment.jitterMs === 0 && impairment.lossRatio === 0;
}

/**
 * Draws the fate of one packet that passes through several impairments in a row.
 *
 * @returns how long to hold it in ms (never negative), or `null` when it is lost
 */
export function drawHoldMs(path: readonly Impairment[], random: Random): number | null {
  let holdMs = 0;
  for (const { delayMs, jitterMs, jitterShape, lossRatio } of path) {
    if (lossRatio > 0 && random() < lossRatio) return null;
    holdMs += delayMs;
    if (jitterMs > 0) {
      holdMs += jitterMs * (jitterShape === "normal" ? standardNormal(random) : 2 * random() - 1);
    }
  }
  return Math.max(0, holdMs);
}
