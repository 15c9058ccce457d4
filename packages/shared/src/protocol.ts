import * as v from "valibot";
import { reportableFailureSchema } from "./failures.js";
import { beaconIdSchema, participantIdSchema, sceneIdSchema, serverIdSchema } from "./ids.js";
import { attributesSchema, jsonValueSchema } from "./json.js";
import { outcomeSchema } from "./outcomes.js";
import { refusalCodeSchema } from "./refusals.js";
import { rttStatsSchema } from "./rttStats.js";

/**
 * Version of the messages in this file. Client and server must have the same one: a page that was cached
 * before an upgrade is told `protocol_version` and can reload, instead of failing in the middle of a match.
 */
export const PROTOCOL_VERSION = 1;

/** The socket.io path, apart from an application's own socket.io. */
export const SOCKET_PATH = "/probematch/socket.io/";

/** The largest message either side accepts, in bytes. An SDP with many candidates is about 4 KB. */
export const MAX_MESSAGE_BYTES = 64 * 1024;

const ms = v.pipe(v.number(), v.finite(), v.minValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const shortText = v.pipe(v.string(), v.maxLength(500));

/** How one probe is done; chosen by the scene, told to both browsers. */
export const probeParametersSchema = v.object({
  /** Counted pings per side, at most. Default: 5. */
  pings: v.pipe(count, v.minValue(1), v.maxValue(64)),
  /**
   * A side stops after this many counted answers as soon as it is certain on which side of the limit the path is. Absent, or
   * no fewer than `pings`: it never stops early. Default: absent.
   */
  minPings: v.optional(v.pipe(count, v.minValue(1), v.maxValue(64))),
  /** Time between two pings' departures. Default: 100. */
  spacingMs: ms,
  /** A ping without an answer for this long is lost. Default: 2000. */
  pingTimeoutMs: v.pipe(ms, v.minValue(1)),
  /** Pings sent first and not counted: they pay for paths and threads warming up. Default: 1. */
  warmupPings: v.pipe(count, v.maxValue(16)),
});
export type ProbeParameters = v.InferOutput<typeof probeParametersSchema>;

/** What this project's forerunners measured with, so that figures can be compared. */
export const defaultProbeParameters: ProbeParameters = {
  pings: 5,
  spacingMs: 100,
  pingTimeoutMs: 2000,
  warmupPings: 1,
};

/**
 * Many pings in quick succession: an answer about 0.4 s sooner and closer to the path, because threads and processors that
 * slept between pings answer 0.5 to 1 ms late. In exchange one hiccup of a busy page can spoil a whole probe, which is
 * then repeated. Stops at eight where they are certain about the limit. Figures are in docs/accuracy.md.
 */
export const fastProbeParameters = {
  pings: 20,
  minPings: 8,
  spacingMs: 5,
  pingTimeoutMs: 2000,
  warmupPings: 2,
} as const satisfies ProbeParameters;

/** How a page measures its RTT to the server. */
export const serverRttParametersSchema = v.object({
  /** Time between echoes once the first burst is done. */
  intervalMs: v.pipe(ms, v.minValue(100)),
  /** Echoes sent in quick succession right after connecting, so that a first summary exists early. */
  burst: v.pipe(count, v.minValue(1), v.maxValue(32)),
  /** An echo unanswered for this long is lost. */
  timeoutMs: v.pipe(ms, v.minValue(1)),
});
export type ServerRttParameters = v.InferOutput<typeof serverRttParametersSchema>;

const seq = v.pipe(count, v.maxValue(0xffff_ffff));

/** A scene has at most this many beacons. */
export const MAX_BEACONS = 16;

/** An endpoint whose RTT pages measure: pages that are near the same ones are likely near each other. */
export const beaconSchema = v.object({
  id: beaconIdSchema,
  /** `https:`, or `http:` where the study's page is not on HTTPS itself. */
  url: v.pipe(v.string(), v.maxLength(500)),
});
export type Beacon = v.InferOutput<typeof beaconSchema>;

/** RTTs in ms by beacon id; a beacon that could not be reached is left out. */
export type BeaconRtts = Readonly<Record<string, number>>;

/** The kind of network path a probe took, as in RTCIceCandidate types: the less direct end names it. */
export const pathKinds = ["host", "srflx", "prflx", "relay"] as const;
export const pathKindSchema = v.picklist(pathKinds);
export type PathKind = v.InferOutput<typeof pathKindSchema>;

/** The thread of a page that sent, stamped and answered the pings: its worker, which a busy page does not hold up, or the page's own. */
export const measuringThreadSchema = v.picklist(["worker", "page"]);
export type MeasuringThread = v.InferOutput<typeof measuringThreadSchema>;

/** One side's account of one probe. */
export const probeReportSchema = v.variant("status", [
  v.object({
    status: v.literal("measured"),
    rtt: rttStatsSchema,
    /** The counted samples in ms, in sending order: telemetry, no decision reads them. */
    samplesMs: v.pipe(v.array(ms), v.maxLength(64)),
    path: v.nullable(pathKindSchema),
    /** `udp` or `tcp`; for a relayed path the protocol towards the relay. */
    protocol: v.nullable(v.picklist(["udp", "tcp", "tls"])),
    addressFamily: v.nullable(v.picklist(["ipv4", "ipv6"])),
    /** The smallest step of this browser's clock, in ms. */
    clockStepMs: ms,
    /** getStats' currentRoundTripTime in ms: a cross-check only, coarse and possibly seconds old. */
    statsRttMs: v.nullable(ms),
    /**
     * Median RTT of the page to itself during the measurement, in ms: what its browser adds to every RTT. `null` or absent =
     * not known.
     */
    floorMs: v.optional(v.nullable(ms)),
    /** Standard error of `floorMs`, in ms. Absent or `null` = not known. */
    floorErrorMs: v.optional(v.nullable(ms)),
    /** Standard error of the samples' median, in ms; see `medianStandardError`. Absent or `null` = not known. */
    medianErrorMs: v.optional(v.nullable(ms)),
    /** The longest time the measuring thread's event loop stood still during the measurement, in ms. */
    stalledMs: ms,
    /** Where it was measured. Absent = in the page, by an older client. */
    measuredIn: v.optional(measuringThreadSchema),
    /** From the order to get ready until the channel was open, in ms. */
    setupMs: ms,
  }),
  v.object({
    status: v.literal("failed"),
    reason: reportableFailureSchema,
    detail: v.nullable(shortText),
  }),
]);
export type ProbeReport = v.InferOutput<typeof probeReportSchema>;

/** A WebRTC signal: a session description or one trickled candidate. */
export const signalSchema = v.union([
  v.object({
    type: v.picklist(["offer", "answer"]),
    sdp: v.pipe(v.string(), v.maxLength(32 * 1024)),
  }),
  v.object({
    type: v.literal("candidate"),
    candidate: v.object({
      candidate: v.pipe(v.string(), v.maxLength(1024)),
      sdpMLineIndex: v.optional(v.nullable(count)),
      sdpMid: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(64)))),
      usernameFragment: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(256)))),
    }),
  }),
]);
export type Signal = v.InferOutput<typeof signalSchema>;

