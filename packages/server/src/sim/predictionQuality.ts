import type { Located } from "../latency/landmarks.js";
import { LatencyModel } from "../latency/latencyModel.js";
import { seededRandom } from "../lobby/random.js";
import { LowestLatencyMatchmaker } from "../matchmakers/lowestLatency.js";
import { type LatencyMatrix, medianNodes, submatrix } from "./latencyMatrix.js";
import { plainConfig } from "./qualityRun.js";
import { drawLastMileMs, type QualityOptions, QualityWorld, withNoise } from "./qualityWorld.js";
import { steadyRtt } from "./simulatedWorld.js";
import { StudyRun } from "./studyRun.js";

export interface PredictionQuality {
  /**
   * Probability that a pair within the limit gets a higher chance than one beyond it (area under the ROC curve, Hanley and
   * McNeil 1982); 0.5 = guessing.
   */
  readonly auc: number;
  /** Expected calibration error over ten bins of equal width (Naeini et al. 2015). */
  readonly calibrationError: number;
}

/** So many come to the study that is learned from: about a hundred and fifty pairs. */
const STUDY_PARTICIPANTS = 300;

/**
 * How well the landmarks alone tell whether a pair is within the limit: beacons at k-median nodes of one half of the
 * matrix, all pairs of the other half, last miles and noise as in the world. Nothing is learned from probes here.
 */
export function predictionQuality(
  matrix: LatencyMatrix,
  options: QualityOptions,
  seed: string,
): PredictionQuality {
  const { known, heldOut } = halves(matrix, seed);
  const beacons = medianNodes(matrix, options.beacons, { candidates: known });
  const landmarks = { beacons: new Map(beacons.map((node) => [`b${node}`, node])), server: null };
  return qualityOf(new LatencyModel(), strangers(matrix, heldOut, landmarks, options, seed), matrix, options);
}

/**
 * The same, with the server as one more landmark, after the scene has had one study of {@link STUDY_PARTICIPANTS} people at the nodes of
 * the first half: of people at nodes where nobody was, in a network that the scene's own probes have told something of.
 */
export function predictionAfterStudy(
  matrix: LatencyMatrix,
  options: QualityOptions,
  seed: string,
): PredictionQuality {
  const { known, heldOut } = halves(matrix, seed);
  const half = submatrix(matrix, known);
  const study = { ...options, participants: STUDY_PARTICIPANTS, groupSize: 2 };
  const matchmaker = new LowestLatencyMatchmaker({ maxP2pRttMs: options.maxP2pRttMs });
  const world = new QualityWorld(half, study, seed);
  const run = new StudyRun({ world, config: plainConfig(study, matchmaker), seed });
  run.advance();
  const landmarks = {
    // By the names that the study's world gave them.
    beacons: new Map(world.landmarks.beacons.map((at) => [`b${at}`, known[at] ?? 0])),
    server: known[world.landmarks.server] ?? 0,
  };
  return qualityOf(run.latency, strangers(matrix, heldOut, landmarks, options, seed), matrix, options);
}

interface Stranger {
  readonly node: number;
  readonly lastMileMs: number;
  readonly located: Located;
}

/** Nodes that something may be learned about, and nodes that everything is tried on. */
function halves(matrix: LatencyMatrix, seed: string) {
  const nodes = shuffled(
    matrix.rttMs.map((_, i) => i),
    seededRandom(`${seed}/halves`),
  );
  return { known: nodes.slice(0, nodes.length >> 1), heldOut: nodes.slice(nodes.length >> 1) };
}

/** One at each node. */
function strangers(
  matrix: LatencyMatrix,
  nodes: readonly number[],
  landmarks: { readonly beacons: ReadonlyMap<string, number>; readonly server: number | null },
  options: QualityOptions,
  seed: string,
): readonly Stranger[] {
  const random = seededRandom(`${seed}/prediction`);
  return nodes.map((node) => {
    const lastMileMs = drawLastMileMs(options, random);
    const to = (landmark: number) =>
      withNoise((matrix.rttMs[node]?.[landmark] ?? 0) + lastMileMs, options, random);
    const beaconRttMs = Object.fromEntries([...landmarks.beacons].map(([name, at]) => [name, to(at)]));
    const serverRtt =
      landmarks.server === null ? null : { ...steadyRtt(to(landmarks.server)), measuredAt: 0 };
    return { node, lastMileMs, located: { serverRtt, beaconRttMs } };
  });
}

/** Of what a model says of all pairs. */
function qualityOf(
  model: LatencyModel,
  people: readonly Stranger[],
  matrix: LatencyMatrix,
  { maxP2pRttMs }: QualityOptions,
): PredictionQuality {
  const pairs = people.flatMap((a, i) =>
    people.slice(i + 1).map((b) => ({
      chance: model.chance(a.located, b.located, maxP2pRttMs),
      within: (matrix.rttMs[a.node]?.[b.node] ?? 0) + a.lastMileMs + b.lastMileMs <= maxP2pRttMs,
    })),
  );
  return { auc: aucOf(pairs), calibrationError: calibrationErrorOf(pairs) };
}

/** What was said of a pair, and what is true of it. */
export interface Prediction {
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

/** Expected calibration error: how far the chances are off on average, by bins of equal width. */
export function calibrationErrorOf(predictions: readonly Prediction[], bins = 10): number {
  const excess = new Array<number>(bins).fill(0);
  for (const { chance, within } of predictions) {
    const bin = Math.min(bins - 1, Math.floor(chance * bins));
    excess[bin] = (excess[bin] ?? 0) + chance - (within ? 1 : 0);
  }
  return excess.reduce((sum, e) => sum + Math.abs(e), 0) / predictions.length;
}

/** Mean logarithmic loss, natural: 0 = always sure and right, 0.69 = "one in two" every time. No chance counts as surer than 1 in 100,000. */
export function logLossOf(predictions: readonly Prediction[]): number {
  const surest = 1e-5;
  const sum = predictions.reduce(
    (total, { chance, within }) =>
      total - Math.log(Math.min(1 - surest, Math.max(surest, within ? chance : 1 - chance))),
    0,
  );
  return sum / predictions.length;
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
