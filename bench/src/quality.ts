import { InvalidArgumentError } from "@commander-js/extra-typings";
import {
  benchmarkWorld,
  type ComparedMatchmaker,
  type LatencyMatrix,
  type PredictionRow,
  predictionRow,
  qualityRow,
} from "@probematch/server/core";
import { print } from "./figures.js";
import { madeFamilies, madeMatrix } from "./madeMatrices.js";
import { measuredMatrices } from "./measuredMatrices.js";
import { aimsRows, type Outcome } from "./qualityAims.js";

/** What the benchmark asks for: pairs within 100 ms, groups of four within 150 ms. */
const LIMITS_MS: Readonly<Record<number, number>> = { 2: 100, 4: 150 };
const BEACONS = [1, 3, 5];

interface Options {
  readonly latency?: string | undefined;
  readonly made?: number | undefined;
  readonly madeSeed: string;
  readonly matchmakers: readonly ComparedMatchmaker[];
  readonly groupSize?: number | undefined;
  readonly participants: number;
  readonly seeds: number;
  readonly json?: true | undefined;
}

interface NamedMatrix {
  readonly matrix: string;
  /** Matrices of one kind are counted together. */
  readonly kind: string;
  readonly latencies: LatencyMatrix;
}

/**
 * Runs simulated studies on every matrix of a folder, and on made ones, with the server's own core on a virtual clock. The
 * oracle is the same engine with the true RTTs as its estimate.
 */
export function benchQuality(options: Options): void {
  if (options.latency === undefined && options.made === undefined)
    throw new InvalidArgumentError("there is nothing to run on: give --latency DIR, --made, or both.");
  const seeds = Array.from({ length: options.seeds }, (_, i) => String(i + 1));
  const groupSizes = options.groupSize === undefined ? [2, 4] : [options.groupSize];
  const rows: object[] = [];
  const prediction: (PredictionRow & { readonly matrix: string })[] = [];
  const outcomes: Outcome[] = [];
  for (const { matrix, kind, latencies } of matricesOf(options)) {
    for (const groupSize of groupSizes) {
      const maxP2pRttMs = LIMITS_MS[groupSize] ?? 150;
      const world = { ...benchmarkWorld, participants: options.participants, groupSize, maxP2pRttMs };
      const results = options.matchmakers.map((matchmaker) => {
        const row = qualityRow(latencies, world, matchmaker, seeds);
        process.stderr.write(`${matrix}, groups of ${groupSize}: ${matchmaker}\n`);
        return row;
      });
      rows.push(...results.map((row) => ({ matrix, ...row })));
      const reached = results.find(({ matchmaker }) => matchmaker === "lowest-latency");
      const oracle = results.find(({ matchmaker }) => matchmaker === "oracle");
      if (reached !== undefined && oracle !== undefined) outcomes.push({ kind, reached, oracle });
    }
    for (const beacons of BEACONS) {
      prediction.push({ matrix, ...predictionRow(latencies, { ...benchmarkWorld, beacons }, seeds) });
    }
  }
  const aims = aimsRows(outcomes, benchmarkWorld.probeMs);
  const result = { rows, prediction, aims };
  for (const table of options.json === true ? [rows] : [rows, prediction.map(asCells), aims.map(flat)])
    print(result, options.json, () => table);
}

const asCells = ({ afterStudy, ...row }: PredictionRow & { readonly matrix: string }) => ({
  ...row,
  aucAfterStudy: afterStudy.auc,
  calibrationErrorAfterStudy: afterStudy.calibrationError,
});

const flat = ({ met, ...row }: ReturnType<typeof aimsRows>[number]) => ({
  ...row,
  metMatched: met.matched,
  metProbes: met.probes,
  metWait: met.wait,
});

function* matricesOf({ latency, made = 0, madeSeed }: Options): Generator<NamedMatrix> {
  for (const measured of latency === undefined ? [] : measuredMatrices(latency))
    yield { ...measured, kind: "measured" };
  for (const kind of madeFamilies) {
    for (let i = 1; i <= made; i += 1) {
      const seed = `${madeSeed}/${i}`;
      yield { matrix: `${kind} ${seed}`, kind, latencies: madeMatrix(kind, seed) };
    }
  }
}