/** What a page sends when it connects (socket.io's `auth`). */
export const handshakeSchema = v.object({
  protocol: count,
  scene: sceneIdSchema,
  /** A token the study signed. Needed unless the server runs in open mode. */
  token: v.optional(v.pipe(v.string(), v.maxLength(8192))),
  /** The study's name for the participant; only believed in open mode or when the token names the same one. */
  participantId: v.optional(participantIdSchema),
  /** Returned by an earlier `welcome`: proves that this page is the same participant. */
  resumeToken: v.optional(v.pipe(v.string(), v.maxLength(8192))),
  attributes: v.optional(attributesSchema),
  /** False where the browser has no WebRTC or refused it. */
  webrtc: v.boolean(),
  /** The page was loaded anew (true) or its connection came back (false): links survive only the latter. */
  fresh: v.boolean(),
});
export type Handshake = v.InferOutput<typeof handshakeSchema>;

/** What a refused connection's error carries (socket.io's `connect_error`, `data`). */
export const refusalSchema = v.object({
  code: refusalCodeSchema,
  message: shortText,
});
export type Refusal = v.InferOutput<typeof refusalSchema>;

/** STUN and TURN servers, as `RTCPeerConnection` takes them. */
const iceServersSchema = v.array(
  v.object({
    urls: v.union([v.string(), v.array(v.string())]),
    username: v.optional(v.string()),
    credential: v.optional(v.string()),
  }),
);

