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
