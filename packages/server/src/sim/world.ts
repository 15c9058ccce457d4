import { DeadlineHeap } from "../lobby/deadlines.js";
import { seededRandom } from "../lobby/random.js";

/** Virtual time, things that happen in it, and seeded chance. */
export class World {
  /** Ms since the beginning of the run. */
  now = 0;
  readonly random: () => number;
  readonly #queue = new DeadlineHeap<() => void>();

  constructor(seed: string) {
    this.random = seededRandom(seed);
  }

  /** Does something after a while. */
  in(delayMs: number, action: () => void): void {
    this.#queue.add(this.now + delayMs, action);
  }

  /** Lets everything happen that is due up to a time. */
  runUntil(end: number): void {
    for (let at = this.#queue.nextAt; at !== null && at <= end; at = this.#queue.nextAt) {
      this.now = at;
      this.#queue.takeDue(at)?.();
    }
    this.now = end;
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.random();
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  /** Exponentially distributed, as the gaps of a Poisson process. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.random());
  }
}
