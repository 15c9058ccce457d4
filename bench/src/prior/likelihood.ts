import {
  type Coefficients,
  describeBounds,
  LOCATION_SIZE,
  ODD_SCALE,
  ODD_SHARE,
  SCALE_SIZE,
  SMALLEST_SCALE,
} from "@probematch/server/core";
import type { Evaluation } from "./lbfgs.js";
import type { Pair } from "./samples.js";

/** Pairs of one kind. */
export interface Sample {
  readonly pairs: readonly Pair[];
  /** Of all of them together. */
  readonly weight: number;
}

/** What a study may ask: is this pair within so much, ms? */
const LIMITS_MS = [50, 70, 85, 100, 120, 150, 200];
const LOG_LIMITS = LIMITS_MS.map(Math.log);

/** Keeps features that say the same thing, and those of which the data say nothing, from growing against each other. */
const RIDGE = 3e-4;
/** The scale (as a logarithm) from which the fit starts and to which the ridge draws it; all other coefficients: 0. */
const START_LOG_SCALE = -2;

/** Far beyond what any pair has, and near enough for chances whose product is no zero. */
const MOST_Z = 300;

const FEATURES = LOCATION_SIZE + SCALE_SIZE;

/** Location's coefficients, then the scale's. */
export function startOfFit(): Float64Array {
  const start = new Float64Array(FEATURES);
  start[LOCATION_SIZE] = START_LOG_SCALE;
  return start;
}

export const coefficientsOf = (landmarks: number, at: Float64Array): Coefficients => ({
  landmarks,
  location: [...at.slice(0, LOCATION_SIZE)],
  scale: [...at.slice(LOCATION_SIZE)],
});

export const pointOf = ({ location, scale }: Coefficients): Float64Array =>
  Float64Array.from([...location, ...scale]);

/**
 * What is minimised: the weighted sum over the samples of the logarithmic loss of "within L", which is added over the limits L and
 * is the mean over the pairs; and the ridge. Judged like this, and not by the RTTs' own density, coefficients spend nothing on how
 * long a path is that is too long anyway.
 */
export function lossOf(samples: readonly Sample[]): (at: Float64Array) => Evaluation {
  const start = startOfFit();
  const { size, features, logAbove, withinFrom, weights } = casesOf(samples);
  return (at) => {
    const gradient = new Float64Array(at.length);
    let value = 0;
    for (let n = 0; n < size; n += 1) {
      const first = n * FEATURES;
      let middle = logAbove[n] ?? 0;
      for (let i = 0; i < LOCATION_SIZE; i += 1) middle += (at[i] ?? 0) * (features[first + i] ?? 0);
      let logScale = 0;
      for (let i = LOCATION_SIZE; i < FEATURES; i += 1) logScale += (at[i] ?? 0) * (features[first + i] ?? 0);
      const wanted = Math.exp(logScale);
      const scale = Math.max(SMALLEST_SCALE, wanted);
      // Chances of what is true, all limits together: one logarithm for all of them.
      let chances = 1;
      let byMiddle = 0;
      let byLogScale = 0;
      for (let i = 0; i < LOG_LIMITS.length; i += 1) {
        const z = ((LOG_LIMITS[i] ?? 0) - middle) / scale;
        // What is true has the chance of z, or that of -z.
        const sign = i >= (withinFrom[n] ?? 0) ? 1 : -1;
        const away = Math.min(MOST_Z, -sign * z);
        const narrow = 1 / (1 + Math.exp(away));
        const wide = 1 / (1 + Math.exp(away / ODD_SCALE));
        const chance = (1 - ODD_SHARE) * narrow + ODD_SHARE * wide;
        const slope = (1 - ODD_SHARE) * narrow * (1 - narrow) + (ODD_SHARE / ODD_SCALE) * wide * (1 - wide);
        const lossByZ = (-sign * slope) / chance;
        chances *= chance;
        byMiddle -= lossByZ / scale;
        byLogScale -= lossByZ * z;
      }
      const weight = weights[n] ?? 0;
      value -= weight * Math.log(chances);
      if (wanted < SMALLEST_SCALE) byLogScale = 0;
      for (let i = 0; i < FEATURES; i += 1) {
        const slope = weight * (i < LOCATION_SIZE ? byMiddle : byLogScale);
        gradient[i] = (gradient[i] ?? 0) + slope * (features[first + i] ?? 0);
      }
    }
    for (let i = 0; i < FEATURES; i += 1) {
      const excess = (at[i] ?? 0) - (start[i] ?? 0);
      value += RIDGE * excess * excess;
      gradient[i] = (gradient[i] ?? 0) + 2 * RIDGE * excess;
    }
    return { value, gradient };
  };
}

/** All pairs one after the other, as they are gone through some thousand times. */
function casesOf(samples: readonly Sample[]) {
  const size = samples.reduce((sum, { pairs }) => sum + pairs.length, 0);
  const cases = {
    size,
    /** Of the location, then of the scale. */
    features: new Float64Array(size * FEATURES),
    logAbove: new Float64Array(size),
    /** The pair is within this limit and all after it. */
    withinFrom: new Uint8Array(size),
    weights: new Float64Array(size),
  };
  let n = 0;
  for (const { pairs, weight } of samples) {
    for (const { bounds, rttMs } of pairs) {
      const middle = n * FEATURES + LOCATION_SIZE;
      describeBounds(
        bounds,
        cases.features.subarray(n * FEATURES, middle),
        cases.features.subarray(middle, (n + 1) * FEATURES),
      );
      cases.logAbove[n] = Math.log(bounds.aboveMs);
      cases.withinFrom[n] = LIMITS_MS.filter((limitMs) => limitMs < rttMs).length;
      cases.weights[n] = weight / pairs.length;
      n += 1;
    }
  }
  return cases;
}
