import type { Session } from "./session.js";

/** Changes within this time are told together. */
const COALESCE_MS = 250;
/** Where many wait, their changes are told less often: about so many messages a second in all, … */
const NEWS_PER_SECOND = 400;
/** … but everybody is told where they stand once in the refresh time, as long as that takes no more than this. */
const MOST_PER_SECOND = 2000;
/** Told in one turn of the event loop, and the pause after it: signaling must not wait for a crowd to be told. */
const SLICE = 100;
const SLICE_PAUSE_MS = 25;

/**
 * Keeps the waiting participants of one scene told where they stand: soon after the pool changed, and every few
 * seconds because estimates move.
 *
 * Everybody's place changes with everybody's match, so the time between two rounds grows with the crowd: then what a match
 * costs does not. On one node it is 250 ms among up to 100 who wait there, 2.5 s among 1,000, and the refresh time (5 s)
 * from 2,000 to 10,000; beyond that half a second for every 1,000. The first news after a quiet time is not
 * held up, and what concerns one participant alone (arrival, release, match) never comes through here.
 */
export class LobbyBoard {
  readonly #sessions: () => Iterable<Pick<Session, "tellStanding">>;
  readonly #refreshMs: number;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | null = null;
  #timerAt = 0;
  #telling = false;
  #changed = false;
  #closed = false;
  /** How many waited at the last round. */
  #waiting = 0;
  /** When the last round began, and the last one in which everybody was told. */
  #roundAt: number;
  #refreshedAt: number;

  /** @param refreshMs everybody is told after this time, changed or not */
  constructor(
    sessions: () => Iterable<Pick<Session, "tellStanding">>,
    refreshMs: number,
    onError: (error: unknown) => void,
  ) {
    this.#sessions = sessions;
    this.#refreshMs = refreshMs;
    this.#onError = onError;
    this.#roundAt = this.#refreshedAt = performance.now();
    this.#plan();
  }

  /** Positions or counts may have changed. */
  changed(): void {
    if (this.#changed) return;
    this.#changed = true;
    this.#plan();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** The least time between two rounds. */
  get #restMs(): number {
    const calmMs = (1000 * this.#waiting) / NEWS_PER_SECOND;
    return Math.max(COALESCE_MS, Math.min(calmMs, this.#refreshEveryMs));
  }

  get #refreshEveryMs(): number {
    return Math.max(this.#refreshMs, (1000 * this.#waiting) / MOST_PER_SECOND);
  }

  #plan(): void {
    if (this.#closed || this.#telling) return;
    const now = performance.now();
    const refreshAt = this.#refreshedAt + this.#refreshEveryMs;
    const newsAt = Math.max(now + COALESCE_MS, this.#roundAt + this.#restMs);
    const at = this.#changed ? Math.min(newsAt, refreshAt) : refreshAt;
    if (this.#timer !== null && this.#timerAt <= at) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => void this.#tellAll(), Math.max(0, at - now));
    this.#timer.unref();
  }

  async #tellAll(): Promise<void> {
    this.#timer = null;
    this.#telling = true;
    this.#changed = false;
    this.#roundAt = performance.now();
    // A refresh that is all but due is not made a round of its own.
    const always = this.#roundAt + COALESCE_MS >= this.#refreshedAt + this.#refreshEveryMs;
    if (always) this.#refreshedAt = this.#roundAt;
    try {
      let waiting = 0;
      for (const session of [...this.#sessions()]) {
        if (this.#closed) return;
        if (!session.tellStanding(always)) continue;
        waiting += 1;
        if (waiting % SLICE === 0) await pause();
      }
      this.#waiting = waiting;
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#telling = false;
      this.#plan();
    }
  }
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, SLICE_PAUSE_MS).unref());
