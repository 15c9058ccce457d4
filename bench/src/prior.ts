import { InvalidArgumentError } from "@commander-js/extra-typings";
import {
  aucOf,
  beliefFrom,
  type Coefficients,
  calibrationErrorOf,
  chanceOf,
  type LatencyMatrix,
  logLossOf,
  priorCoefficients,
} from "@probematch/server/core";
import { print } from "./figures.js";
import { type MadeFamily, madeFamilies, madeMatrix } from "./madeMatrices.js";
import { measuredMatrices } from "./measuredMatrices.js";
import { minimize } from "./prior/lbfgs.js";
import { coefficientsOf, lossOf, pointOf, type Sample, startOfFit } from "./prior/likelihood.js";
import { drawPairs, halvesOf, type Pair } from "./prior/samples.js";

/** The kind that has no part in any fit. */
const UNSEEN: MadeFamily = "devices";
/** The number of landmarks for which each made kind is left out of the fit in turn. */
const LEAVE_ONE_OUT_AT = 5;
/** Chances are checked for "within this", ms. */
const CHECK_LIMIT_MS = 100;

/** Weights of one kind: what was made says less about the world than what was measured. */
const MEASURED_WEIGHT = 1;
const MADE_WEIGHT = 0.5;

/**
 * So many pairs are drawn before landmarks are chosen anew, on another made matrix or on the same measured one: what is to be learned
 * is how worlds differ, not one of them by heart.
 */
const PAIRS_OF_EACH = 300;
/** Halves of halves of a smaller one have no room for eight landmarks. */
const FEWEST_NODES = 64;

interface Options {
  readonly latency: string;
  readonly pairs: number;
  readonly json?: true | undefined;
}

/** Worlds of one kind, for the fit and, others of them, for the check. */
interface Kind {
  readonly kind: string;
  readonly measured: boolean;
  /** 0 = no part in the fit. */
  readonly weight: number;
  readonly fit: Worlds;
  readonly check: Worlds;
}

interface Worlds {
  readonly matrices: readonly LatencyMatrix[];
  /** Of all of them together. */
  readonly pairs: number;
  /** What the pairs are drawn by. */
  readonly seed: string;
}

/**
 * Fits the coefficients of `latency/prior.ts`, and tells how good those are that are in it: on pairs of people, nodes and
 * made worlds that had no part in the fit, and on kinds of worlds that had none.
 */
export function benchPrior({ latency, pairs, json }: Options): void {
  const kinds = [...measuredKinds(latency, pairs), ...madeFamilies.map((family) => madeKind(family, pairs))];
  const fits: Fit[] = [];
  const check: object[] = [];
  const leaveOneOut: object[] = [];
  for (const inFile of priorCoefficients) {
    const { landmarks } = inFile;
    const samples = kinds
      .filter(({ weight }) => weight > 0)
      .map(({ kind, weight, fit }) => ({ kind, weight, pairs: pairsOf(fit, landmarks) }));
    const fit = fitTo(samples, inFile);
    fits.push(fit);
    for (const { kind, check: worlds, measured } of kinds) {
      const heldOut = pairsOf(worlds, landmarks);
      check.push({ landmarks, kind, ...judged(heldOut, inFile) });
      if (landmarks !== LEAVE_ONE_OUT_AT || measured) continue;
      const others = samples.filter((sample) => sample.kind !== kind);
      const { coefficients, gradientNorm } = others.length < samples.length ? fitTo(others, inFile) : fit;
      leaveOneOut.push({ landmarks, kind, ...judged(heldOut, coefficients), gradientNorm });
    }
  }
  if (json !== true)
    process.stdout.write(`${fits.map(({ coefficients }) => rowOf(coefficients)).join("\n")}\n`);
  const summary = fits.map(({ coefficients, ...fit }) => fit);
  for (const table of json === true ? [summary] : [summary, check, leaveOneOut])
    print({ fits, check, leaveOneOut }, json, () => table);
}

