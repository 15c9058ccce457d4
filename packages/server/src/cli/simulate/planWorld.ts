import { basename, extname } from "node:path";
import { benchmarkWorld, type QualityOptions, QualityWorld } from "../../sim/qualityWorld.js";
import { type CliIo, UsageError } from "../io.js";
import { chooseStudy, type StudyDefaults } from "./chooseStudy.js";
import type { SimulateOptions, SimulationPlan } from "./plan.js";
import { readArrivals, readAttributes, readPlaces } from "./readInputs.js";

const PARTICIPANTS = 1000;

/** People of the shipped world, or at the nodes of a matrix. */
export async function planWorld(options: SimulateOptions, io: CliIo): Promise<SimulationPlan> {
  if (options.scene !== undefined && options.config === undefined)
    throw new UsageError("--scene needs --config: which file is the scene in?");
  const places = await readPlaces(options, io);
  const arrivals = options.arrivals === undefined ? null : await readArrivals(options.arrivals, io);
  const attributes = options.attributes === undefined ? null : await readAttributes(options.attributes, io);
  if (arrivals !== null && (options.participants ?? 0) > arrivals.length)
    throw new UsageError(`${options.arrivals} has ${arrivals.length} arrivals, fewer than --participants.`);
  const defaults: StudyDefaults = {
    matchmaker: "lowest-latency",
    groupSize: benchmarkWorld.groupSize,
    patienceMs: benchmarkWorld.patienceMs,
    limitMs: benchmarkWorld.maxP2pRttMs,
    beacons: benchmarkWorld.beacons,
    probeMs: options.probeMs,
    hasAttributes:
      attributes !== null || (arrivals?.some((one) => Object.keys(one.attributes).length > 0) ?? false),
  };
  const chosen = await chooseStudy(options, defaults, io);
  // Simulated people without a wait limit would wait for ever.
  const patienceMs = chosen.patienceMs ?? benchmarkWorld.patienceMs;
  const people: Omit<QualityOptions, "maxP2pRttMs"> = {
    ...benchmarkWorld,
    weights: places.weights,
    regions: places.regions,
    participants: options.participants ?? arrivals?.length ?? PARTICIPANTS,
    arrivalsPerSecond: options.arrivalsPerSecond ?? benchmarkWorld.arrivalsPerSecond,
    ...(arrivals === null ? {} : { arrivals }),
    ...(attributes === null ? {} : { attributes }),
    groupSize: chosen.groupSize,
    patienceMs,
    beacons: chosen.beacons,
    probeMs: options.probeMs,
    probeFailures: options.probeFailures,
    lastMileMs: options.lastMileMs,
    jitterMs: options.jitterMs,
    dropout: options.dropout,
  };
  return {
    matrix: basename(options.latency, extname(options.latency)),
    study: {
      ...chosen,
      configFor: (matchmaker) => chosen.configFor(matchmaker, { waitTimeoutMs: patienceMs }),
    },
    participants: people.participants,
    worldFor: (maxP2pRttMs) => new QualityWorld(places.matrix, { ...people, maxP2pRttMs }, options.seed),
    fit: null,
  };
}
