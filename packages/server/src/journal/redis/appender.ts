import { performance } from "node:perf_hooks";
import { ErrorReply } from "redis";
import type { LobbyEvent } from "../../lobby/events.js";
import { checkedEvent } from "../encode.js";
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
  /** Resolves when the log has been read up to there, and what follows from it been decided; or after a moment. */
  readonly readBack: (seq: number) => Promise<void>;
  /** Redis took a group (`null`) or could not be asked. */
  readonly onResult: (error: JournalUnavailableError | null) => void;
}

interface Waiting {
  readonly events: readonly LobbyEvent[];
  /** The events as JSON. */
  readonly payload: string;
  readonly at: number;
  readonly basisSeq: number | null;
  readonly since: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * What follows from what was read back is decided by then, and goes with the next group. A few promises are between: a
 * group that left sooner, with facts alone, would make those decisions stale, as two in five of them were under load.
 */
const theTurnsEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const isDecisions = ({ basisSeq }: Pick<Waiting, "basisSeq">): boolean => basisSeq !== null;

/** Appends sent in one go; more wait for the next one. */
const MAX_GROUP = 256;
/** Sent appends of which more than these were not read back yet: they were refused, or are parsed like another node's. */
const MAX_SENT = 4 * MAX_GROUP;
const RETRY_MS = 50;
/** How long the log waits, at most, for decisions on what is in it now, after some that were stale. */
const HOLD_MS = 100;
/** How soon to ask again when another node's decisions hold the log. */
const HELD_RETRY_MS = 3;
/** Redis refuses a group so much earlier than this side gives it up: what was reported as failed does not come later. */
const EARLIER = 0.2;

/**
 * Hands a node's appends to Redis, decisions first, then in the order of the calls, and together where several wait. A group whose answer
 * was lost is asked for again under its number until it is answered or its time is over, so it is never made twice.
 *
 * The next group goes when the last one has been read back here: so what was decided on the log's end is not made stale
 * by this node's own facts, and a busy node sends few large groups instead of many small ones.
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
  /** What was sent and has not been read back yet. */
  #sent: Waiting[] = [];

  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  /** @throws {TypeError} an event that does not fit its schema */
  async append(events: readonly LobbyEvent[], basisSeq: number | null, at: number): Promise<Appended> {
    if (this.#closed) throw new JournalUnavailableError("the journal is closed");
    if (!Number.isFinite(at) || at < 0) throw new TypeError(`not a time in epoch ms: ${at}`);
    const checked = events.map(checkedEvent);
    const payload = `[${checked.map(({ text }) => text).join(",")}]`;
    return new Promise((resolve, reject) => {
      const since = performance.now();
      const sent = checked.map(({ event }) => event);
      this.#waiting.push({ events: sent, payload, at, basisSeq, since, resolve, reject });
      if (basisSeq !== null) this.#wake();
      this.#running ??= this.#run().finally(() => {
        this.#running = null;
      });
    });
  }

  /**
   * The events of an entry of the log, where this node sent it a moment ago: the text was made from them here, so it
   * need not be parsed and checked again. They are read back in the order in which they were sent.
   */
  takeSent(nodeId: string, payload: string): readonly LobbyEvent[] | undefined {
    if (nodeId !== this.#options.nodeId) return undefined;
    const i = this.#sent.findIndex((append) => append.payload === payload);
    // Those before it were refused.
    return i < 0 ? undefined : this.#sent.splice(0, i + 1).at(-1)?.events;
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
      await this.#awaitDecisions();
      this.#decisionsFirst();
      const group = this.#waiting.splice(0, MAX_GROUP);
      this.#sent = [...this.#sent, ...group].slice(-MAX_SENT);
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
        await this.#options.readBack(lastSeq);
        await theTurnsEnd();
      } catch (error) {
        const unavailable = new JournalUnavailableError(`Redis: ${reasonOf(error)}`);
        this.#options.onResult(unavailable);
        for (const waiting of group) waiting.reject(unavailable);
      }
    }
  }

  /** While the log is held for this node's decisions, its own facts wait as well and come after them. */
  async #awaitDecisions(): Promise<void> {
    const leftMs = this.#holdUntil - performance.now();
    this.#holdUntil = 0;
    if (leftMs <= 0 || this.#waiting.some(isDecisions)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, leftMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => {};
  }

  #decisionsFirst(): void {
    if (!this.#waiting.some(isDecisions)) return;
    const facts = this.#waiting.filter((waiting) => !isDecisions(waiting));
    this.#waiting = [...this.#waiting.filter(isDecisions), ...facts];
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
    const appends = group.flatMap((w) => [w.basisSeq ?? "", w.at, w.events.length, w.payload]);
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
