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
export const ODD_SHARE = 0.03;
export const ODD_SCALE = 4;

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
    location: [-0.069, -0.17, -0.021, -0.222, -0.222, -0.222, 0.095, 0.613, 0.237, 0.076, -0.106, 0.058, 0],
    scale: [-2.213, 1.014, -1.856, -1.856, -0.266, 0, 0.822, -1.601, 0.772, 0],
  },
  {
    landmarks: 2,
    location: [
      -0.28, -0.375, 0.01, 0.376, -0.002, -0.002, -0.046, 0.331, 0.05, -0.397, 0.136, -0.442, -0.062,
    ],
    scale: [-1.98, 0.151, -2.749, -0.529, -0.007, 0.309, 1.303, 1.886, 1.764, 0.533],
  },
  {
    landmarks: 3,
    location: [
      -0.421, -0.299, -0.053, 1.103, 0.034, 0.017, -0.052, 0.116, 0.133, -0.442, 0.194, -0.73, -0.11,
    ],
    scale: [-2.069, -0.045, -2.517, -0.698, -0.01, 0.255, 1.338, 2.651, 1.735, 0.474],
  },
  {
    landmarks: 4,
    location: [
      -0.597, -0.221, -0.027, 1.532, 0.057, 0.042, -0.02, 0.034, 0.112, -0.381, 0.101, -0.936, -0.097,
    ],
    scale: [-1.998, 0.119, -2.206, -0.954, 0.052, 0.226, 1.372, 2.274, 1.455, 0.51],
  },
  {
    landmarks: 5,
    location: [-0.601, -0.221, -0.01, 1.549, 0.068, 0.037, -0.015, 0.026, 0.102, -0.42, 0.107, -0.937, -0.1],
    scale: [-2.062, 0.147, -2.061, -1.123, 0.056, 0.19, 1.37, 2.046, 1.469, 0.554],
  },
  {
    landmarks: 6,
    location: [
      -0.644, -0.189, 0.004, 1.648, 0.063, 0.066, -0.012, 0.004, 0.087, -0.391, 0.068, -0.969, -0.105,
    ],
    scale: [-2.356, 0.234, -1.745, -0.805, 0.05, 0.173, 1.547, 2.136, 0.998, 0.63],
  },
  {
    landmarks: 8,
    location: [
      -0.834, -0.133, 0.006, 1.961, 0.033, 0.095, 0.001, -0.015, 0.076, -0.309, 0.024, -1.13, -0.065,
    ],
    scale: [-2.654, 0.171, -1.562, -0.767, 0.003, 0.147, 1.59, 2.509, 0.936, 0.724],
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
    varianceLeft: 1,
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

/** Without any landmark in common: half of the world's pairs are within 130 ms, most within 400. */
export const nothingKnown: Belief = { logRttMs: Math.log(130), scale: 0.4, odd: 0, varianceLeft: 1 };