/** The measurement that decided about a pair: both sides' accounts in one. */
export const pairLatencySchema = v.object({
  /** The number that was compared with the limit. */
  rttMs: ms,
  /** Where the path's true median RTT lies, with 95 % confidence. */
  interval95Ms: v.tuple([ms, ms]),
  minMs: ms,
  p95Ms: ms,
  jitterMs: ms,
  samples: count,
  lost: count,
  path: v.nullable(pathKindSchema),
  protocol: v.nullable(shortText),
  addressFamily: v.nullable(shortText),
  /** The coarser of the two browsers' clock steps. */
  clockStepMs: ms,
});
export type PairLatency = v.InferOutput<typeof pairLatencySchema>;

/**
 * Which connection of a link a signal belongs to: absent for the one that was measured, otherwise the number of the
 * `linkRepair` that asked for a new one. Larger is newer.
 */
const round = v.optional(count);

const peerSchema = v.object({
  /** Index in the match, the same for every member. */
  seat: count,
  /** The name other members see: made for this match, unrelated to the participant id. */
  alias: shortText,
  /** The probe whose open connection belongs to this peer; `null` where the scene measured nothing. */
  probeId: v.nullable(serverIdSchema),
  /** The measured RTT that decided, `null` where the scene measured nothing. */
  rttMs: v.nullable(ms),
  /** The measurement behind `rttMs`; absent where the scene measured nothing. */
  latency: v.optional(pairLatencySchema),
  /** False while this peer's signaling connection is down. */
  connected: v.boolean(),
});
export type PeerInfo = v.InferOutput<typeof peerSchema>;

/** Page → server, by event name. */
export const clientMessages = {
  /** An RTT ping; answered with `echoed` and the same number. */
  echo: v.object({ seq }),
  /** The answer to the server's own `serverEcho`. */
  serverEchoed: v.object({ seq }),
  /** What the page measured so far. */
  rttReport: v.object({ rtt: rttStatsSchema }),
  /** RTTs to the scene's beacons, by beacon id; a beacon that could not be reached is left out. */
  beaconReport: v.object({
    beaconRttMs: v.pipe(
      v.record(v.pipe(v.string(), v.maxLength(64)), v.pipe(ms, v.maxValue(60_000))),
      v.check((r) => Object.keys(r).length <= 64),
    ),
  }),
  probeReady: v.object({ probeId: serverIdSchema }),
  probeSignal: v.object({ probeId: serverIdSchema, signal: signalSchema, round }),
  probeReport: v.object({ probeId: serverIdSchema, report: probeReportSchema }),
  /** The answer to `confirm`: this page is alive and its links are open. */
  confirmed: v.object({ proposalId: serverIdSchema }),
  /** After the match: one link's quality, for the log. Never read by a decision. */
  linkReport: v.object({
    matchId: serverIdSchema,
    links: v.pipe(
      v.array(v.object({ probeId: serverIdSchema, rttMs: v.nullable(ms), lost: count })),
      v.maxLength(8),
    ),
  }),
  /**
   * After the match: a link is broken. With `fresh` its connection is gone on this side (the page was loaded anew, say) and
   * both need a new one, otherwise ICE is to look for a path again. Answered with `linkRepair` to both ends.
   */
  linkRepair: v.object({ probeId: serverIdSchema, fresh: v.boolean() }),
  /** The page is done with its match. */
  matchDone: v.object({ matchId: serverIdSchema }),
  /** Leave the scene for good. */
  leave: v.object({}),
} as const;

