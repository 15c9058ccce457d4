import type { Decision, Fact, StoredEvent } from "../../lobby/events.js";
import { reasonOf } from "../errors.js";
import {
  type JournalStatus,
  JournalUnavailableError,
  type SceneJournal,
  type SharedNodes,
  type Snapshot,
} from "../journal.js";
import type { LogReporter } from "../logs.js";
import { Appender } from "./appender.js";
import type { RedisConnection } from "./connection.js";
import { type SceneKeys, scenesKey } from "./keys.js";
import { Lease } from "./lease.js";
import { Reader } from "./reader.js";
import type { RedisClock } from "./redisClock.js";
import { RedisSnapshots } from "./snapshots.js";

export interface RedisJournalOptions {
  readonly url: string;
  readonly keyPrefix: string;
  readonly sceneId: string;
  readonly keys: SceneKeys;
  readonly nodeId: string;
  readonly connection: RedisConnection;
  readonly clock: RedisClock;
  readonly reporter: LogReporter;
  readonly leaseMs: number;
  readonly nodeMs: number;
  readonly appendTimeoutMs: number;
  readonly snapshotEvents: number;
  readonly onClosed?: () => void;
}

interface Undelivered {
  readonly seq: number;
  readonly resolve: () => void;
}

/** A group of appends waits this long, at most, until the one before it has been read back. */
const READ_BACK_MS = 50;

