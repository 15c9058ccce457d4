import { performance } from "node:perf_hooks";
import type { LogReporter } from "../logs.js";

/** Differences up to this are taken for drift and followed. */
const FOLLOW_MS = 1000;
/** Of a small difference, how much is made up for at each look. */
const GAIN = 0.2;
/** An answer that took longer says too little about the time. */
const MAX_TRIP_MS = 500;

/**
 * The time of the Redis server, which is the same for all nodes, carried on by this process' monotonic clock.
 *
 * It never goes back, and follows only what can be drift: where the clock of the Redis machine is set, the nodes go
 * on as before. A node's own clock does not matter, except that it is believed where it agrees with Redis
 * against the monotonic clock, which stands still while a machine is suspended.
 */
export class RedisClock {
  readonly #reporter: LogReporter;
  /** Redis time minus `performance.now()`; `null` before the first look. */
  #offsetMs: number | null = null;
  #last = 0;
  #warned = false;

  constructor(reporter: LogReporter) {
    this.#reporter = reporter;
  }

  /** Epoch ms; never goes back. */
  now(): number {
    const offset = this.#offsetMs ?? Date.now() - performance.now();
    this.#last = Math.max(this.#last, offset + performance.now());
    return this.#last;
  }

  /** @param offsetMs Redis time minus `performance.now()` */
  start(offsetMs: number): void {
    this.#offsetMs = offsetMs;
  }

  /**
   * Takes an answer of Redis into account.
   *
   * @param redisMs the time it said, epoch ms
   * @param askedAt when it was asked, on `performance.now()`'s scale
   */
  observe(redisMs: number, askedAt: number): void {
    const answeredAt = performance.now();
    if (answeredAt - askedAt > MAX_TRIP_MS && this.#offsetMs !== null) return;
    const offset = redisMs - (askedAt + answeredAt) / 2;
    if (this.#offsetMs === null) {
      this.#offsetMs = offset;
      return;
    }
    const differenceMs = offset - this.#offsetMs;
    if (Math.abs(differenceMs) <= FOLLOW_MS) {
      this.#offsetMs += differenceMs * GAIN;
      this.#warned = false;
    } else if (differenceMs > 0 && Math.abs(redisMs - Date.now()) <= FOLLOW_MS) {
      this.#offsetMs = offset;
    } else if (!this.#warned) {
      this.#warned = true;
      this.#reporter.warn(
        { differenceMs: Math.round(differenceMs) },
        "the clock of the Redis machine was set; this node goes on by its own",
      );
    }
  }
}