interface Fit {
  readonly landmarks: number;
  readonly coefficients: Coefficients;
  readonly iterations: number;
  /** What is left of the gradient; 1e-5 or so where the minimum is on the kink at which one pair's scale is the smallest allowed. */
  readonly gradientNorm: number;
  /** What the fit made as small as it could, … */
  readonly loss: number;
  /** … and the same of the coefficients in the file. */
  readonly lossInFile: number;
  /** Whether these are the coefficients in the file, all digits. */
  readonly inFile: boolean;
}

function fitTo(samples: readonly (Sample & { readonly kind: string })[], inFile: Coefficients): Fit {
  const { landmarks } = inFile;
  const loss = lossOf(samples);
  const { at, value, gradientNorm, iterations } = minimize(loss, startOfFit());
  const kinds = samples.map(({ kind }) => kind).join(", ");
  process.stderr.write(`${landmarks} landmarks, ${kinds}: ${iterations} steps\n`);
  const coefficients = rounded(coefficientsOf(landmarks, at));
  return {
    landmarks,
    coefficients,
    iterations,
    gradientNorm: Number(gradientNorm.toExponential(1)),
    loss: to(5, value),
    lossInFile: to(5, loss(pointOf(inFile)).value),
    inFile: rowOf(coefficients) === rowOf(inFile),
  };
}

/** What the coefficients say of pairs, beside what is true. */
function judged(pairs: readonly Pair[], coefficients: Coefficients) {
  const predictions = pairs.map(({ bounds, rttMs }) => ({
    chance: chanceOf(beliefFrom(bounds, coefficients), CHECK_LIMIT_MS),
    within: rttMs <= CHECK_LIMIT_MS,
  }));
  return {
    auc: to(4, aucOf(predictions)),
    calibrationError: to(4, calibrationErrorOf(predictions)),
    logLoss: to(4, logLossOf(predictions)),
  };
}

/** Fitted on one half of the nodes, checked on the other. */
function measuredKinds(folder: string, pairs: number): readonly Kind[] {
  return [...measuredMatrices(folder)].map(({ matrix, latencies }) => {
    const nodes = latencies.rttMs.length;
    if (nodes < FEWEST_NODES)
      throw new InvalidArgumentError(`${matrix} has ${nodes} nodes: wanted at least ${FEWEST_NODES}.`);
    const draws = Math.ceil(pairs / PAIRS_OF_EACH);
    const [fit, check] = halvesOf(latencies).map((half) => new Array<LatencyMatrix>(draws).fill(half));
    return {
      kind: matrix,
      measured: true,
      weight: MEASURED_WEIGHT,
      fit: { matrices: fit ?? [], pairs, seed: `fit/${matrix}` },
      check: { matrices: check ?? [], pairs, seed: `check/${matrix}` },
    };
  });
}

function madeKind(family: MadeFamily, pairs: number): Kind {
  const made = (seed: string) => ({
    matrices: Array.from({ length: Math.ceil(pairs / PAIRS_OF_EACH) }, (_, i) =>
      madeMatrix(family, `${seed}/${i + 1}`),
    ),
    pairs,
    seed: `${seed}/${family}`,
  });
  return {
    kind: family,
    measured: false,
    weight: family === UNSEEN ? 0 : MADE_WEIGHT,
    fit: made("fit"),
    check: made("check"),
  };
}

/** As many from each matrix; the same people for every number of landmarks. */
function pairsOf({ matrices, pairs, seed }: Worlds, landmarks: number): readonly Pair[] {
  const ofEach = Math.ceil(pairs / matrices.length);
  return matrices.flatMap((matrix, i) => drawPairs(matrix, landmarks, `${seed}/${i + 1}`, ofEach));
}

const to = (digits: number, value: number): number => Number(value.toFixed(digits));

/** As many digits as the file has; no "-0". */
const rounded = ({ landmarks, location, scale }: Coefficients): Coefficients => ({
  landmarks,
  location: location.map((value) => to(3, value) + 0),
  scale: scale.map((value) => to(3, value) + 0),
});

const rowOf = ({ landmarks, location, scale }: Coefficients): string =>
  `  { landmarks: ${landmarks}, location: [${location.join(", ")}], scale: [${scale.join(", ")}] },`;
