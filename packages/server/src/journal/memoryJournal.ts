import type { Decision, Fact, StoredEvent } from "../lobby/events.js";
import type { MatchRecord } from "../lobby/matchRecord.js";
import { AppendQueue } from "./appendQueue.js";
import { type JournalStatus, JournalUnavailableError, type SceneJournal } from "./journal.js";
import type { LogReporter, LogStore, MatchLog, TelemetryLog, TelemetryRecord } from "./logs.js";

/** What memory journals keep: as long as somebody holds it. */
export class MemoryLogs {
  readonly events = new Map<string, StoredEvent[]>();
  readonly matches = new Map<string, MatchRecord[]>();
  readonly telemetry = new Map<string, TelemetryRecord[]>();
  readonly #onMended: (() => void)[] = [];
  #broken: string | null = null;

  /** Why writes fail; `null` = they do not. */
  get broken(): string | null {
    return this.#broken;
  }

  /** Makes writes fail from now on, as a full disk would; for tests and simulations. */
  breakWrites(reason: string): void {
    this.#broken = reason;
  }

  /** Ends what {@link breakWrites} began. */
  mendWrites(): void {
    this.#broken = null;
    for (const listener of this.#onMended) listener();
  }

  onMended(listener: () => void): void {
    this.#onMended.push(listener);
  }
}

/** A scene's journal in memory: gone with the process. For tests, simulations and trying things out. */
class MemoryJournal implements SceneJournal {
  readonly #logs: MemoryLogs;
  readonly #sceneId: string;
  readonly #listeners: ((status: JournalStatus) => void)[] = [];
  #status: JournalStatus = { state: "ready", leads: true };
  #queue: AppendQueue | null = null;
  #closed = false;

  constructor(logs: MemoryLogs, sceneId: string) {
    this.#logs = logs;
    this.#sceneId = sceneId;
    logs.onMended(() => {
      if (!this.#closed) this.#setStatus({ state: "ready", leads: true });
    });
  }

  readonly leads = true;

  get status(): JournalStatus {
    return this.#status;
  }

  onStatus(listener: (status: JournalStatus) => void): void {
    this.#listeners.push(listener);
  }

  async open(onEvents: (events: readonly StoredEvent[]) => void): Promise<void> {
    if (this.#queue !== null) throw new Error("a journal is opened once");
    const events = listOf(this.#logs.events, this.#sceneId);
    const last = events.at(-1) ?? { seq: 0, at: 0 };
    if (events.length > 0) onEvents([...events]);
    this.#queue = new AppendQueue({
      last,
      store: async (appends) => {
        if (this.#logs.broken !== null) throw new JournalUnavailableError(this.#logs.broken);
        events.push(...appends.flat());
      },
      deliver: onEvents,
      onStored: (error) =>
        this.#setStatus(
          error === null ? { state: "ready", leads: true } : { state: "unavailable", reason: error.message },
        ),
    });
  }

  async appendFacts(facts: readonly Fact[], at: number): Promise<void> {
    await this.#opened().append(facts, null, at);
  }

  async appendDecisions(
    decisions: readonly Decision[],
    basisSeq: number,
    at: number,
  ): Promise<"appended" | "stale" | "not_leader"> {
    return this.#opened().append(decisions, basisSeq, at);
  }

  async close(): Promise<void> {
    await this.#queue?.close();
    this.#closed = true;
    this.#setStatus({ state: "unavailable", reason: "the journal is closed" });
  }

  #opened(): AppendQueue {
    if (this.#queue === null) throw new Error("the journal has not been opened");
    return this.#queue;
  }

  #setStatus(status: JournalStatus): void {
    if (status.state === this.#status.state) return;
    this.#status = status;
    for (const listener of this.#listeners) listener(status);
  }
}

/**
 * Logs in memory.
 *
 * @param logs what an earlier store kept, to read it again
 */
export function createMemoryStore(logs = new MemoryLogs()): LogStore {
  const journals: MemoryJournal[] = [];
  return {
    async scene(sceneId) {
      const journal = new MemoryJournal(logs, sceneId);
      journals.push(journal);
      return journal;
    },
    async matches(sceneId) {
      return memoryMatchLog(listOf(logs.matches, sceneId));
    },
    async telemetry(sceneId) {
      return memoryTelemetry(listOf(logs.telemetry, sceneId));
    },
    async close() {
      await Promise.all(journals.map((journal) => journal.close()));
    },
  };
}

/** The store of a server without a data folder: as {@link createMemoryStore}, and says so. */
export function createVolatileStore(reporter: LogReporter): LogStore {
  reporter.warn(
    "no data folder is set: everything is kept in memory only. When this process ends, every match, place and log of the study is gone.",
  );
  return createMemoryStore();
}

function memoryMatchLog(records: MatchRecord[]): MatchLog {
  return {
    get lastSeq() {
      return records.at(-1)?.seq ?? 0;
    },
    append(record) {
      if (record.seq > this.lastSeq) records.push(record);
    },
    async flush() {},
    async close() {},
  };
}

/** Telemetry kept per scene: enough to look at, bounded because nobody empties it. */
const MAX_RECORDS = 10_000;

function memoryTelemetry(records: TelemetryRecord[]): TelemetryLog {
  let dropped = 0;
  return {
    get dropped() {
      return dropped;
    },
    write(record) {
      if (records.length >= MAX_RECORDS) dropped += 1;
      else records.push(record);
    },
    async flush() {},
    async close() {},
  };
}

function listOf<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
