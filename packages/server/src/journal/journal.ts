import type { Decision, Fact, StoredEvent } from "../lobby/events.js";

/**
 * One scene's log. The file journal (one process) and the Redis journal (several nodes) pass the same conformance suite,
 * and so should a third one: see docs/architecture.md.
 *
 * What is appended comes back through `onEvents`, on every node, in log order, and only once it would survive
 * `kill -9` of this process; nobody may act on an event before that.
 */
export interface SceneJournal {
  /**
   * Reads the log from its beginning, or from a snapshot, then keeps delivering. Resolves when everything that was in
   * the log at the call has been delivered. Called once, before any append.
   *
   * @param onEvents called with consecutive events, in order, never re-entrantly from within an append
   * @param onSnapshot called before any event where there is a snapshot; `true`: it was taken, and the first event is
   *   the one after it; `false`: it is of no use to this reader, who gets the log from its beginning
   */
  open(
    onEvents: (events: readonly StoredEvent[]) => void,
    onSnapshot?: (snapshot: Snapshot) => boolean,
  ): Promise<void>;
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
  /** Absent with a journal that is always read from its beginning. */
  readonly snapshots?: Snapshots;
  /** Flushes to disk and lets go of the log. Idempotent. */
  close(): Promise<void>;
}

/** What follows from a log up to a place in it: opaque to the journal. */
export interface Snapshot {
  /** Place of the last event it knows. */
  readonly seq: number;
  readonly state: string;
}

/**
 * Snapshots of what follows from the log, so that whoever opens it need not begin at its beginning. Never more than a
 * shortcut: all of the log is kept, and is the truth.
 */
export interface Snapshots {
  /**
   * Says that there could be a snapshot now. The journal takes it up where enough was appended since the last one, and
   * where the log really has that place; a node that is behind, or whose events were lost, leaves nothing behind.
   *
   * @returns whether a snapshot was taken. Never rejects.
   */
  offer(source: SnapshotSource): Promise<boolean>;
}

/** What snapshots are taken of: it goes on with every event that is delivered. */
export interface SnapshotSource {
  /** Place of the event that was delivered last. */
  readonly seq: number;
  /** What can be done beforehand, in small steps; events may be delivered between two of them. */
  prepare(): Iterable<void>;
  /** The state as it is at the call. Its text comes in pieces, which may be taken later. */
  save(): Iterator<string> & Iterable<string>;
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
