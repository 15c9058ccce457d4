import type { Attributes, JsonValue, RttSummary } from "@probematch/shared";
import type { Measurement } from "../latency/edge.js";
import type { Treatment } from "./treatments.js";

/**
 * One line of `{scene}_matches.jsonl`: a match and why it was made. For research: complete without the journal.
 */
export interface MatchRecord {
  /** Server time, epoch ms. */
  readonly timestamp: number;
  /** Place of `match.committed` in the scene's journal. */
  readonly seq: number;
  readonly sceneId: string;
  readonly matchId: string;
  readonly matchmaker: string;
  readonly configHash: string;
  /** The scene's seed: with the journal, every random choice can be made again. */
  readonly seed: string;
  /** The limit in force when the group was proposed, ms: the strictest of its members'. `null` = nothing was probed. */
  readonly maxP2pRttMs: number | null;
  /** Which arm of the study the group was given; absent where the scene has no treatments. */
  readonly treatment?: Treatment;
  /** In seat order. */
  readonly participants: readonly {
    readonly participantId: string;
    readonly seat: number;
    readonly alias: string;
    readonly arrivedAt: number;
    readonly waitedMs: number;
    /** Median RTT to the server, ms; `null` when it was not measured in time. */
    readonly serverRttMs: number | null;
    readonly serverRtt: RttSummary | null;
    readonly attributes: Attributes;
  }[];
  /** The measurements that decided, one per pair; empty where the scene measures nothing. */
  readonly measurements: readonly ({
    readonly seats: readonly [number, number];
    readonly probeId: string;
  } & Measurement)[];
  /** Who else was waiting when the match was committed, by seniority (at most the first 200). */
  readonly alsoWaiting: readonly string[];
  readonly alsoWaitingCount: number;
  /** What was tried with these members before and came to nothing, oldest first (at most the last 50). */
  readonly rejected: readonly {
    readonly at: number;
    readonly proposalId: string;
    readonly members: readonly string[];
    readonly reason: string;
    readonly rttMs: number | null;
  }[];
  readonly room: JsonValue;
}
