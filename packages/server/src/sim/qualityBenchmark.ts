import type { LatencyMatrix } from "./latencyMatrix.js";
import { type PredictionQuality, predictionAfterStudy, predictionQuality } from "./predictionQuality.js";
import { type ComparedMatchmaker, comparedMatchmaker } from "./qualityMatchmakers.js";
import { qualityRun } from "./qualityRun.js";
import { type QualityOptions, QualityWorld } from "./qualityWorld.js";

/** One matchmaker in one world; means over the seeds. */
export interface QualityRow {
  readonly groupSize: number;
  readonly matchmaker: ComparedMatchmaker;
  readonly matchedShare: number;
  readonly probesPerMatch: number;
  readonly waitMs: { readonly p50: number | null; readonly p95: number | null };
}

/** Runs one matchmaker in the worlds of several seeds: the same people for every matchmaker of the comparison. */
export function qualityRow(
  matrix: LatencyMatrix,
  options: QualityOptions,
  matchmaker: ComparedMatchmaker,
  seeds: readonly string[],
): QualityRow {
  const results = seeds.map((seed) => {
    const world = new QualityWorld(matrix, options, seed);
    return qualityRun(world, options, comparedMatchmaker(matchmaker, world, options), seed);
  });
  return {
    groupSize: options.groupSize,
    matchmaker,
    matchedShare: mean(results.map((r) => r.matchedShare)),
    probesPerMatch: mean(results.map((r) => r.probesPerMatch)),
    waitMs: {
      p50: meanOfKnown(results.map((r) => r.waitMs.p50)),
      p95: meanOfKnown(results.map((r) => r.waitMs.p95)),
    },
  };
}

/** How well pairs are predicted that nobody probed, at nodes that nobody was at. */
export interface PredictionRow extends PredictionQuality {
  readonly beacons: number;
  /** After one small study in the same network; the row itself is from landmarks alone. */
  readonly afterStudy: PredictionQuality;
}

/** The prediction with so many beacons; means over the seeds. */
export function predictionRow(
  matrix: LatencyMatrix,
  options: QualityOptions,
  seeds: readonly string[],
): PredictionRow {
  const means = (results: readonly PredictionQuality[]): PredictionQuality => ({
    auc: mean(results.map((r) => r.auc)),
    calibrationError: mean(results.map((r) => r.calibrationError)),
  });
  return {
    beacons: options.beacons,
    ...means(seeds.map((seed) => predictionQuality(matrix, options, seed))),
    afterStudy: means(seeds.map((seed) => predictionAfterStudy(matrix, options, seed))),
  };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function meanOfKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : mean(known);
}
