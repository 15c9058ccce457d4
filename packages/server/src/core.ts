/**
 * The decision core without a server: for simulations, replays and benchmarks. What is exported here is less settled
 * than the package's main entry.
 *
 * @packageDocumentation
 */
export { chanceOf, ODD_SCALE, ODD_SHARE } from "./latency/belief.js";
export { type Bounds, boundsBetween } from "./latency/landmarks.js";
export {
  beliefFrom,
  type Coefficients,
  coefficients as priorCoefficients,
  describeBounds,
  LOCATION_SIZE,
  SCALE_SIZE,
  SMALLEST_SCALE,
} from "./latency/prior.js";
export * as commands from "./lobby/commands.js";
export type { LobbyConfig } from "./lobby/config.js";
export type { Effect } from "./lobby/effects.js";
export { type LobbyEvent, parseStoredEvent, type StoredEvent } from "./lobby/events.js";
export { seededRandom } from "./lobby/random.js";
export { snapshotOf } from "./lobby/snapshot.js";
export { VirtualScene } from "./lobby/virtualScene.js";
export { type ChaosResult, chaosRun } from "./sim/chaosRun.js";
export { clusterRun } from "./sim/clusterRun.js";
export { violationKinds } from "./sim/invariants.js";
export { type LatencyMatrix, medianNodes, parseLatencyMatrix, submatrix } from "./sim/latencyMatrix.js";
export { plantedBugs } from "./sim/plantedBugs.js";
export { aucOf, calibrationErrorOf, logLossOf, type Prediction } from "./sim/predictionQuality.js";
export { type PredictionRow, predictionRow, type QualityRow, qualityRow } from "./sim/qualityBenchmark.js";
export { type ComparedMatchmaker, comparedMatchmakers } from "./sim/qualityMatchmakers.js";
export {
  benchmarkWorld,
  drawLastMileMs,
  normal,
  type QualityOptions,
  withNoise,
} from "./sim/qualityWorld.js";
export { worldPlaces } from "./sim/worldLatency.js";
