/** Monotonic time in ms. One function for all: each connection has several that need a clock. */
export const monotonicMs = (): number => performance.now();

/** How many messages one connection may send: a bucket that holds `burst` and fills at a steady rate. */
export class MessageBudget {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #clock: () => number;
  #left: number;
  #filledAt: number;
  #overdrawn = 0;

  /** @param clock monotonic time in ms; default: `performance.now()` */
  constructor(burst: number, perSecond: number, clock = monotonicMs) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#left = burst;
    this.#filledAt = clock();
  }

  /**
   * - `ok`: within the limit
   * - `refuse`: over it; the page is told
   * - `drop`: over it, and the page was told a moment ago: answers to a flood must not be a flood
   * - `disconnect`: it does not stop
   */
  take(): "ok" | "refuse" | "drop" | "disconnect" {
    const now = this.#clock();
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#filledAt) * this.#perSecond) / 1000);
    this.#filledAt = now;
    if (this.#left >= 1) {
      this.#left -= 1;
      if (this.#left > this.#burst / 2) this.#overdrawn = 0;
      return "ok";
    }
    this.#overdrawn += 1;
    if (this.#overdrawn > 5 * this.#burst) return "disconnect";
    return this.#overdrawn % this.#burst === 1 ? "refuse" : "drop";
  }
}
