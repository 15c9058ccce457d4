import type { Attributes, JsonValue } from "@probematch/shared";
import type { Treatment } from "../lobby/treatments.js";

/** What the study's {@link OnMatch} hook is told about a match that is about to be committed. */
export interface RoomRequest {
  readonly scene: string;
  /** Also in the match log, and told to the members. */
  readonly matchId: string;
  /** In seat order. */
  readonly members: readonly {
    readonly participantId: string;
    readonly seat: number;
    readonly attributes: Attributes;
  }[];
  /** What the scene's `treatments` give the match; absent where it has none. */
  readonly treatment?: Treatment;
  /** Aborted when the answer is not waited for any more: a member was lost, `roomTimeoutMs` is over, the server closes. */
  readonly signal: AbortSignal;
}

/**
 * Makes whatever the study needs for a match (a game, a row in a database) before the match is committed. What it
 * returns is told to every member as JSON, so no secret of one member belongs in it.
 *
 * It may throw, reject, or take longer than `roomTimeoutMs`: then there is no match, the members go to the head of
 * the queue, and the hook is asked again, with another match id, after a pause that grows with every failure.
 */
export type OnMatch = (request: RoomRequest) => Promise<JsonValue | undefined> | JsonValue | undefined;
