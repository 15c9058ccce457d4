import type { Candidate } from "./candidate.js";
import type { WaitSteps } from "./waitSteps.js";

type Waiting = Pick<Candidate, "waitDeadlineAt" | "arrivedAt">;

/**
 * Newcomers are collected for a while, and then proposed together. Windows are the same for all, by the server's time, and nobody
 * is collected into the last part of its wait.
 */
export class BatchWindow {
  readonly #windowMs: number;
  readonly #wait: WaitSteps;

  /** @param windowMs 0 = nobody is collected */
  constructor(windowMs: number, wait: WaitSteps) {
    this.#windowMs = windowMs;
    this.#wait = wait;
  }

  /** From when on this candidate may be proposed; `null` = at once, where nobody is collected. */
  collectedAt(candidate: Waiting): number | null {
    if (this.#windowMs === 0) return null;
    const windowEnd = Math.ceil(candidate.arrivedAt / this.#windowMs) * this.#windowMs;
    return Math.min(windowEnd, this.#wait.lastPartAt(candidate));
  }

  /** May this candidate be proposed by now? */
  isCollected(candidate: Waiting, now: number): boolean {
    const at = this.collectedAt(candidate);
    return at === null || at <= now;
  }
}
