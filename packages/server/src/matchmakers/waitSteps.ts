import type { Candidate } from "./candidate.js";

type Waiting = Pick<Candidate, "waitDeadlineAt" | "arrivedAt">;

/** Time is told apart in this many steps of a wait, at each of which a candidate is asked about again. */
const STEPS = 20;
/** The end of the wait: nobody is collected for a window beyond it, and no probe is left for later. */
const LAST_PART = 0.1;

/**
 * How much of a candidate's wait is over, told in steps: what is worked out for a step holds until the next one, at which the candidate
 * is looked at again.
 */
export class WaitSteps {
  readonly #patienceMs: number;

  /** @param patienceMs how long candidates are assumed to stay who have no wait limit */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** The whole wait, ms. */
  lengthMs({ waitDeadlineAt, arrivedAt }: Waiting): number {
    return Math.max(1, waitDeadlineAt === null ? this.#patienceMs : waitDeadlineAt - arrivedAt);
  }

  /** How much of it is over, 0 to 1, in steps. */
  shareOver(candidate: Waiting, now: number): number {
    return Math.max(0, Math.min(1, this.#stepAt(candidate, now) / STEPS));
  }

  /** Is so much over that this is the end of a wait? */
  isLastPart(shareOver: number): boolean {
    return shareOver >= 1 - LAST_PART;
  }

  /** When the last part of it begins. */
  lastPartAt(candidate: Waiting): number {
    return candidate.arrivedAt + (1 - LAST_PART) * this.lengthMs(candidate);
  }

  /** When the next step begins; `null` = the wait is over. */
  nextStepAt(candidate: Waiting, now: number): number | null {
    const next = this.#stepAt(candidate, now) + 1;
    return next > STEPS ? null : this.#beginOf(candidate, next);
  }

  /** The step under way: the last one that has begun. */
  #stepAt(candidate: Waiting, now: number): number {
    const step = Math.floor(((now - candidate.arrivedAt) / this.lengthMs(candidate)) * STEPS);
    // Rounding may have put it on the wrong side of a beginning.
    if (this.#beginOf(candidate, step) > now) return step - 1;
    return this.#beginOf(candidate, step + 1) > now ? step : step + 1;
  }

  #beginOf(candidate: Waiting, step: number): number {
    return candidate.arrivedAt + (step / STEPS) * this.lengthMs(candidate);
  }
}
