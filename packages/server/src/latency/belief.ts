import type { Bounds } from "./landmarks.js";
import { logistic } from "./logistic.js";

/** What may come out of measuring a path: ln(rtt / ms) is logistic around a median. */
export interface Spread {
  /** Median, as a natural logarithm of ms. */
  readonly logRttMs: number;
  /** Scale of the logistic distribution of the logarithm; its standard deviation is 1.81 times as much. */
  readonly scale: number;
  /** Share of the belief that is about paths the landmarks are wrong about: {@link ODD_SCALE} times as wide. */
  readonly odd: number;
}

/** What is believed of a path's RTT before anybody measured it. */
export interface Belief extends Spread {
  /** What landmarks say of the two. */
  readonly bounds: Bounds;
  /** What the scene's own probes have left of the variance the landmarks' belief had, as a share; 1 = they taught nothing. */
  readonly varianceLeft: number;
  /** How far the scene's own probes have moved the belief, in the standard deviations landmarks gave it. */
  readonly moved: number;
  /** What was measured of paths that this may be. */
  readonly repeats: readonly Repeat[];
  /** The probability that it is none of these, and all the rest is what is believed. */
  readonly newShare: number;
}

/** A path that was measured before between two others at the same places. */
export interface Repeat {
  /** The probability that this is it. */
  readonly share: number;
  /** What it is then, with the two's own last miles, as a natural logarithm of ms. */
  readonly logRttMs: number;
}

export const noRepeats: readonly Repeat[] = [];

/** Some paths go another way than all others: routing, tunnels, a landmark's own detour. */
export const ODD_SHARE = 0.03;
export const ODD_SCALE = 4;

/** The probability of an RTT of at most `limitMs`. */
export function chanceOf({ logRttMs, scale, odd }: Spread, limitMs: number): number {
  const z = (Math.log(limitMs) - logRttMs) / scale;
  return (1 - odd) * logistic(z) + odd * logistic(z / ODD_SCALE);
}

/** The probability of an RTT of at most `limitMs`, where the path may be one that was measured before. */
export function chanceBelieved(belief: Belief, limitMs: number): number {
  const { repeats, newShare } = belief;
  if (repeats.length === 0) return chanceOf(belief, limitMs);
  let chance = newShare * chanceOf(belief, limitMs);
  for (const { share, logRttMs } of repeats)
    chance += share * logistic((Math.log(limitMs) - logRttMs) / REPEAT_SCALE);
  return chance;
}

/**
 * The RTT, ms, that a measurement stays within with this probability. That some paths are odd counts only where the path may be
 * one that was measured before.
 */
export function quantileBelieved(belief: Belief, share: number): number {
  const { logRttMs, scale, repeats } = belief;
  const logOdds = Math.log(share / (1 - share));
  const logMs = logRttMs + scale * logOdds;
  if (repeats.length === 0) return Math.exp(logMs);
  const each = [logMs, ...repeats.map((repeat) => repeat.logRttMs + REPEAT_SCALE * logOdds)];
  // Between the quantiles of what it may be.
  let [low, high] = [Math.min(...each), Math.max(...each)];
  for (let i = 0; i < HALVINGS; i += 1) {
    const middle = (low + high) / 2;
    if (chanceBelieved(belief, Math.exp(middle)) < share) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

/** After so many a quantile is exact to a ten-thousandth. */
const HALVINGS = 16;

/** Standard deviation of the standard logistic distribution, π / √3. */
export const LOGISTIC_SD = Math.PI / Math.sqrt(3);
/** 5 % of a logistic distribution lie beyond this many scales on either side. */
export const FIVE_PERCENT = Math.log(19);
/** Of the logarithm of a path's RTT, where it was measured for others at its ends: last miles are known to a millisecond or two. */
const REPEAT_SCALE = 0.025 / LOGISTIC_SD;

/** Without any landmark in common: half of the world's pairs are within 130 ms, most within 400. */
export const nothingKnown: Spread = { logRttMs: Math.log(130), scale: 0.4, odd: 0 };
