export {
  type Engine,
  engines,
  type FoundBrowser,
  findBrowsers,
  type LaunchBrowserOptions,
  launchBrowser,
  launchPersonalBrowser,
  type PersonalBrowser,
} from "./browsers.js";
export { type CalibrateOptions, calibrate } from "./calibrate/calibrate.js";
export {
  type Cell,
  type Condition,
  cellsOf,
  conditions,
  type GridSelection,
  impossible,
  type Pair,
  pairs,
} from "./calibrate/grid.js";
export {
  type Lab,
  type LabProbe,
  type LabProbeOptions,
  openLab,
  type ProbeOutcome,
  type ServerUnderTest,
  type StartServer,
} from "./calibrate/lab.js";
export { type CalibrationRow, type CalibrationSample, rowOf, rowsOf } from "./calibrate/rows.js";
export {
  createSlowEndpoint,
  type HeldRequest,
  type SlowEndpoint,
  type SlowEndpointOptions,
} from "./endpoint/slowEndpoint.js";
export { hide, unhide } from "./hide.js";
export {
  isInNamespace,
  NAMESPACE_ADDRESS,
  type NamespaceRun,
  namespacePrefix,
  runInNamespace,
} from "./namespace.js";
export { findOnPath, MissingProgramError } from "./onPath.js";
export {
  createDelayRelay,
  type DelayRelay,
  type DelayRelayOptions,
  defaultRelayHost,
  type LinkTruth,
} from "./relay/delayRelay.js";
export type { HoldRecord, HoldSummary, PacketFilter } from "./relay/holdLog.js";
export type { Impairment } from "./relay/impairment.js";
export type { PacketKind } from "./relay/packet.js";
export { type RedisService, redisServers, startRedis } from "./services/redis.js";
export { answers, freePort, type Service, startService } from "./services/service.js";
export { answersBinding, startTurn, type TurnOptions, type TurnService } from "./services/turn.js";
