import type { Bounds } from "./landmarks.js";

/** What is believed of a path's RTT before anybody measured one like it: ln(rtt / ms) is logistic around it. */
export interface Belief {
  /** Median, as a natural logarithm of ms. */
  readonly logRttMs: number;
  /** Scale of the logistic distribution of the logarithm; its standard deviation is 1.81 times as much. */
  readonly scale: number;
  /** Share of the belief that is about paths the landmarks are wrong about: {@link ODD_SCALE} times as wide. */
  readonly odd: number;
  /** What the scene's own probes have left of the variance the landmarks' belief had, as a share; 1 = they taught nothing. */
  readonly varianceLeft: number;
}

/** Some paths go another way than all others: routing, tunnels, a landmark's own detour. */
const ODD_SHARE = 0.03;
const ODD_SCALE = 4;

/** The probability of an RTT of at most `limitMs`. */
export function chanceOf({ logRttMs, scale, odd }: Omit<Belief, "varianceLeft">, limitMs: number): number {
  const z = (Math.log(limitMs) - logRttMs) / scale;
  return (1 - odd) * logistic(z) + odd * logistic(z / ODD_SCALE);
}

/** The chance with these log-odds. */
export const logistic = (z: number): number => 1 / (1 + Math.exp(-z));

/** Standard deviation of the standard logistic distribution, π / √3. */
export const LOGISTIC_SD = Math.PI / Math.sqrt(3);
/** 5 % of a logistic distribution lie beyond this many scales on either side. */
export const FIVE_PERCENT = Math.log(19);

const SMALLEST_SCALE = 0.03;

type Eight = readonly [number, number, number, number, number, number, number, number];

interface Coefficients {
  readonly landmarks: number;
  readonly location: readonly [...Eight, number, number, number];
  readonly scale: Eight;
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
    location: [-0.074, -0.173, -0.078, -0.17, -0.17, -0.17, 0.103, 0.604, 0.241, 0.048, -0.067],
    scale: [-0.209, 0.489, -1.323, -1.323, 0.243, 0, 0.557, 0.185],
  },
  {
    landmarks: 2,
    location: [-0.268, -0.321, -0.09, -0.208, 0.028, 0.028, -0.032, 0.4, 0.043, -0.031, 0.102],
    scale: [-2.257, 0.002, -1.112, -0.264, -0.12, 2.835, 1.838, 0.711],
  },
  {
    landmarks: 3,
    location: [-0.072, -0.314, -0.044, -0.212, 0.011, -0.01, -0.042, 0.303, 0.046, -0.6, 0.288],
    scale: [-2.799, 0.104, -0.762, 0.219, -0.105, 1.11, 2.885, 0.035],
  },
  {
    landmarks: 5,
    location: [-0.136, -0.188, -0.046, -0.006, 0.036, -0.018, -0.031, 0.153, 0.058, -0.482, 0.315],
    scale: [-3.045, 0.083, -0.272, -0.139, -0.151, 0.885, 2.84, -0.236],
  },
  {
    landmarks: 8,
    location: [-0.168, -0.254, -0.081, -0.127, 0.109, 0.025, -0.023, 0.174, 0.102, -0.373, 0.305],
    scale: [-3.279, 0.144, -0.165, -0.077, -0.323, 0.937, 2.575, -0.328],
  },
];

/**
 * Least squares find the mean of the logarithms, which detours pull above their median: without this, pairs that seemed likely to be
 * just beyond a limit were within it more often than said. Fitted on one half of the nodes, checked on the other.
 */
const MEDIAN_BELOW_MEAN = 0.035;

/** From the mean absolute error of a fit to the scale of the logistic distribution that fits the tails best. */
const SCALE_FACTOR = 0.75;

/** Which coefficients to use, by number of landmarks; beyond the end the last ones. */
const byLandmarks: readonly (Coefficients | undefined)[] = Array.from(
  { length: Math.max(...coefficients.map(({ landmarks }) => landmarks)) + 1 },
  (_, count) => coefficients.findLast(({ landmarks }) => landmarks <= count) ?? coefficients[0],
);

/** What the landmarks alone say of a path. Asked about thousands of pairs for one decision: no lists, no searching. */
export function beliefFrom(bounds: Bounds): Belief {
  const { aboveMs, below1Ms, below2Ms, below3Ms, unlikeMs, remoteMs } = bounds;
  const row = byLandmarks[Math.min(bounds.landmarks, byLandmarks.length - 1)];
  if (row === undefined) throw new Error("the prior has no coefficients");
  const far = Math.log(aboveMs / 100);
  const below1 = Math.min(1, below1Ms / aboveMs);
  const below2 = Math.min(1, below2Ms / aboveMs);
  const below3 = Math.min(1, below3Ms / aboveMs);
  const unlike = Math.log(unlikeMs + 5) - 3;
  const apart = Math.log(below1Ms + 10) - 3.5;
  // 0 where one of the two is at a landmark, up to a half where both are equally far from all.
  const remote = remoteMs / aboveMs;
  const [l0, l1, l2, l3, l4, l5, l6, l7, l8, l9, l10] = row.location;
  const location =
    l0 +
    l1 * far +
    l2 * (far * far) +
    l3 * below1 +
    l4 * below2 +
    l5 * below3 +
    l6 * unlike +
    l7 * apart +
    l8 * (unlike * far) +
    l9 * remote +
    l10 * (remote * unlike);
  // Bounds that contradict each other tell of a detour somewhere, and that nothing is sure.
  const contradiction = Math.min(2, Math.max(0, below1Ms / aboveMs - 1));
  const [s0, s1, s2, s3, s4, s5, s6, s7] = row.scale;
  const scale =
    s0 +
    s1 * far +
    s2 * below1 +
    s3 * below2 +
    s4 * Math.log((unlikeMs + 3) / aboveMs) +
    s5 * contradiction +
    s6 * remote +
    s7 * (remote * far);
  return {
    logRttMs: Math.log(aboveMs) + location - MEDIAN_BELOW_MEAN,
    scale: SCALE_FACTOR * Math.max(SMALLEST_SCALE, Math.exp(scale)),
    odd: ODD_SHARE,
    varianceLeft: 1,
  };
}

/** Without any landmark in common: half of the world's pairs are within 130 ms, most within 400. */
export const nothingKnown: Belief = { logRttMs: Math.log(130), scale: 0.4, odd: 0, varianceLeft: 1 };
