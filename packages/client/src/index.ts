export type {
  Attributes,
  BeaconRtts,
  JsonValue,
  Outcome,
  PairLatency,
  ProbeFailure,
  ProbeReport,
  RefusalCode,
  RttStats,
} from "@probematch/shared";
export { PROTOCOL_VERSION } from "@probematch/shared";
export { connect } from "./connect.js";
export type { Listenable } from "./emitter.js";
export type { Match, MatchEnd, MatchEvents, Treatment } from "./match/match.js";
export type {
  ChannelEvents,
  ChannelOptions,
  Peer,
  PeerChannel,
  PeerEvents,
  ReceivedData,
  SendableData,
  SendOptions,
} from "./match/peer.js";
export type { LinkState } from "./match/peerLink.js";
export { type ConnectOptions, ProbematchUsageError } from "./options.js";
export type {
  MatchResult,
  Participant,
  ParticipantEvents,
  ParticipantStatus,
  Problem,
  ReleaseReason,
  Waiting,
} from "./participant.js";
export type { ResumeStorage } from "./session/resumeStore.js";
export type { ConnectionState } from "./session/session.js";