/** A scene's journal in a Redis stream, shared by several nodes. */
export class RedisJournal implements SceneJournal {
  readonly nodes: SharedNodes;
  readonly snapshots: RedisSnapshots;
  readonly #options: RedisJournalOptions;
  readonly #listeners: ((status: JournalStatus) => void)[] = [];
  readonly #heard: ((live: ReadonlySet<string>) => void)[] = [];
  readonly #lease: Lease;
  readonly #appender: Appender;
  #reader: Reader | null = null;
  #opening = false;
  #undelivered: Undelivered[] = [];
  /** Called after each delivery. */
  #onRead: () => void = () => undefined;
  #status: JournalStatus = { state: "unavailable", reason: "the journal has not been opened" };
  /** Why the log cannot be followed, written, or used any more; `null` = it can. */
  #unread: string | null = "the journal has not been opened";
  #unwritten: string | null = null;
  #lost: string | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: RedisJournalOptions) {
    this.#options = options;
    const { connection, keys, nodeId, clock, leaseMs, nodeMs, appendTimeoutMs } = options;
    this.nodes = { onHeard: (listener) => void this.#heard.push(listener) };
    this.#lease = new Lease({
      connection,
      keys,
      nodeId,
      clock,
      leaseMs,
      nodeMs,
      onChange: () => this.#update(),
      onBeat: (live, holder) => {
        this.snapshots.heard(live, holder);
        this.#onBeat(live);
      },
      onFailure: (error) => this.#setUnwritten(`Redis: ${reasonOf(error)}`),
    });
    this.snapshots = new RedisSnapshots({
      ...options,
      lastEntry: () => (this.#opening && this.#closing === null ? (this.#reader?.lastEntry ?? null) : null),
    });
    this.#appender = new Appender({
      connection,
      keys,
      nodeId,
      clock,
      lease: () => this.#lease.held,
      timeoutMs: appendTimeoutMs,
      readBack: (seq) => this.#readBack(seq),
      onResult: (error) => this.#setUnwritten(error?.message ?? null),
    });
  }

  get leads(): boolean {
    return this.#opening && this.#lost === null && this.#lease.leads;
  }

  get status(): JournalStatus {
    return this.#status;
  }

  onStatus(listener: (status: JournalStatus) => void): void {
    this.#listeners.push(listener);
  }

  async open(
    onEvents: (events: readonly StoredEvent[]) => void,
    onSnapshot?: (snapshot: Snapshot) => boolean,
  ): Promise<void> {
    if (this.#opening) throw new Error("a journal is opened once");
    this.#opening = true;
    const { url, keyPrefix, sceneId, keys, connection, reporter } = this.#options;
    await connection.send(["SADD", scenesKey(keyPrefix), sceneId], 5000);
    this.#reader = new Reader({
      url,
      name: `probematch-read-${sceneId}`,
      reporter,
      silenceMs: 10_000,
      keys,
      onSnapshot,
      sent: (nodeId, payload) => this.#appender.takeSent(nodeId, payload),
      deliver: (events) => {
        onEvents(events);
        this.#delivered(events.at(-1)?.seq ?? 0);
        this.#onRead();
      },
      onState: (problem) => {
        this.#unread = problem;
        this.#update();
        // A read that failed may be the first to show that the lease is in doubt.
        if (problem === null) void this.#lease.beat();
      },
      onLost: (reason) => {
        this.#lost = reason;
        reporter.error({ sceneId, reason }, "the journal cannot be used any more");
        this.#update();
        void this.#lease.close();
      },
    });
    await this.#reader.start();
    await this.#lease.beat();
    connection.onChange(() => this.#onConnection());
    reporter.info({ sceneId, events: this.#reader.seq, from: this.#reader.began }, "journal read");
  }

  async appendFacts(facts: readonly Fact[], at: number): Promise<void> {
    await this.#append(facts, null, at);
  }

  appendDecisions(
    decisions: readonly Decision[],
    basisSeq: number,
    at: number,
  ): Promise<"appended" | "stale" | "not_leader"> {
    return this.#append(decisions, basisSeq, at);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #append(
    events: readonly (Fact | Decision)[],
    basisSeq: number | null,
    at: number,
  ): Promise<"appended" | "stale" | "not_leader"> {
    if (!this.#opening) throw new Error("the journal has not been opened");
    if (this.#closing !== null) throw new JournalUnavailableError("the journal is closed");
    if (this.#lost !== null) throw new JournalUnavailableError(this.#lost);
    const { result, seq } = await this.#appender.append(events, basisSeq, at);
    if (result === "not_leader") this.#lease.lost();
    // What made decisions stale is seen here before they are made anew.
    if (result !== "not_leader") await this.#delivery(seq);
    return result;
  }

  /** For pacing only: a log that cannot be read is no reason not to write. */
  #readBack(seq: number): Promise<void> {
    if ((this.#reader?.seq ?? 0) >= seq) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, READ_BACK_MS);
      this.#onRead = () => {
        if ((this.#reader?.seq ?? 0) < seq) return;
        this.#onRead = () => undefined;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Resolves when the log has been read up to there. */
  #delivery(seq: number): Promise<void> {
    if ((this.#reader?.seq ?? 0) >= seq && this.#undelivered.length === 0) return Promise.resolve();
    const { appendTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#undelivered = this.#undelivered.filter((entry) => entry !== undelivered);
        reject(new JournalUnavailableError("what was written to Redis could not be read back in time"));
      }, appendTimeoutMs);
      const undelivered: Undelivered = {
        seq,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      this.#undelivered.push(undelivered);
    });
  }

  #delivered(seq: number): void {
    const [first] = this.#undelivered;
    if (first === undefined || first.seq > seq) return;
    const due = this.#undelivered.filter((entry) => entry.seq <= seq);
    this.#undelivered = this.#undelivered.filter((entry) => entry.seq > seq);
    for (const { resolve } of due) resolve();
  }

  #onConnection(): void {
    if (this.#closing !== null) return;
    if (this.#options.connection.ready) void this.#lease.beat();
    else this.#setUnwritten("no connection to Redis");
  }

  #onBeat(live: ReadonlySet<string>): void {
    this.#setUnwritten(null);
    if (this.#status.state !== "ready") return;
    for (const listener of this.#heard) listener(live);
  }

  #setUnwritten(problem: string | null): void {
    this.#unwritten = problem;
    this.#update();
  }

  #update(): void {
    const reason =
      this.#closing !== null ? "the journal is closed" : (this.#lost ?? this.#unread ?? this.#unwritten);
    const before = this.#status;
    const leads = this.leads;
    if (reason === null) {
      if (before.state === "ready" && before.leads === leads) return;
      this.#status = { state: "ready", leads };
    } else {
      this.#status = { state: "unavailable", reason };
      if (before.state === "unavailable") return;
    }
    for (const listener of this.#listeners) listener(this.#status);
  }

  async #close(): Promise<void> {
    await this.#appender.close();
    await this.snapshots.close();
    // What was written is read back here before the reading ends.
    const last = this.#undelivered.at(-1);
    if (last !== undefined) await this.#delivery(last.seq).catch(() => undefined);
    await this.#lease.close();
    await this.#reader?.close();
    this.#update();
    this.#options.onClosed?.();
  }
}
