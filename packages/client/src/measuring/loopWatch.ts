import type { Stall } from "./pingSeries.js";

const TICK_MS = 20;
/** The W3C Long Tasks threshold: shorter ones are everyday life of a page. */
const STALL_MS = 50;
/** Messages that queued up behind a stall are handed out for a moment after it. */
const AFTERMATH_MS = 5;

/** Notices when the event loop stands still, by the lateness of a timer. Nothing is noticed in a hidden page. */
export class LoopWatch {
  readonly stalls: Stall[] = [];
  /** The longest standstill so far, ms. */
  longestMs = 0;
  #last = performance.now();
  #timer: ReturnType<typeof setInterval> | undefined = setInterval(() => this.look(), TICK_MS);

  /** Also called when a series ends, so that a stall under way is not overlooked. */
  look(): void {
    const now = performance.now();
    const lateMs = now - this.#last - TICK_MS;
    // A hidden page's timers come once a second: that is throttling, not a stall.
    if (!isHidden()) {
      this.longestMs = Math.max(this.longestMs, lateMs);
      if (lateMs >= STALL_MS) this.stalls.push({ from: this.#last + TICK_MS, to: now + AFTERMATH_MS });
    }
    this.#last = now;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

export const isHidden = (): boolean => typeof document !== "undefined" && document.hidden;
