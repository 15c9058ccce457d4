import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { InvalidArgumentError } from "@commander-js/extra-typings";
import {
  benchmarkWorld,
  comparedMatchmakers,
  parseLatencyMatrix,
  predictionRow,
  qualityRow,
} from "@probematch/server/core";
import { print } from "./figures.js";

/** What the benchmark asks for: pairs within 100 ms, groups of four within 150 ms. */
const LIMITS_MS: Readonly<Record<number, number>> = { 2: 100, 4: 150 };
const BEACONS = [1, 3, 5];

interface Options {
  readonly latency: string;
  readonly groupSize?: number | undefined;
  readonly participants: number;
  readonly seeds: number;
  readonly json?: true | undefined;
}

/**
 * Runs simulated studies on every matrix of a folder, with the server's own core on a virtual clock. The oracle is the
 * same engine with the true RTTs as its estimate.
 */
export function benchQuality(options: Options): void {
  const seeds = Array.from({ length: options.seeds }, (_, i) => String(i + 1));
  const groupSizes = options.groupSize === undefined ? [2, 4] : [options.groupSize];
  const files = matricesIn(options.latency);
  const rows: object[] = [];
  const prediction: object[] = [];
  for (const file of files) {
    const matrix = basename(file, ".csv");
    const latencies = readMatrix(join(options.latency, file));
    if (latencies === null) continue;
    for (const groupSize of groupSizes) {
      const maxP2pRttMs = LIMITS_MS[groupSize] ?? 150;
      const world = { ...benchmarkWorld, participants: options.participants, groupSize, maxP2pRttMs };
      for (const matchmaker of comparedMatchmakers) {
        const row = qualityRow(latencies, world, matchmaker, seeds);
        rows.push({ matrix, ...row });
        process.stderr.write(`${matrix}, groups of ${groupSize}: ${matchmaker}\n`);
      }
    }
    for (const beacons of BEACONS) {
      prediction.push({ matrix, ...predictionRow(latencies, { ...benchmarkWorld, beacons }, seeds) });
    }
  }
  if (rows.length === 0) throw new InvalidArgumentError(`${options.latency} has no matrix in a *.csv file.`);
  print({ rows, prediction }, options.json, () => [...rows, ...prediction]);
}

function matricesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".csv"))
      .sort();
  } catch (error) {
    throw new InvalidArgumentError(`--latency: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `null` for a file that is no matrix, such as a list of places beside one. */
function readMatrix(file: string) {
  try {
    return parseLatencyMatrix(readFileSync(file, "utf8"));
  } catch (error) {
    process.stderr.write(`${file} is left out: ${error instanceof Error ? error.message : String(error)}\n`);
    return null;
  }
}
