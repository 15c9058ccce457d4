import { logistic } from "./logistic.js";

/** What is believed of a coefficient before any observation: normal around the mean. */
export interface CoefficientPrior {
  readonly mean: number;
  readonly sd: number;
}

/** What was learned, as plain numbers. */
export interface SavedRegression {
  readonly coefficients: number[];
  /** Row by row. */
  readonly covariance: number[];
}

/** Halvings of the interval an observation's log-odds are searched in: to a billionth of it. */
const HALVINGS = 30;
/** An outcome that was as good as certain still says something, and the covariance stays a number. */
const LEAST_VARIANCE = 1e-5;

/**
 * A logistic regression that learns from one observation after another: what is believed of its coefficients stays normal, with the most
 * likely coefficients as its mean (Spiegelhalter and Lauritzen 1990, sec. 4; Bishop 2006, ch. 4.5).
 *
 * One surprise never moves it further than what it is surprised about was uncertain: the most likely log-odds are
 * searched for along the observation, rather than stepped towards.
 */
export class OnlineLogistic {
  readonly #size: number;
  readonly #coefficients: Float64Array;
  readonly #covariance: Float64Array;
  /** Room to calculate in. */
  readonly #spread: Float64Array;

  constructor(prior: readonly CoefficientPrior[], saved: SavedRegression | null = null) {
    this.#size = prior.length;
    this.#coefficients = Float64Array.from(saved?.coefficients ?? prior.map(({ mean }) => mean));
    this.#covariance = Float64Array.from(
      saved?.covariance ??
        prior.flatMap(({ sd }, row) => prior.map((_, column) => (row === column ? sd * sd : 0))),
    );
    this.#spread = new Float64Array(this.#size);
  }

  /** The most likely ones, as they are now. */
  get coefficients(): Float64Array {
    return this.#coefficients;
  }

  save(): SavedRegression {
    return { coefficients: [...this.#coefficients], covariance: [...this.#covariance] };
  }

  /** @param inputs as many as there are coefficients */
  learn(inputs: Float64Array, happened: boolean): void {
    const size = this.#size;
    const coefficients = this.#coefficients;
    const covariance = this.#covariance;
    const spread = this.#spread;
    let said = 0;
    let variance = 0;
    for (let i = 0; i < size; i += 1) {
      let sum = 0;
      for (let j = 0; j < size; j += 1) sum += at(covariance, i * size + j) * at(inputs, j);
      spread[i] = sum;
      variance += at(inputs, i) * sum;
      said += at(coefficients, i) * at(inputs, i);
    }
    if (variance <= 0) return;
    const likeliest = likeliestLogOdds(said, variance, happened);
    const chance = logistic(likeliest);
    const surplus = 1 / (1 / Math.max(LEAST_VARIANCE, chance * (1 - chance)) + variance);
    for (let i = 0; i < size; i += 1) {
      coefficients[i] = at(coefficients, i) + (at(spread, i) * (likeliest - said)) / variance;
      for (let j = 0; j < size; j += 1)
        covariance[i * size + j] = at(covariance, i * size + j) - at(spread, i) * at(spread, j) * surplus;
    }
  }
}

/** Where what was believed of the log-odds, normal, and what happened are most likely together. */
function likeliestLogOdds(said: number, variance: number, happened: boolean): number {
  const outcome = happened ? 1 : 0;
  let low = happened ? said : said - variance;
  let high = happened ? said + variance : said;
  for (let i = 0; i < HALVINGS; i += 1) {
    const middle = (low + high) / 2;
    if (middle - said < variance * (outcome - logistic(middle))) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

const at = (numbers: Float64Array, i: number): number => numbers[i] ?? 0;
