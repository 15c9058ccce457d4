import { median } from "@probematch/shared";
import { FIVE_PERCENT, LOGISTIC_SD, nothingKnown } from "../../latency/belief.js";
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
  /** How far measurements were from what was believed before, in scales of the belief, rising; empty = too few to tell. */
  readonly #errors: readonly number[] = [];
  /** How much further than believed each of the people is from all others, in scales. */
  readonly #remote: readonly number[] = [];

  constructor(people: readonly Located[], pairs: readonly MeasuredPair[]) {
    this.#people = people;
    for (const person of people) this.#model.locate(person);
    const errors: (PredictionError & { readonly log: number })[] = [];
    for (const { a, b, rttMs } of pairs) {
      const [x, y] = [people[a], people[b]];
      if (x === undefined || y === undefined || rttMs <= 0) continue;
      const belief = beliefOf(this.#model.edge(x, y));
      if (belief !== null) {
        const log = Math.log(rttMs) - belief.logMs;
        errors.push({ a, b, log, scales: log / belief.scale });
      }
      // What is read here is the expected RTT, which no limit has a part in.
      this.#model.observe(x, y, rttMs, null);
      this.#measured.set(this.#key(a, b), rttMs);
    }
    this.#sorted = [...this.#measured.values()].sort((a, b) => a - b);
    if (errors.length >= ENOUGH) {
      const remote = remotenessOf(errors, people.length);
      this.#remote = remote;
      this.#errors = fairly(
        errors.map((e) => ({ ...e, scales: e.scales - (remote[e.a] ?? 0) - (remote[e.b] ?? 0) })),
      );
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
    if (belief !== null) {
      const scales = (at(this.#errors, bounded) ?? logit) + (this.#remote[a] ?? 0) + (this.#remote[b] ?? 0);
      return Math.exp(belief.logMs + belief.scale * scales);
    }
    return at(this.#sorted, bounded) ?? Math.exp(nothingKnown.logRttMs + nothingKnown.scale * logit);
  }

  #key(a: number, b: number): number {
    return a < b ? a * this.#people.length + b : b * this.#people.length + a;
  }
}

interface PredictionError {
  readonly a: number;
  readonly b: number;
  /** In scales of the belief. */
  readonly scales: number;
}

/** Probes that weigh as much as the presumption that somebody is no further from all others than was believed. */
const PRESUMED = 3;
const ROUNDS = 10;

/**
 * What the errors of each one's pairs have in common: few landmarks do not show that somebody is far from everybody. Ridge
 * regression of the errors on the two people of a pair, by Gauss and Seidel's rounds.
 */
function remotenessOf(errors: readonly PredictionError[], people: number): readonly number[] {
  const pairs = Array.from({ length: people }, (): { other: number; scales: number }[] => []);
  for (const { a, b, scales } of errors) {
    pairs[a]?.push({ other: b, scales });
    pairs[b]?.push({ other: a, scales });
  }
  const remote = new Array<number>(people).fill(0);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [i, own] of pairs.entries()) {
      const sum = own.reduce((total, { other, scales }) => total + scales - (remote[other] ?? 0), 0);
      remote[i] = sum / (own.length + PRESUMED);
    }
  }
  return remote;
}

/**
 * The errors as they would be if everybody had been probed as often. Who is far from all is probed again and again until
 * somebody is near enough, so most of a log's pairs are theirs: a pair counts for the share it has of its people's probes.
 *
 * @returns a hundred quantiles, rising
 */
function fairly(errors: readonly PredictionError[]): readonly number[] {
  const probes = new Map<number, number>();
  for (const { a, b } of errors) for (const one of [a, b]) probes.set(one, (probes.get(one) ?? 0) + 1);
  const weightOf = ({ a, b }: PredictionError) => 1 / (probes.get(a) ?? 1) + 1 / (probes.get(b) ?? 1);
  const sorted = [...errors].sort((x, y) => x.scales - y.scales);
  const total = sorted.reduce((sum, error) => sum + weightOf(error), 0);
  const quantiles: number[] = [];
  let sum = 0;
  for (const error of sorted) {
    sum += weightOf(error) / total;
    while (quantiles.length < 100 && sum >= (quantiles.length + 0.5) / 100) quantiles.push(error.scales);
  }
  return quantiles;
}

const at = (rising: readonly number[], u: number): number | undefined =>
  rising[Math.floor(u * rising.length)];

function beliefOf({ rttMs, highMs }: Edge): { readonly logMs: number; readonly scale: number } | null {
  if (rttMs === null || highMs === null) return null;
  const logMs = Math.log(rttMs);
  return { logMs, scale: (Math.log(highMs) - logMs) / FIVE_PERCENT };
}
