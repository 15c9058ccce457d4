export { fastProbeParameters } from "@probematch/shared";
export { ADMIN_NAMESPACE } from "./admin/adminMessages.js";
export { type ParticipantTokenOptions, signParticipantToken } from "./gateway/tokens.js";
export { DataFolderError } from "./journal/errors.js";
export { RedisStoreError } from "./journal/redis/connection.js";
export type { Edge } from "./latency/edge.js";
export { ListenError, type Listening, type ListenOptions } from "./listen.js";
export type { Apart, ApartReason, WaitsFor, WhyWaiting } from "./lobby/explain.js";
export type { MatchRecord } from "./lobby/matchRecord.js";
export type { Treatment } from "./lobby/treatments.js";
export type { Candidate } from "./matchmakers/candidate.js";
export { FifoMatchmaker } from "./matchmakers/fifo.js";
export { GroupReunionMatchmaker, type GroupReunionOptions } from "./matchmakers/groupReunion.js";
export { LatencyFifoMatchmaker } from "./matchmakers/latencyFifo.js";
export { LowestLatencyMatchmaker, type LowestLatencyOptions } from "./matchmakers/lowestLatency.js";
export { type GiveUp, type MatchContext, Matchmaker } from "./matchmakers/matchmaker.js";
export type { LimitStep, P2pLimit, RelaxingLimit } from "./matchmakers/p2pLimit.js";
export {
  alwaysSamePartner,
  composition,
  type DistanceStep,
  differentAttribute,
  distinctValues,
  type MemberCount,
  neverSamePartner,
  preferDifferent,
  preferLongWait,
  preferNear,
  preferSame,
  type RuleDescription,
  sameAttribute,
  sameRegion,
  within,
} from "./matchmakers/rules/descriptions.js";
export type {
  AttributeOptions,
  ConstraintOptions,
  Missing,
  Rule,
  RuleContext,
} from "./matchmakers/rules/rule.js";
export type {
  AuthOptions,
  HeartbeatOptions,
  JournalOptions,
  ProbematchOptions,
  RedisOptions,
} from "./options.js";
export type { SceneHandle } from "./runtime/sceneHandle.js";
export { ConfigError, type ConfigProblem } from "./scene/configError.js";
export type { OnMatch, RoomRequest } from "./scene/onMatch.js";
export { publicBeacons } from "./scene/publicBeacons.js";
export type { SceneInput } from "./scene/resolveScene.js";
export { type SceneBuilder, scene } from "./scene/scene.js";
export type {
  BeaconConfig,
  MatchesOptions,
  MatchmakerDescription,
  MatchmakingOptions,
  ProbingOptions,
  SceneConfig,
  ServerRttOptions,
  TreatmentsOptions,
  WaitroomOptions,
} from "./scene/sceneConfig.js";
export { createProbematch, type Probematch } from "./server.js";
