import type { Decision, Fact, StoredEvent } from "../lobby/events.js";

/**
 * One scene's log. The file journal (one process) and later ones (several nodes) pass the same conformance suite.
 *
 * What is appended comes back through `onEvents`, on every node, in log order, and only once it would survive
 * `kill -9` of this process; nobody may act on an event before that.
 */
export interface SceneJournal {
  /**
   * Reads the log from its beginning, then keeps delivering. Resolves when everything that was in the log at the
   * call has been delivered. Called once, before any append.
   *
   * @param onEvents called with consecutive events, in order, never re-entrantly from within an append
   */
  open(onEvents: (events: readonly StoredEvent[]) => void): Promise<void>;
  /**
   * Appends facts, all or none. Resolves when they have been delivered here.
   *
   * @param at server time of what happened, epoch ms; raised to the last event's time where it lies before it
   * @throws {JournalUnavailableError} when the log cannot be written; nothing was appended
   */
  appendFacts(facts: readonly Fact[], at: number): Promise<void>;
  /**
   * Appends decisions, all or none, if this node leads the scene and the log still ends at `basisSeq`: what was
   * decided on an older state is decided anew. Facts that are still on their way, this node's own as well, may come before
   * (then the decisions are stale) or after. Resolves when they have been delivered here.
   *
   * @param at the `now` the decisions were made with, epoch ms; raised as with facts
   * @throws {JournalUnavailableError} when the log cannot be written; nothing was appended
   */
  appendDecisions(
    decisions: readonly Decision[],
    basisSeq: number,
    at: number,
  ): Promise<"appended" | "stale" | "not_leader">;
  /** True while this node may decide. A file journal always may. */
  readonly leads: boolean;
  /** Called when `leads` or the journal's health changes. */
  onStatus(listener: (status: JournalStatus) => void): void;
  readonly status: JournalStatus;
  /** Where several nodes share the log; absent with a journal that is one process's. */
  readonly nodes?: SharedNodes;
  /** Flushes to disk and lets go of the log. Idempotent. */
  close(): Promise<void>;
}

/** What a node knows of the other nodes of its scene. */
export interface SharedNodes {
  /** Called every few seconds with the ids of the nodes heard of lately, this one's included. */
  onHeard(listener: (live: ReadonlySet<string>) => void): void;
}

export type JournalStatus =
  | { readonly state: "ready"; readonly leads: boolean }
  | { readonly state: "unavailable"; readonly reason: string };

/** Where scenes' journals come from. */
export interface JournalStore {
  /** Prepares the journal of one scene. */
  scene(sceneId: string): Promise<SceneJournal>;
  /** Closes all scenes and gives up the store. Idempotent. */
  close(): Promise<void>;
}

/** The log cannot be written now (disk full, folder unwritable, store unreachable). */
export class JournalUnavailableError extends Error {
  override readonly name = "JournalUnavailableError";
}
