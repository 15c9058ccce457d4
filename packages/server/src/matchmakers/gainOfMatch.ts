import type { Candidate } from "./candidate.js";
import type { MatchContext } from "./matchmaker.js";
import { PROBE } from "./priceOfProbe.js";
import { valueOfWaiting } from "./valueOfWaiting.js";
import type { WaitSteps } from "./waitSteps.js";

/** What a whole wait costs, likewise: a newcomer takes a good partner now rather than a little better one later. */
const WHOLE_WAIT = 0.08;
/** The share of newcomers that are not snatched away by somebody else who waits. */
const AVAILABLE = 0.65;
/** With fewer people to go by, somebody is taken to have the prospects of many: every third person is near. */
const FEWEST_PROSPECTS = 16;
const USUAL_PROSPECTS: readonly number[] = [...Array<number>(5).fill(0.95), ...Array<number>(11).fill(0.02)];
const USUAL_ARRIVALS = 60;
/** Rates of arrival are told apart by the eighth part of an octave: a value is worked out once for all that are alike. */
const RATE_STEPS = 8;

/**
 * What a match now is worth more to somebody than to wait on: going by the people who came last, by how many are still to come
 * before its wait is over, and by what a probe and waiting cost ({@link valueOfWaiting}).
 */
export class GainOfMatch {
  readonly #wait: WaitSteps;
  readonly #values = new WeakMap<readonly number[], KnownValue>();

  constructor(wait: WaitSteps) {
    this.#wait = wait;
  }

  /** From 0, as good as to wait on, to 1, where nothing is to be hoped for any more. */
  of(candidate: Candidate, context: Pick<MatchContext, "now" | "prospects" | "arrivalsPerSecond">): number {
    const waited = this.#wait.shareOver(candidate, context.now);
    const known = context.prospects(candidate);
    // Of whom nothing was measured, nobody still to come is expected to be nearer than who is here.
    if (known.length === 0) return 1;
    const rate = context.arrivalsPerSecond;
    if (rate === null || known.length < FEWEST_PROSPECTS)
      return 1 - this.#valueOfWaiting(USUAL_PROSPECTS, USUAL_ARRIVALS, waited);
    const alike = 2 ** (Math.round(RATE_STEPS * Math.log2(rate)) / RATE_STEPS);
    return 1 - this.#valueOfWaiting(known, (alike * this.#wait.lengthMs(candidate)) / 1000, waited);
  }

  /** Kept for a list of prospects as long as it is asked about the same: it is asked for every pair. */
  #valueOfWaiting(prospects: readonly number[], arrivalsInAll: number, waited: number): number {
    const known = this.#values.get(prospects);
    if (known?.arrivalsInAll === arrivalsInAll && known.waited === waited) return known.value;
    const value = valueOfWaiting(prospects, AVAILABLE * arrivalsInAll * (1 - waited), {
      perProbe: PROBE / 2,
      perArrival: WHOLE_WAIT / arrivalsInAll,
    });
    this.#values.set(prospects, { arrivalsInAll, waited, value });
    return value;
  }
}

interface KnownValue {
  readonly arrivalsInAll: number;
  readonly waited: number;
  readonly value: number;
}
