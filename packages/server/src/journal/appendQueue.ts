import type { Decision, Fact, LobbyEvent, StoredEvent } from "../lobby/events.js";
import { checkedEvent, stampEvents } from "./encode.js";
import { JournalUnavailableError } from "./journal.js";

type AppendResult = "appended" | "stale";

interface Waiting {
  readonly events: readonly LobbyEvent[];
  readonly at: number;
  /** `null`: facts, which fit any end of the log. */
  readonly basisSeq: number | null;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

export interface AppendQueueOptions {
  readonly last: { readonly seq: number; readonly at: number };
  /** Makes appends survive this process, all or none. */
  readonly store: (appends: readonly (readonly StoredEvent[])[]) => Promise<void>;
  readonly deliver: (events: readonly StoredEvent[]) => void;
  /** A `store` went well (`null`) or did not. */
  readonly onStored: (error: JournalUnavailableError | null) => void;
}

/** Appends written in one go; more wait for the next one. */
const MAX_GROUP = 256;

/**
 * Puts appends in one order, decisions before facts that still wait: stamps them, stores them, delivers them, answers. What comes in while a write is under
 * way, also from within a delivery, waits and is written together in the next one.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions;
  #last: { readonly seq: number; readonly at: number };
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(options: AppendQueueOptions) {
    this.#options = options;
    this.#last = options.last;
  }

  get lastSeq(): number {
    return this.#last.seq;
  }

  /** See `SceneJournal.appendFacts` and `appendDecisions`. */
  async append(
    events: readonly (Fact | Decision)[],
    basisSeq: number | null,
    at: number,
  ): Promise<AppendResult> {
    if (this.#closed) throw new JournalUnavailableError("the journal is closed");
    if (!Number.isFinite(at) || at < 0) throw new TypeError(`not a time in epoch ms: ${at}`);
    const normalized = events.map((event) => checkedEvent(event).event);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ events: normalized, at, basisSeq, resolve, reject });
      this.#run();
    });
  }

  /** Runs a task between two writes. */
  async between(task: () => Promise<void>): Promise<void> {
    while (this.#running !== null) await this.#running;
    const running = task();
    const settled = running
      .catch(() => undefined)
      .then(() => {
        this.#running = null;
        if (this.#waiting.length > 0) this.#run();
      });
    this.#running = settled;
    await running;
  }

  /** Resolves when nothing is being written and nothing waits. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  /** Takes no more appends and finishes those it has. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.idle();
  }

  #run(): void {
    this.#running ??= (async () => {
      try {
        // Deliveries never happen within an append call, whatever `store` does.
        await null;
        while (this.#waiting.length > 0) {
          this.#decisionsFirst();
          await this.#next(this.#waiting.splice(0, MAX_GROUP));
        }
      } finally {
        this.#running = null;
      }
    })();
  }

  /**
   * What was decided on the log's end must not be made stale by facts that only came while it was decided: in a large pool
   * deciding takes long enough for some always to have come.
   */
  #decisionsFirst(): void {
    const decisions = this.#waiting.filter(({ basisSeq }) => basisSeq !== null);
    if (decisions.length === 0) return;
    this.#waiting = [...decisions, ...this.#waiting.filter(({ basisSeq }) => basisSeq === null)];
  }

  async #next(group: readonly Waiting[]): Promise<void> {
    let last = this.#last;
    const stored: { readonly waiting: Waiting; readonly events: readonly StoredEvent[] }[] = [];
    const stale: Waiting[] = [];
    for (const waiting of group) {
      if (waiting.basisSeq !== null && waiting.basisSeq !== last.seq) {
        stale.push(waiting);
        continue;
      }
      const events = stampEvents(waiting.events, last, waiting.at);
      last = events.at(-1) ?? last;
      stored.push({ waiting, events });
    }
    try {
      const appends = stored.map(({ events }) => events).filter((events) => events.length > 0);
      if (appends.length > 0) {
        await this.#options.store(appends);
        this.#options.onStored(null);
        this.#last = last;
        this.#options.deliver(appends.flat());
      }
      for (const { waiting } of stored) waiting.resolve("appended");
    } catch (error) {
      if (error instanceof JournalUnavailableError) this.#options.onStored(error);
      for (const { waiting } of stored) waiting.reject(error);
    }
    for (const waiting of stale) waiting.resolve("stale");
  }
}
