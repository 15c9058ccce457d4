// biome-ignore-all lint/suspicious/noApproximativeNumericConstant: a fitted number that looks like a constant of mathematics is none
import { type Belief, noRepeats, ODD_SHARE } from "./belief.js";
import type { Bounds } from "./landmarks.js";

/** Nothing is surer than this: noise of the measurements, and what changes from one day to the next. */
export const SMALLEST_SCALE = 0.03;

export interface Coefficients {
  readonly landmarks: number;
  /** Of {@link describeBounds}; their sum is the logarithm of how much longer the path is than the shortest way over a landmark. */
  readonly location: readonly number[];
  /** Of {@link describeBounds}; their sum is the logarithm of the scale. */
  readonly scale: readonly number[];
}

/**
 * Most likely coefficients, for whether pairs are within limits of 50 to 200 ms, of one half of the nodes of two public matrices of
 * measured internet RTTs (universities' hosts and servers in world cities) and of made ones of four kinds, with a last mile added;
 * checked on the other halves, on other made ones, and on a kind that had no part in it. `pnpm bench prior` prints both. One row per
 * number of landmarks, as what a bound is worth depends on how many it was chosen from.
 */
export const coefficients: readonly Coefficients[] = [
  {
    landmarks: 1,
    location: [-0.069, -0.142, -0.036, -0.096, -0.096, -0.096, 0.096, 0.506, 0.197, 0.013, -0.019, -0.188, 0],
    scale: [-2.18, 0.89, -1.786, -1.786, -0.26, 0, 0.803, -1.392, 0.809, 0],
  },
  {
    landmarks: 2,
    location: [
      -0.235, -0.456, -0.002, 0.025, 0.009, 0.009, -0.051, 0.438, 0.062, -0.327, 0.118, -0.29, -0.052,
    ],
    scale: [-2.137, 0.201, -2.332, -0.667, -0.027, 0.526, 1.303, 1.82, 1.465, 0.573],
  },
  {
    landmarks: 3,
    location: [
      -0.518, -0.251, -0.032, 1.375, 0.042, 0.024, -0.053, 0.064, 0.124, -0.421, 0.193, -0.856, -0.098,
    ],
    scale: [-2.028, 0.081, -2.579, -0.784, 0.006, 0.2, 1.209, 2.498, 1.713, 0.584],
  },
  {
    landmarks: 4,
    location: [-0.672, -0.205, -0.056, 1.744, 0.09, 0.039, -0.039, 0.014, 0.129, -0.41, 0.14, -1.055, -0.089],
    scale: [-2, 0.106, -2.202, -0.984, 0.085, 0.178, 1.396, 2.236, 1.409, 0.598],
  },
  {
    landmarks: 5,
    location: [
      -0.715, -0.17, -0.023, 1.781, 0.103, 0.043, -0.031, -0.016, 0.114, -0.377, 0.121, -1.031, -0.087,
    ],
    scale: [-2.225, 0.208, -2.191, -0.778, 0.058, 0.168, 1.41, 2.051, 1.348, 0.643],
  },
  {
    landmarks: 6,
    location: [-0.782, -0.155, 0, 1.904, 0.102, 0.066, -0.019, -0.022, 0.09, -0.381, 0.109, -1.107, -0.083],
    scale: [-2.546, 0.271, -1.895, -0.684, 0.042, 0.111, 1.592, 1.942, 1.131, 0.734],
  },
  {
    landmarks: 8,
    location: [
      -0.897, -0.116, -0.015, 2.076, 0.052, 0.105, 0.001, -0.024, 0.078, -0.326, 0.033, -1.193, -0.058,
    ],
    scale: [-2.711, 0.26, -1.853, -0.684, -0.011, 0.146, 1.561, 1.902, 1.222, 0.758],
  },
];

/** Which coefficients to use, by number of landmarks; beyond the end the last ones. */
const byLandmarks: readonly (Coefficients | undefined)[] = Array.from(
  { length: Math.max(...coefficients.map(({ landmarks }) => landmarks)) + 1 },
  (_, count) => coefficients.findLast(({ landmarks }) => landmarks <= count) ?? coefficients[0],
);

/** How many coefficients a location and a scale have. */
export const LOCATION_SIZE = 13;
export const SCALE_SIZE = 10;

/** Room to calculate in: a decision asks about thousands of pairs, one after the other. */
const ofLocation = new Float64Array(LOCATION_SIZE);
const ofScale = new Float64Array(SCALE_SIZE);

/**
 * What the coefficients are of. Exported for fitting them (`bench prior`).
 *
 * @param location is filled: {@link LOCATION_SIZE} numbers
 * @param scale is filled: {@link SCALE_SIZE} numbers
 */
export function describeBounds(bounds: Bounds, location: Float64Array, scale: Float64Array): void {
  const { aboveMs, meanAboveMs, below1Ms, below2Ms, below3Ms, unlikeMs, remoteMs } = bounds;
  const far = Math.log(aboveMs / 100);
  const below1 = Math.min(1, below1Ms / aboveMs);
  const below2 = Math.min(1, below2Ms / aboveMs);
  const below3 = Math.min(1, below3Ms / aboveMs);
  const unlike = Math.log(unlikeMs + 5) - 3;
  const apart = Math.log(below1Ms + 10) - 3.5;
  // 0 where one of the two is at a landmark, up to a half where both are equally far from all.
  const remote = remoteMs / aboveMs;
  const choice = Math.log(meanAboveMs / aboveMs);
  // Bounds that contradict each other tell of a detour somewhere, and that nothing is sure.
  const contradiction = Math.min(2, Math.max(0, below1Ms / aboveMs - 1));
  location[0] = 1;
  location[1] = far;
  location[2] = far * far;
  location[3] = below1;
  location[4] = below2;
  location[5] = below3;
  location[6] = unlike;
  location[7] = apart;
  location[8] = unlike * far;
  location[9] = remote;
  location[10] = remote * unlike;
  location[11] = below1 * below1;
  location[12] = choice;
  scale[0] = 1;
  scale[1] = far;
  scale[2] = below1;
  scale[3] = below2;
  scale[4] = Math.log((unlikeMs + 3) / aboveMs);
  scale[5] = contradiction;
  scale[6] = remote;
  scale[7] = remote * far;
  scale[8] = below1 * below1;
  scale[9] = choice;
}

/**
 * What the landmarks alone say of a path. Asked about thousands of pairs for one decision: no lists, no searching.
 *
 * @param row default: the coefficients for so many landmarks
 */
export function beliefFrom(bounds: Bounds, row = rowFor(bounds.landmarks)): Belief {
  describeBounds(bounds, ofLocation, ofScale);
  return {
    logRttMs: Math.log(bounds.aboveMs) + product(row.location, ofLocation),
    scale: Math.max(SMALLEST_SCALE, Math.exp(product(row.scale, ofScale))),
    odd: ODD_SHARE,
    bounds,
    varianceLeft: 1,
    moved: 0,
    repeats: noRepeats,
    newShare: 1,
  };
}

function rowFor(landmarks: number): Coefficients {
  const row = byLandmarks[Math.min(landmarks, byLandmarks.length - 1)];
  if (row === undefined) throw new Error("the prior has no coefficients");
  return row;
}

function product(coefficientsOf: readonly number[], features: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < features.length; i += 1) sum += (coefficientsOf[i] ?? 0) * (features[i] ?? 0);
  return sum;
}
