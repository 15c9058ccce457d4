import { median } from "@probematch/shared";
import type { Edge } from "../../latency/edge.js";
import type { Located } from "../../latency/landmarks.js";
import { LatencyModel } from "../../latency/latencyModel.js";

/** A pair that was probed; people by their place in the list. */
export interface MeasuredPair {
  readonly a: number;
  readonly b: number;
  readonly rttMs: number;
}

/** How much is known of the latencies, and how well the rest could be told. */
export interface LatencyKnowledge {
  readonly pairs: number;
  readonly measuredPairs: number;
  /** RTTs to places that two people have in common, at most: beacons, and the server as one more. */
  readonly landmarks: number;
  /** People of whom nothing was measured. */
  readonly unlocated: number;
  /**
   * How far off the prediction of a pair was before it was measured: the factor that half of the pairs stayed within;
   * `null` where none was both predicted and measured.
   */
  readonly errorFactor: number | null;
}

/** Pairs needed before the prediction's own spread is believed less than its errors. */
const ENOUGH = 30;
/** Two measurements of one pair differ by this much, as a standard deviation of the logarithm. */
const AGAIN_SD = 0.08;
const LOGISTIC_SD = Math.PI / Math.sqrt(3);
/** Half of a logistic distribution lies within this many scales of its middle. */
const HALF = Math.log(3);
const FIVE_PERCENT = Math.log(19);
/** Without any measurement at all: half of the world's pairs are within 130 ms. */
const ANYWHERE = { logMs: Math.log(130), scale: 0.4 };

/**
 * RTTs between the people of a log, those never probed included. A measured pair has what was measured. Any other has
 * what the scene's own model says after it has learned from the log, with as much chance in it as the model was wrong by
 * (its errors on each pair before it was told). Where there are no landmarks, a draw from all measured RTTs: fair as far as
 * the pairs probed were picked without regard to latency.
 */
export class LearnedLatencies {
  readonly knowledge: LatencyKnowledge;
  readonly #model = new LatencyModel();
  readonly #people: readonly Located[];
  readonly #measured = new Map<number, number>();
  readonly #sorted: readonly number[];
  readonly #shift: number = 0;
  readonly #stretch: number = 1;

  constructor(people: readonly Located[], pairs: readonly MeasuredPair[]) {
    this.#people = people;
    for (const person of people) this.#model.locate(person);
    const errors: { readonly log: number; readonly scales: number }[] = [];
    for (const { a, b, rttMs } of pairs) {
      const [x, y] = [people[a], people[b]];
      if (x === undefined || y === undefined || rttMs <= 0) continue;
      const belief = beliefOf(this.#model.edge(x, y));
      if (belief !== null) {
        const log = Math.log(rttMs) - belief.logMs;
        errors.push({ log, scales: log / belief.scale });
      }
      this.#model.observe(x, y, rttMs);
      this.#measured.set(this.#key(a, b), rttMs);
    }
    this.#sorted = [...this.#measured.values()].sort((a, b) => a - b);
    if (errors.length >= ENOUGH) {
      const scales = errors.map((error) => error.scales);
      const shift = median(scales) ?? 0;
      this.#shift = shift;
      this.#stretch = (median(scales.map((z) => Math.abs(z - shift))) ?? HALF) / HALF;
    }
    const located = people.map(({ serverRtt, beaconRttMs }) =>
      serverRtt === null ? Object.keys(beaconRttMs).length : 1 + Object.keys(beaconRttMs).length,
    );
    const typical = median(errors.map((error) => Math.abs(error.log)));
    this.knowledge = {
      pairs: (people.length * (people.length - 1)) / 2,
      measuredPairs: this.#measured.size,
      landmarks: Math.max(0, ...located),
      unlocated: located.filter((count) => count === 0).length,
      errorFactor: typical === null ? null : Math.exp(typical),
    };
  }

  /**
   * An RTT for two people like these, ms.
   *
   * @param u uniform in (0, 1): where in what is possible for them
   */
  draw(a: number, b: number, u: number): number {
    const bounded = Math.min(0.995, Math.max(0.005, u));
    const logit = Math.log(bounded / (1 - bounded));
    const measured = a === b ? undefined : this.#measured.get(this.#key(a, b));
    if (measured !== undefined) return measured * Math.exp((AGAIN_SD * logit) / LOGISTIC_SD);
    const [x, y] = [this.#people[a], this.#people[b]];
    const belief = x === undefined || y === undefined ? null : beliefOf(this.#model.edge(x, y));
    if (belief !== null) return Math.exp(belief.logMs + belief.scale * (this.#shift + this.#stretch * logit));
    return (
      this.#sorted[Math.floor(u * this.#sorted.length)] ?? Math.exp(ANYWHERE.logMs + ANYWHERE.scale * logit)
    );
  }

  #key(a: number, b: number): number {
    return a < b ? a * this.#people.length + b : b * this.#people.length + a;
  }
}

function beliefOf({ rttMs, highMs }: Edge): { readonly logMs: number; readonly scale: number } | null {
  if (rttMs === null || highMs === null) return null;
  const logMs = Math.log(rttMs);
  return { logMs, scale: (Math.log(highMs) - logMs) / FIVE_PERCENT };
}
