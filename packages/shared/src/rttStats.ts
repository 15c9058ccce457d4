import * as v from "valibot";

const nonNegativeMs = v.pipe(v.number(), v.finite(), v.minValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/**
 * Round-trip samples of one path, boiled down. All times in milliseconds.
 *
 * `minMs` shows the path, `medianMs` what participants feel: a busy page adds much to the median and little
 * to the minimum, so both are kept.
 */
export const rttStatsSchema = v.object({
  medianMs: nonNegativeMs,
  minMs: nonNegativeMs,
  /** 95th percentile, linear interpolation between closest ranks (Hyndman & Fan 1996, type 7). */
  p95Ms: nonNegativeMs,
  /** Mean absolute difference of consecutive samples (packet delay variation, RFC 3393); 0 for one sample. */
  jitterMs: nonNegativeMs,
  /** Answers received. */
  samples: v.pipe(count, v.minValue(1)),
  /** Pings sent and never answered. */
  lost: count,
});
export type RttStats = v.InferOutput<typeof rttStatsSchema>;

/** {@link RttStats} with the server's time of measurement (epoch ms). */
export const rttSummarySchema = v.object({ ...rttStatsSchema.entries, measuredAt: nonNegativeMs });
export type RttSummary = v.InferOutput<typeof rttSummarySchema>;

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
 * @returns `null` when nothing was answered
 */
export function summarizeRtts(samplesMs: readonly number[], lost: number): RttStats | null {
  const medianMs = quantile(samplesMs, 0.5);
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
