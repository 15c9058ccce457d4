import { performance } from "node:perf_hooks";
import { ErrorReply } from "redis";
import type { LobbyEvent } from "../../lobby/events.js";
import { normalizeEvent } from "../encode.js";
import { reasonOf } from "../errors.js";
import { JournalUnavailableError } from "../journal.js";
import type { RedisConnection } from "./connection.js";
import type { SceneKeys } from "./keys.js";
import type { RedisClock } from "./redisClock.js";
import { appendScript } from "./script.js";

/** Whether an append was made: then `seq` is its last event's, for stale decisions it is the log's last one. */
export interface Appended {
  readonly result: "appended" | "stale" | "not_leader";
  readonly seq: number;
}

export interface AppenderOptions {
  readonly connection: RedisConnection;
  readonly keys: SceneKeys;
  readonly nodeId: string;
  readonly clock: RedisClock;
  /** The lease this node holds, or "". */
  readonly lease: () => string;
  /** An append fails that could not be made for this long, ms. */
  readonly timeoutMs: number;
  /** Redis took a group (`null`) or could not be asked. */
  readonly onResult: (error: JournalUnavailableError | null) => void;
}

interface Waiting {
  readonly payload: string;
  readonly count: number;
  readonly at: number;
  readonly basisSeq: number | null;
  readonly since: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** Appends sent in one go; more wait for the next one. */
const MAX_GROUP = 256;
const RETRY_MS = 50;
/** How long the log waits, at most, for decisions on what is in it now, after some that were stale. */
const HOLD_MS = 100;
/** How soon to ask again when another node's decisions hold the log. */
const HELD_RETRY_MS = 3;
/** Redis refuses a group so much earlier than this side gives it up: what was reported as failed does not come later. */
const EARLIER = 0.2;

/**
 * Hands a node's appends to Redis, in the order of the calls and together where several wait. A group whose answer
 * was lost is asked for again under its number until it is answered or its time is over, so it is never made twice.
 */
export class Appender {
  readonly #options: AppenderOptions;
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;
  #number = 0;
  /** Until then only decisions are sent, on `performance.now()`'s scale. */
  #holdUntil = 0;
  #wake: () => void = () => {};
  #closed = false;

  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  /** @throws {TypeError} an event that does not fit its schema */
  async append(events: readonly LobbyEvent[], basisSeq: number | null, at: number): Promise<Appended> {
    if (this.#closed) throw new JournalUnavailableError("the journal is closed");
    if (!Number.isFinite(at) || at < 0) throw new TypeError(`not a time in epoch ms: ${at}`);
    const payload = JSON.stringify(events.map(normalizeEvent));
    return new Promise((resolve, reject) => {
      const since = performance.now();
      this.#waiting.push({ payload, count: events.length, at, basisSeq, since, resolve, reject });
      if (basisSeq !== null) this.#wake();
      this.#running ??= this.#run().finally(() => {
        this.#running = null;
      });
    });
  }

  /** Takes no more appends and finishes those it has. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // One turn later, so that what is appended together is sent together.
    await null;
    while (this.#waiting.length > 0) {
      await this.#decisionsFirst();
      const group = this.#waiting.splice(0, MAX_GROUP);
      try {
        const results = await this.#send(group);
        this.#options.onResult(null);
        const lastSeq = Number(results[group.length]);
        if (results.includes("stale")) this.#holdUntil = performance.now() + HOLD_MS;
        for (const [i, waiting] of group.entries()) {
          const result = results[i];
          if (result === "stale" || result === "not_leader") waiting.resolve({ result, seq: lastSeq });
          else waiting.resolve({ result: "appended", seq: Number(result) });
        }
      } catch (error) {
        const unavailable = new JournalUnavailableError(`Redis: ${reasonOf(error)}`);
        this.#options.onResult(unavailable);
        for (const waiting of group) waiting.reject(unavailable);
      }
    }
  }

  /** While the log is held for this node's decisions, its own facts wait as well and come after them. */
  async #decisionsFirst(): Promise<void> {
    const leftMs = this.#holdUntil - performance.now();
    if (leftMs <= 0) return;
    const isDecisions = ({ basisSeq }: Waiting) => basisSeq !== null;
    if (!this.#waiting.some(isDecisions)) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = () => {};
    }
    this.#holdUntil = 0;
    const decisions = this.#waiting.filter(isDecisions);
    this.#waiting = [...decisions, ...this.#waiting.filter((waiting) => !isDecisions(waiting))];
  }

  async #send(group: readonly Waiting[]): Promise<readonly string[]> {
    const { connection, keys, nodeId, clock, lease, timeoutMs } = this.#options;
    this.#number += 1;
    const until = (group[0]?.since ?? 0) + timeoutMs;
    const leftMs = () => until - performance.now();
    const head = [
      nodeId,
      this.#number,
      Math.ceil(clock.now() + Math.max(1, leftMs() - timeoutMs * EARLIER)),
      lease(),
      HOLD_MS,
    ];
    const appends = group.flatMap((w) => [w.basisSeq ?? "", w.at, w.count, w.payload]);
    for (;;) {
      try {
        const reply = await appendScript.run(
          connection,
          [keys.log, keys.head, keys.groups, keys.lease, keys.hold],
          [...head, ...appends],
          Math.max(1, leftMs()),
        );
        if (reply === "held") {
          await new Promise((resolve) => setTimeout(resolve, HELD_RETRY_MS));
          continue;
        }
        if (reply === "late") throw new ErrorReply("the append came too late");
        return reply as readonly string[];
      } catch (error) {
        // Refused for good, unless Redis is only just reading its file; otherwise nobody knows: ask again.
        if (error instanceof ErrorReply && !error.message.startsWith("LOADING")) throw error;
        if (leftMs() <= RETRY_MS) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
