import type { Located } from "../latency/landmarks.js";
import { LatencyModel } from "../latency/latencyModel.js";
import { seededRandom } from "../lobby/random.js";
import { type LatencyMatrix, medianNodes } from "./latencyMatrix.js";
import { normal, type QualityOptions } from "./qualityWorld.js";

export interface PredictionQuality {
  /**
   * Probability that a pair within the limit gets a higher chance than one beyond it (area under the ROC curve, Hanley and
   * McNeil 1982); 0.5 = guessing.
   */
  readonly auc: number;
  /** Expected calibration error over ten bins of equal width (Naeini et al. 2015). */
  readonly calibrationError: number;
}

/**
 * How well the landmarks alone tell whether a pair is within the limit: beacons at k-median nodes of one half of the
 * matrix, all pairs of the other half, last miles and noise as in the world. Nothing is learned from probes here.
 */
export function predictionQuality(
  matrix: LatencyMatrix,
  options: Pick<QualityOptions, "beacons" | "maxP2pRttMs" | "lastMileMs" | "lastMileSigma" | "noise">,
  seed: string,
): PredictionQuality {
  const random = seededRandom(`${seed}/prediction`);
  const nodes = shuffled(
    matrix.rttMs.map((_, i) => i),
    random,
  );
  const beacons = medianNodes(matrix, options.beacons, { candidates: nodes.slice(0, nodes.length >> 1) });
  const people = nodes.slice(nodes.length >> 1).map((node) => {
    const lastMileMs = options.lastMileMs * Math.exp(options.lastMileSigma * normal(random));
    const to = (beacon: number) => (matrix.rttMs[node]?.[beacon] ?? 0) + lastMileMs;
    const noisy = (rttMs: number) => Math.max(0.1, rttMs * (1 + options.noise * normal(random)));
    const located: Located = {
      serverRtt: null,
      beaconRttMs: Object.fromEntries(beacons.map((beacon) => [`b${beacon}`, noisy(to(beacon))])),
    };
    return { node, lastMileMs, located };
  });
  const model = new LatencyModel();
  const pairs = people.flatMap((a, i) =>
    people.slice(i + 1).map((b) => ({
      chance: model.chance(a.located, b.located, options.maxP2pRttMs),
      within: (matrix.rttMs[a.node]?.[b.node] ?? 0) + a.lastMileMs + b.lastMileMs <= options.maxP2pRttMs,
    })),
  );
  return { auc: aucOf(pairs), calibrationError: calibrationErrorOf(pairs) };
}

interface Prediction {
  readonly chance: number;
  readonly within: boolean;
}

/** By ranks, ties counting half. `NaN` where all pairs are alike. */
export function aucOf(predictions: readonly Prediction[]): number {
  const sorted = [...predictions].sort((a, b) => a.chance - b.chance);
  const good = sorted.filter((p) => p.within).length;
  let rankSum = 0;
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (to < sorted.length && sorted[to]?.chance === sorted[from]?.chance) to += 1;
    const rank = (from + 1 + to) / 2;
    for (const p of sorted.slice(from, to)) if (p.within) rankSum += rank;
    from = to;
  }
  return (rankSum - (good * (good + 1)) / 2) / (good * (sorted.length - good));
}

export function calibrationErrorOf(predictions: readonly Prediction[], bins = 10): number {
  const excess = new Array<number>(bins).fill(0);
  for (const { chance, within } of predictions) {
    const bin = Math.min(bins - 1, Math.floor(chance * bins));
    excess[bin] = (excess[bin] ?? 0) + chance - (within ? 1 : 0);
  }
  return excess.reduce((sum, e) => sum + Math.abs(e), 0) / predictions.length;
}

/** Fisher and Yates. */
function shuffled(values: readonly number[], random: () => number): number[] {
  const result = [...values];
  for (let i = result.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j] ?? 0, result[i] ?? 0];
  }
  return result;
}
