import type { RttStats } from "./rttStats.js";

/**
 * Quantile of a list of numbers by linear interpolation (Hyndman & Fan 1996, type 7; the default of R and NumPy).
 *
 * @param values any order, not changed
 * @param q between 0 and 1
 * @returns `null` for an empty list: the percentile of nothing is not zero
 */
export function quantile(values: readonly number[], q: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * Math.min(1, Math.max(0, q));
  const low = sorted[Math.floor(position)];
  const high = sorted[Math.ceil(position)];
  if (low === undefined || high === undefined) return null;
  return low + (high - low) * (position - Math.floor(position));
}

/** Median of a list of numbers; `null` for an empty list. */
export const median = (values: readonly number[]): number | null => quantile(values, 0.5);

/**
 * Median of differences of two readings of a clock that moves in steps.
 *
 * A reading is late by anything up to a step, so a difference of two is off by up to a step either way, with a triangular
 * distribution. Every value stands for that triangle here, and the median is that of their mixture: what for steps
 * of 1 ms (Firefox) would be one of two neighbouring numbers becomes the place between them. Without steps, or with steps far
 * finer than the values' spread, it is the plain median. It lies between the smallest and the largest value.
 *
 * @param stepMs the clock's step; 0 = a clock without steps
 * @returns `null` for an empty list
 */
export function medianOfClockDifferences(values: readonly number[], stepMs: number): number | null {
  const plain = median(values);
  if (plain === null || stepMs <= 0) return plain;
  let low = quantile(values, 0) ?? plain;
  let high = quantile(values, 1) ?? plain;
  // Bisection: the share below grows with the place. 40 halvings are finer than any clock.
  for (let i = 0; i < 40; i += 1) {
    const middle = (low + high) / 2;
    const below = values.reduce((sum, value) => sum + shareBelow((middle - value) / stepMs), 0);
    if (below < values.length / 2) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Two-sided 95 % quantile of the standard normal distribution. */
const Z95 = 1.96;

/**
 * Standard error of {@link medianOfClockDifferences}, from the same values: the width of the distribution-free 95 % interval of a
 * median, over what it would be in standard errors (McKean and Schrader 1984). A few very late values do not widen it, as they
 * do not move the median. No median is surer than the clock lets it be: half a step over the root of the number of values (a
 * difference of two readings has a standard deviation of step/√6, and a median is 1.25 times less sure than a mean).
 *
 * @returns `null` for fewer than three values, which say nothing of their spread
 */
export function medianStandardError(values: readonly number[], stepMs: number): number | null {
  const n = values.length;
  if (n < 3) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.round((n + 1) / 2 - (Z95 * Math.sqrt(n)) / 2));
  const width = (sorted[n - rank] ?? 0) - (sorted[rank - 1] ?? 0);
  return Math.max(width / (2 * Z95), stepMs / 2 / Math.sqrt(n));
}

/** Distribution function of the triangle on -1…1. */
function shareBelow(place: number): number {
  if (place <= -1) return 0;
  if (place >= 1) return 1;
  return place < 0 ? (1 + place) ** 2 / 2 : 1 - (1 - place) ** 2 / 2;
}

/** Mean absolute difference of consecutive values, in the order given; 0 for fewer than two. */
export function meanConsecutiveDifference(values: readonly number[]): number {
  if (values.length < 2) return 0;
  let sum = 0;
  for (let i = 1; i < values.length; i += 1) {
    sum += Math.abs((values[i] ?? 0) - (values[i - 1] ?? 0));
  }
  return sum / (values.length - 1);
}

/**
 * Boils samples down to {@link RttStats}.
 *
 * @param samplesMs answered pings in the order they were sent, warm-up already discarded
 * @param lost pings without an answer
 * @param clockStepMs step of the clock they were timed with; see {@link medianOfClockDifferences}. Default: 0
 * @returns `null` when nothing was answered
 */
export function summarizeRtts(samplesMs: readonly number[], lost: number, clockStepMs = 0): RttStats | null {
  const medianMs = medianOfClockDifferences(samplesMs, clockStepMs);
  const minMs = quantile(samplesMs, 0);
  const p95Ms = quantile(samplesMs, 0.95);
  if (medianMs === null || minMs === null || p95Ms === null) return null;
  return {
    medianMs,
    minMs,
    p95Ms,
    jitterMs: meanConsecutiveDifference(samplesMs),
    samples: samplesMs.length,
    lost,
  };
}
