import type { JsonValue, Outcome } from "@probematch/shared";
import type { Measurement } from "../latency/edge.js";
import type { MatchRecord } from "./matchRecord.js";
import type { Treatment } from "./treatments.js";

/**
 * What the outside world has to be told after an event was applied. Each node carries out the effects that
 * concern its own connected participants; every effect can be told again from the state alone (see `viewOf`),
 * so one that was lost with a connection does no harm.
 */
export type Effect =
  | {
      readonly kind: "probing";
      readonly participantId: string;
      readonly proposalId: string;
      readonly members: number;
    }
  | {
      readonly kind: "probePrepare";
      readonly participantId: string;
      readonly probeId: string;
      readonly proposalId: string;
      readonly initiator: boolean;
      /** The limit in force for the group, ms. */
      readonly limitMs: number | null;
      readonly deadlineAt: number;
      /** The probe of the same pair that failed before; its link is of no use any more. */
      readonly repeats?: string;
    }
  | { readonly kind: "probeStart"; readonly participantId: string; readonly probeId: string }
  | {
      readonly kind: "confirm";
      readonly participantId: string;
      readonly proposalId: string;
      readonly deadlineAt: number;
    }
  | {
      readonly kind: "released";
      readonly participantId: string;
      readonly proposalId: string;
      readonly reason: ReleaseReason;
    }
  | ({ readonly kind: "matched"; readonly participantId: string } & MatchView)
  | {
      readonly kind: "peerStatus";
      readonly participantId: string;
      readonly matchId: string;
      readonly seat: number;
      readonly connected: boolean;
    }
  | { readonly kind: "ended"; readonly participantId: string; readonly outcome: Outcome }
  /** The node that leads the scene asks the study's hook for a room. */
  | {
      readonly kind: "createRoom";
      readonly matchId: string;
      readonly proposalId: string;
      readonly members: readonly string[];
      readonly deadlineAt: number;
      readonly treatment?: Treatment;
    }
  /** For the match log and the admin feed. */
  | { readonly kind: "matchFormed"; readonly record: MatchRecord }
  /** Positions or counts changed: waiting participants may be told anew. */
  | { readonly kind: "poolChanged" };

export type ReleaseReason =
  | "too_slow"
  | "probe_failed"
  | "member_gone"
  | "not_confirmed"
  | "room_failed"
  | "server";

/** A match as one of its members is told of it. */
export interface MatchView {
  readonly matchId: string;
  readonly seat: number;
  readonly groupSize: number;
  readonly peers: readonly {
    readonly seat: number;
    readonly alias: string;
    readonly probeId: string | null;
    /** What decided about the link; `null` where the scene measures nothing. */
    readonly measurement: Measurement | null;
    readonly connected: boolean;
  }[];
  readonly room: JsonValue;
  /** Absent where the scene has no treatments. */
  readonly treatment?: Treatment;
}
