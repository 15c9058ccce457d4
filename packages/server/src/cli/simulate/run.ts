import { writeFile } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Matchmaker } from "../../matchmakers/matchmaker.js";
import { type ComparedMatchmaker, comparedMatchmaker } from "../../sim/qualityMatchmakers.js";
import { benchmarkWorld, type QualityOptions, QualityWorld } from "../../sim/qualityWorld.js";
import type { SimulatedWorld } from "../../sim/simulatedWorld.js";
import { Simulation, type SimulationRow } from "../../sim/simulation.js";
import { type CliIo, UsageError } from "../io.js";
import { drawRows } from "./chart.js";
import { type ChosenStudy, chooseStudy, type StudyChoice } from "./chooseStudy.js";
import { showProgress } from "./progress.js";
import { readArrivals, readAttributes, readPlaces } from "./readInputs.js";
import { describeRows } from "./table.js";

/** What was asked for; what is left out comes from the configuration, or has a default. */
export interface SimulateOptions extends Omit<StudyChoice, "hasAttributes"> {
  readonly latency: string;
  readonly labels?: string | undefined;
  readonly participants?: number | undefined;
  readonly arrivalsPerSecond: number;
  readonly arrivals?: string | undefined;
  readonly attributes?: string | undefined;
  readonly lastMileMs: number;
  readonly jitterMs: number;
  readonly probeFailures: number;
  readonly dropout: number;
  readonly seed: string;
  readonly plot?: string | undefined;
  readonly json?: true | undefined;
}

const baselines = ["fifo", "latency-fifo", "oracle"] as const satisfies readonly ComparedMatchmaker[];
const PARTICIPANTS = 1000;

/**
 * Simulates every limit with every matchmaker, and prints the figures.
 *
 * @returns false when it was stopped before the end; then nothing is printed
 * @throws {UsageError | ConfigError | SimulationStuckError}
 */
export async function runSimulation(options: SimulateOptions, io: CliIo): Promise<boolean> {
  const { people, study } = await readStudy(options, io);
  const rows = await simulateAll(
    study,
    (maxP2pRttMs) => {
      const { places, ...rest } = people;
      return new QualityWorld(places.matrix, { ...rest, maxP2pRttMs }, options.seed);
    },
    options.seed,
    io,
  );
  if (rows === null) return false;
  const matrix = basename(options.latency, extname(options.latency));
  if (options.plot !== undefined)
    await writeFile(resolve(io.cwd, options.plot), await drawRows(rows, study.name));
  io.out(
    options.json === true
      ? `${JSON.stringify({ rows: rows.map((row) => ({ matrix, ...row })) })}\n`
      : describeRows(rows, study.name),
  );
  return true;
}

async function readStudy(options: SimulateOptions, io: CliIo) {
  const places = await readPlaces(options.latency, options.labels, options.seed, io);
  const arrivals = options.arrivals === undefined ? null : await readArrivals(options.arrivals, io);
  const attributes = options.attributes === undefined ? null : await readAttributes(options.attributes, io);
  const hasAttributes =
    attributes !== null || (arrivals?.some((one) => Object.keys(one.attributes).length > 0) ?? false);
  const study = await chooseStudy({ ...options, hasAttributes }, io);
  if (arrivals !== null && (options.participants ?? 0) > arrivals.length)
    throw new UsageError(`${options.arrivals} has ${arrivals.length} arrivals, fewer than --participants.`);
  const people: Omit<QualityOptions, "maxP2pRttMs"> & { places: typeof places } = {
    ...benchmarkWorld,
    places,
    weights: places.weights,
    regions: places.regions,
    participants: options.participants ?? arrivals?.length ?? PARTICIPANTS,
    arrivalsPerSecond: options.arrivalsPerSecond,
    ...(arrivals === null ? {} : { arrivals }),
    ...(attributes === null ? {} : { attributes }),
    groupSize: study.groupSize,
    patienceMs: study.patienceMs,
    beacons: study.beacons,
    probeMs: options.probeMs,
    probeFailures: options.probeFailures,
    lastMileMs: options.lastMileMs,
    jitterMs: options.jitterMs,
    dropout: options.dropout,
  };
  return { people, study };
}

/** Moments of a study between two looks at whether somebody wants it stopped. */
const MOMENTS = 2_000;

/** `null` when it was stopped. The same people come to every matchmaker. */
async function simulateAll(
  study: ChosenStudy,
  worldFor: (maxP2pRttMs: number) => SimulatedWorld,
  seed: string,
  io: CliIo,
): Promise<SimulationRow[] | null> {
  const names = [study.name, ...baselines.filter((name) => name !== study.name)];
  const total = study.limitsMs.length * names.length;
  const rows: SimulationRow[] = [];
  const progress = showProgress(io);
  try {
    for (const maxP2pRttMs of study.limitsMs) {
      for (const name of names) {
        const world = worldFor(maxP2pRttMs);
        const matchmaker: Matchmaker =
          name === study.name
            ? study.matchmakerFor(maxP2pRttMs)
            : comparedMatchmaker(name as ComparedMatchmaker, world, { maxP2pRttMs });
        const simulation = new Simulation({ world, config: study.configFor(matchmaker), name, seed });
        while (!simulation.advance(MOMENTS)) {
          progress.update((rows.length + simulation.progress) / total, `${name}, ${maxP2pRttMs} ms`);
          await setImmediate();
          if (io.stop.aborted) return null;
        }
        rows.push(simulation.row());
      }
    }
    return rows;
  } finally {
    progress.close();
  }
}
