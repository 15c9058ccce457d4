import type { Bounds } from "./landmarks.js";

/** What is believed of a path's RTT before anybody measured one like it: ln(rtt / ms) is logistic around it. */
export interface Belief {
  /** Median, as a natural logarithm of ms. */
  readonly logRttMs: number;
  /** Scale of the logistic distribution of the logarithm; its standard deviation is 1.81 times as much. */
  readonly scale: number;
}

/** Standard deviation of the standard logistic distribution, π / √3. */
export const LOGISTIC_SD = Math.PI / Math.sqrt(3);

const SMALLEST_SCALE = 0.03;

interface Coefficients {
  readonly landmarks: number;
  readonly location: readonly number[];
  readonly scale: readonly number[];
}

/**
 * Least squares on one half of the nodes of two public matrices of measured internet RTTs (universities' hosts and
 * servers in world cities, equal weight), with a last mile added; checked on the other half, and fitted on one
 * matrix and checked on the other, where AUC and calibration stay within a point of these. One row per
 * number of landmarks, as what a bound is worth depends on how many it was chosen from.
 */
const coefficients: readonly Coefficients[] = [
  {
    landmarks: 1,
    location: [-0.05, -0.174, -0.078, -0.195, -0.195, -0.195, 0.07, 0.606, 0.241],
    scale: [-0.182, 0.473, -1.492, -1.492, 0.166, 0],
  },
  {
    landmarks: 2,
    location: [-0.276, -0.358, -0.096, -0.281, 0.031, 0.031, -0.015, 0.453, 0.042],
    scale: [-1.211, 0.134, -2.023, -0.346, -0.102, 3.224],
  },
  {
    landmarks: 3,
    location: [-0.275, -0.357, -0.038, -0.349, 0.079, -0.005, 0.03, 0.427, 0.009],
    scale: [-1.43, -0.132, -1.226, -0.357, -0.108, 1.517],
  },
  {
    landmarks: 5,
    location: [-0.29, -0.112, -0.012, -0.004, 0.08, -0.001, 0.056, 0.136, -0.004],
    scale: [-1.725, -0.216, -0.566, -0.77, -0.168, 1.036],
  },
  {
    landmarks: 8,
    location: [-0.27, -0.186, -0.052, -0.134, 0.115, 0.05, 0.052, 0.167, 0.04],
    scale: [-2.117, -0.177, -0.385, -0.619, -0.35, 1.033],
  },
];

/** From the mean absolute error of a fit to the scale of the logistic distribution that fits the tails best. */
const SCALE_FACTOR = 0.9;

/** What the landmarks alone say of a path. */
export function beliefFrom(bounds: Bounds): Belief {
  const { aboveMs, belowMs, unlikeMs } = bounds;
  const row = coefficients.findLast((c) => c.landmarks <= bounds.landmarks) ?? coefficients[0];
  if (row === undefined) throw new Error("the prior has no coefficients");
  const far = Math.log(aboveMs / 100);
  const [below1, below2, below3] = belowMs.map((ms) => Math.min(1, ms / aboveMs)) as [number, number, number];
  const unlike = Math.log(unlikeMs + 5) - 3;
  const apart = Math.log(belowMs[0] + 10) - 3.5;
  const location = dot(row.location, [
    1,
    far,
    far * far,
    below1,
    below2,
    below3,
    unlike,
    apart,
    unlike * far,
  ]);
  // Bounds that contradict each other tell of a detour somewhere, and that nothing is sure.
  const contradiction = Math.min(2, Math.max(0, belowMs[0] / aboveMs - 1));
  const scale = dot(row.scale, [1, far, below1, below2, Math.log((unlikeMs + 3) / aboveMs), contradiction]);
  return {
    logRttMs: Math.log(aboveMs) + location,
    scale: SCALE_FACTOR * Math.max(SMALLEST_SCALE, Math.exp(scale)),
  };
}

/** Without any landmark in common: half of the world's pairs are within 130 ms, most within 400. */
export const nothingKnown: Belief = { logRttMs: Math.log(130), scale: 0.4 };

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