/** Server → page, by event name. */
export const serverMessages = {
  /** First message after a successful connection. */
  welcome: v.object({
    protocol: count,
    scene: sceneIdSchema,
    participantId: participantIdSchema,
    resumeToken: v.string(),
    groupSize: count,
    /** True when this participant was already known and keeps the place it had. */
    resumed: v.boolean(),
    serverRtt: serverRttParametersSchema,
    /** The scene measures pairs before it matches them: the page may get ready for that. Default: `false`. */
    measures: v.optional(v.boolean()),
    /** Left out where the scene has none. */
    beacons: v.optional(v.pipe(v.array(beaconSchema), v.maxLength(64))),
  }),
  echoed: v.object({ seq }),
  serverEcho: v.object({ seq }),
  /** The participant waits (also while held by a proposal that has not started probing). */
  waiting: v.object({
    /** 1 = next in line; `null` when the scene hides it. */
    position: v.nullable(count),
    /** Participants waiting now, this one included; `null` when the scene hides it. */
    lobbyCount: v.nullable(count),
    groupSize: count,
    /** From observed rates; `null` = unknown. */
    estimatedWaitMs: v.nullable(ms),
    waitedMs: ms,
    /** Time until the wait limit; `null` = no limit. */
    remainingMs: v.nullable(ms),
  }),
  /** A group was proposed and its links are being measured. */
  probing: v.object({ proposalId: serverIdSchema, members: count }),
  /** Get ready to measure the path to one other member. Answer with `probeReady`. */
  probePrepare: v.object({
    probeId: serverIdSchema,
    proposalId: serverIdSchema,
    /** The one that makes the offer. */
    initiator: v.boolean(),
    iceServers: iceServersSchema,
    /** True: use TURN only, no address of this browser may reach a peer. */
    relayOnly: v.boolean(),
    parameters: probeParametersSchema,
    /** The largest RTT that is accepted; `null` or absent = there is none to be certain about. */
    limitMs: v.optional(v.nullable(ms)),
    /** The server gives up after this long; counted from the message's arrival. */
    remainingMs: ms,
    /** The probe of the same pair that failed and is done again with this one: its link is closed. */
    repeats: v.optional(serverIdSchema),
  }),
  /** Both sides are ready: connect and measure. */
  probeStart: v.object({ probeId: serverIdSchema }),
  probeSignal: v.object({ probeId: serverIdSchema, signal: signalSchema, round }),
  /** All links are good: say that you are alive. Answer with `confirmed`. */
  confirm: v.object({ proposalId: serverIdSchema, remainingMs: ms }),
  /** The proposal came to nothing; close its links. The participant waits on, in the place it had. */
  released: v.object({
    proposalId: serverIdSchema,
    reason: v.picklist(["too_slow", "probe_failed", "member_gone", "not_confirmed", "room_failed", "server"]),
  }),
  matched: v.object({
    matchId: serverIdSchema,
    seat: count,
    groupSize: count,
    /** The other members, by seat. */
    peers: v.array(peerSchema),
    /** What the study's `onMatch` hook returned for everybody. */
    room: jsonValueSchema,
    /**
     * Which arm of the study the group was given, and the order of the arms where it goes through several; absent
     * where the scene has none.
     */
    treatment: v.optional(v.object({ arm: shortText, order: v.pipe(v.array(shortText), v.maxLength(64)) })),
    /** True when this match was made before this connection: the page reloaded or reconnected. */
    resumed: v.boolean(),
  }),
  /** After the match: a member's signaling connection was lost or came back. */
  peerStatus: v.object({ matchId: serverIdSchema, seat: count, connected: v.boolean() }),
  /**
   * After the match: one end asked for its link to be repaired. With `fresh` both drop what they have of it and the initiator
   * makes an offer on a new connection; otherwise it makes one that restarts ICE on the connection there is.
   */
  linkRepair: v.object({
    probeId: serverIdSchema,
    fresh: v.boolean(),
    /** Names the new connection in its signals. Of two repairs the one with the larger number counts. */
    round: count,
    initiator: v.boolean(),
    /** With new credentials: those of the probe may have expired. */
    iceServers: iceServersSchema,
    relayOnly: v.boolean(),
  }),
  /** The participation is over. */
  ended: v.object({ outcome: outcomeSchema }),
  /** The last message was not accepted; nothing changed. */
  refused: v.object({ code: refusalCodeSchema, message: shortText, event: v.nullable(shortText) }),
  /** Another page took this participant's place (newest wins). */
  replaced: v.object({}),
} as const;

export type ClientMessages = {
  [K in keyof typeof clientMessages]: v.InferOutput<(typeof clientMessages)[K]>;
};
export type ServerMessages = {
  [K in keyof typeof serverMessages]: v.InferOutput<(typeof serverMessages)[K]>;
};
/** socket.io's event maps. */
export type ClientToServerEvents = { [K in keyof ClientMessages]: (message: ClientMessages[K]) => void };
export type ServerToClientEvents = { [K in keyof ServerMessages]: (message: ServerMessages[K]) => void };
