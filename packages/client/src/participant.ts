import type {
  BeaconRtts,
  Outcome,
  ProbeReport,
  RefusalCode,
  RttStats,
  ServerMessages,
} from "@probematch/shared";
import type { Listenable } from "./emitter.js";
import type { Match } from "./match/match.js";
import type { ConnectionState } from "./session/session.js";

/** Where a waiting participant stands; `null` = the scene hides it, or it is unknown. */
export type Waiting = ServerMessages["waiting"];

/** Why a proposed group came to nothing. */
export type ReleaseReason = ServerMessages["released"]["reason"];

/** Where a participant is in the scene. The last four are final. */
export type ParticipantStatus =
  | "connecting"
  | "waiting"
  | "probing"
  | "matched"
  | "ended"
  | "refused"
  | "replaced";

/** What came of waiting for a match. */
export type MatchResult =
  | { readonly status: "matched"; readonly match: Match }
  /** `outcome` is `left` when the page itself left. */
  | { readonly status: "ended"; readonly outcome: Outcome }
  | { readonly status: "refused"; readonly code: RefusalCode; readonly message: string }
  /** Another page of the same participant took over. */
  | { readonly status: "replaced" };

/** Something that did not fit and had no effect, for the study's developers. */
export type Problem =
  /** The server sent something that is not in the protocol. */
  | { readonly kind: "server_message"; readonly event: string; readonly message: string }
  /**
   * The server did not accept a message of this page. `not_your_probe` and `not_your_proposal` are nobody's mistake when
   * the probe or proposal ended while the message was under way.
   */
  | {
      readonly kind: "refused";
      readonly code: RefusalCode;
      readonly event: string | null;
      readonly message: string;
    };

export interface ParticipantEvents {
  /** The connection to the server changed. */
  connection: ConnectionState;
  /** The place in the waiting room: at first, soon after it changed (in a crowd of thousands, within seconds), and every 5 s or so. */
  waiting: Waiting;
  /** A group was proposed; its links are being measured now. */
  probing: { readonly members: number };
  /** This page's account of one measured link. What counts is the server's verdict on both sides' accounts. */
  measured: { readonly probeId: string; readonly report: ProbeReport };
  /** The proposed group came to nothing; this participant waits on, in the place it had. */
  released: { readonly reason: ReleaseReason };
  matched: Match;
  /** The participation is over. */
  ended: { readonly outcome: Outcome };
  /** A new figure for the RTT to the server. */
  serverRtt: RttStats;
  /** One round of measuring the scene's beacons, ms by beacon id; a beacon that did not answer is left out. */
  beaconRtt: BeaconRtts;
  problem: Problem;
}

/**
 * A page's participation in a scene. Events start after the code that called `connect()` has run, so that no
 * listener attached right there misses one.
 */
export interface Participant extends Listenable<ParticipantEvents> {
  readonly status: ParticipantStatus;
  /** The participant's id; `null` until the server has named it. */
  readonly id: string | null;
  readonly connection: ConnectionState;
  /** How the participation ended; `null` before. */
  readonly outcome: Outcome | null;
  /** The RTT to the server; `null` before the first figure. */
  readonly serverRtt: RttStats | null;
  /** The newest RTT to each of the scene's beacons that answered, ms by beacon id. */
  readonly beaconRttMs: BeaconRtts;
  /**
   * Resolves when the wait is over, whatever came of it; at once when it is over already. May be called any number of times.
   *
   * Aborting `signal` ends this call only, which then rejects with the signal's reason, as `fetch` does.
   * The participant keeps waiting; {@link Participant.leave} is what ends that.
   */
  match(options?: { readonly signal?: AbortSignal }): Promise<MatchResult>;
  /**
   * Leaves the scene, or the match, for good and lets go of everything: connections, timers, listeners, the stored
   * proof of who this page is. Idempotent.
   */
  leave(): void;
}
