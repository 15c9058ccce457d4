import type { JsonValue } from "@probematch/shared";
import type { Logger } from "pino";
import type { MatchRecord } from "../lobby/matchRecord.js";
import type { JournalStore } from "./journal.js";

/** What the logs report through: any pino logger. */
export type LogReporter = Pick<Logger, "info" | "warn" | "error">;

/**
 * One scene's matches, one record each, for research. It follows from the journal: a record that a crash kept from
 * it is written when the journal is read again.
 */
export interface MatchLog {
  /** Place in the journal of the last match in this log; 0 when it has none. */
  readonly lastSeq: number;
  /**
   * Adds a match. Hand over the record of every applied `match.committed`, also of those read back at the start:
   * records up to `lastSeq` are in the log already and are ignored. Never throws and never waits: while the
   * log cannot be written, records are kept and tried again.
   */
  append(record: MatchRecord): void;
  /** Resolves when everything handed over is in the log, or could not be written just now. */
  flush(): Promise<void>;
  /** Writes what it can and lets go of the log. Idempotent. */
  close(): Promise<void>;
}

/** One line of telemetry: anything JSON, with what it is and when it was (epoch ms). */
export interface TelemetryRecord {
  readonly type: string;
  readonly at: number;
  readonly [key: string]: JsonValue;
}

/**
 * What no decision depends on: raw samples, link quality after a match, health. Written in batches, best effort:
 * what cannot be written is dropped and counted, and nobody ever waits for it.
 */
export interface TelemetryLog {
  /** Never throws and never waits. */
  write(record: TelemetryRecord): void;
  /** Records given up since the start. */
  readonly dropped: number;
  /** Resolves when what was handed over is written or dropped. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Where a node's logs are kept: the scenes' journals and the two logs beside each. `close` closes them all. */
export interface LogStore extends JournalStore {
  /** The match log of one scene; the same one at every call. */
  matches(sceneId: string): Promise<MatchLog>;
  /** The telemetry of one scene; the same one at every call. */
  telemetry(sceneId: string): Promise<TelemetryLog>;
  /** Where several nodes share the logs; absent with a store that is one process's. */
  readonly shared?: {
    /** Names this server process in the logs. */
    readonly nodeId: string;
    /** Server time on which the nodes agree: epoch ms, never goes back. */
    readonly clock: { now(): number };
  };
}
