import * as v from "valibot";
import { type Belief, chanceBelieved } from "./belief.js";
import { logistic, logOddsOf } from "./logistic.js";
import { type CoefficientPrior, OnlineLogistic } from "./onlineLogistic.js";
import { describeBounds, LOCATION_SIZE, SCALE_SIZE } from "./prior.js";

/** Where each input of the regression is: first the one that is 1 for all pairs that were not measured before. */
const CONSTANT = 0;
/** The log-odds of what was said, alone and times {@link LEARNED}. */
const SAID = 1;
const SAID_LEARNED = 2;
/** The share of the variance landmarks left that the scene's own probes have taken away. */
const LEARNED = 3;
/** How far they have moved the belief, alone and times {@link LEARNED}. */
const MOVED = 4;
const MOVED_LEARNED = 5;
/** All that {@link describeBounds} says of a location but its constant. */
const LANDMARKS = 6;
const LANDMARKS_SIZE = LOCATION_SIZE - 1;
const SIZE = LANDMARKS + LANDMARKS_SIZE;

/**
 * Before any probe what was said stands. How fast it is left was chosen on simulated studies of other worlds than any that figures are
 * given for: faster, and a study of 300 people says worse of pairs it would never probe; more slowly, and a long one needs more probes.
 */
const priorOf: readonly CoefficientPrior[] = [
  { mean: 0, sd: 0.1 },
  { mean: 1, sd: 0.1 },
  { mean: 0, sd: 0.5 },
  { mean: 0, sd: 0.5 },
  { mean: 0, sd: 0.3 },
  { mean: 0, sd: 0.3 },
  ...Array.from({ length: LANDMARKS_SIZE }, () => ({ mean: 0, sd: 0.3 })),
];
/** Moved further than this, in standard deviations, is an outlier. */
const FURTHEST_MOVED = 4;
/** By so much of what was said the log-odds rise at least: a larger limit is never less likely to be kept. */
const LEAST_SLOPE = 0.1;

const numbers = (count: number) => v.pipe(v.array(v.number()), v.length(count));

/** What was learned, as plain JSON. */
export const savedCalibrationSchema = v.object({
  probes: v.number(),
  /** What is believed now. */
  coefficients: numbers(SIZE),
  covariance: numbers(SIZE * SIZE),
  /** What was believed when the number of probes was last a power of two. */
  settled: numbers(SIZE),
});
export type SavedCalibration = v.InferOutput<typeof savedCalibrationSchema>;

/**
 * Corrects chances by what became of the probes they were said of, so that of those said to have 30 %, 30 % are good in this
 * scene too: a logistic regression on what was said, on how much of it the scene's own probes taught, and on what landmarks say. A scene
 * finds out by it whether beliefs are too sure or not sure enough, whether its own probes should count for more, and in which
 * way its network is unlike those the landmarks' part was fitted to.
 */
export class Calibration {
  readonly #regression: OnlineLogistic;
  #settled: Float64Array;
  #probes: number;

  constructor(saved: SavedCalibration | null = null) {
    this.#regression = new OnlineLogistic(priorOf, saved);
    this.#settled = Float64Array.from(saved?.settled ?? this.#regression.coefficients);
    this.#probes = saved?.probes ?? 0;
  }

  /** Counts up whenever the number of probes has doubled: {@link settled} says the same as long as this does. */
  get generation(): number {
    return 32 - Math.clz32(this.#probes);
  }

  save(): SavedCalibration {
    return { probes: this.#probes, ...this.#regression.save(), settled: [...this.#settled] };
  }

  /** A probe of a pair of which this was believed (not corrected) came out within the limit, or not. */
  observe(belief: Belief, limitMs: number, isWithin: boolean): void {
    describe(belief, limitMs);
    this.#regression.learn(inputs, isWithin);
    const before = this.generation;
    this.#probes += 1;
    if (this.generation !== before) this.#settled = this.#regression.coefficients.slice();
  }

  /** The chance of an RTT within the limit, where this is believed. */
  corrected(belief: Belief, limitMs: number): number {
    return chanceBy(this.#regression.coefficients, belief, limitMs);
  }

  /** The same, by what was known when the number of probes had last doubled: for what is kept a while. */
  settled(belief: Belief, limitMs: number): number {
    return chanceBy(this.#settled, belief, limitMs);
  }
}

function chanceBy(coefficients: Float64Array, belief: Belief, limitMs: number): number {
  describe(belief, limitMs);
  let logOdds = 0;
  for (let i = 0; i < inputs.length; i += 1) logOdds += at(coefficients, i) * at(inputs, i);
  const slope = at(coefficients, SAID) + at(coefficients, SAID_LEARNED) * shareLearned(belief);
  if (slope < LEAST_SLOPE) logOdds += (LEAST_SLOPE - slope) * at(inputs, SAID);
  return logistic(logOdds);
}

/** Room to calculate in: a decision asks about thousands of pairs, one after the other. */
const inputs = new Float64Array(SIZE);
const location = new Float64Array(LOCATION_SIZE);
const scale = new Float64Array(SCALE_SIZE);

function describe(belief: Belief, limitMs: number): void {
  const { newShare, varianceLeft } = belief;
  const said = logOddsOf(chanceBelieved(belief, limitMs));
  const learned = 1 - varianceLeft;
  const moved = Math.max(-FURTHEST_MOVED, Math.min(FURTHEST_MOVED, belief.moved));
  // Of a path that was measured before nothing else has to be corrected: it is what it was.
  inputs[CONSTANT] = newShare;
  inputs[SAID] = said;
  inputs[SAID_LEARNED] = said * shareLearned(belief);
  inputs[LEARNED] = newShare * learned;
  inputs[MOVED] = newShare * moved;
  inputs[MOVED_LEARNED] = newShare * moved * learned;
  describeBounds(belief.bounds, location, scale);
  for (let i = 0; i < LANDMARKS_SIZE; i += 1) inputs[LANDMARKS + i] = newShare * at(location, i + 1);
}

/** The share of what landmarks left open that the scene's own probes have settled. */
const shareLearned = ({ newShare, varianceLeft }: Belief): number => 1 - newShare * varianceLeft;

const at = (numbers: Float64Array, i: number): number => numbers[i] ?? 0;
