/** A function's value at a point, and its gradient there. */
export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}

export interface Minimum extends Evaluation {
  readonly at: Float64Array;
  /** Euclidean length of the gradient that is left: 0 = exactly a minimum. */
  readonly gradientNorm: number;
  readonly iterations: number;
}

export interface MinimizeOptions {
  /** A shorter gradient than this is none. Default: 1e-7. */
  readonly gradientNorm?: number;
  /** Default: 2,000. */
  readonly mostIterations?: number;
  /** From how many steps the curvature is known. Default: 100, for tens of unknowns that hang together. */
  readonly memory?: number;
}

/** A step, and what it did to the gradient. */
interface Step {
  readonly moved: Float64Array;
  readonly turned: Float64Array;
  /** Their product, above 0. */
  readonly curvature: number;
}

/**
 * A local minimum by L-BFGS (Liu and Nocedal 1989). Each step's length is searched for by doubling and halving until the weak
 * Wolfe conditions hold (Lewis and Overton 2013), which kinks do not upset. Ends early where no step makes the value any
 * smaller; the gradient's length tells how near a minimum that is.
 */
export function minimize(
  evaluate: (at: Float64Array) => Evaluation,
  start: Float64Array,
  { gradientNorm: enough = 1e-7, mostIterations = 2_000, memory = 100 }: MinimizeOptions = {},
): Minimum {
  let at: Float64Array = Float64Array.from(start);
  let { value, gradient } = evaluate(at);
  let steps: readonly Step[] = [];
  let iterations = 0;
  while (iterations < mostIterations && norm(gradient) > enough) {
    const next = search(evaluate, at, { value, gradient }, descent(gradient, steps));
    if (next === null) {
      // What was learned of the curvature may be no longer true: once more down the gradient itself.
      if (steps.length === 0) break;
      steps = [];
      continue;
    }
    const moved = difference(next.at, at);
    const turned = difference(next.gradient, gradient);
    const curvature = dot(moved, turned);
    if (curvature > 0) steps = [...steps, { moved, turned, curvature }].slice(-memory);
    ({ at, value, gradient } = next);
    iterations += 1;
  }
  return { at, value, gradient, gradientNorm: norm(gradient), iterations };
}

/** Down the gradient, bent by what the steps have shown of the curvature. */
function descent(gradient: Float64Array, steps: readonly Step[]): Float64Array {
  const direction = gradient.map((g) => -g);
  const shares = new Float64Array(steps.length);
  for (const [i, { moved, turned, curvature }] of [...steps.entries()].reverse()) {
    const share = dot(moved, direction) / curvature;
    shares[i] = share;
    add(direction, turned, -share);
  }
  const newest = steps.at(-1);
  // Without any curvature known, a step of length 1 at most.
  const scale =
    newest === undefined
      ? 1 / Math.max(1, norm(gradient))
      : newest.curvature / dot(newest.turned, newest.turned);
  const scaled = direction.map((d) => scale * d);
  for (const [i, { moved, turned, curvature }] of steps.entries())
    add(scaled, moved, (shares[i] ?? 0) - dot(turned, scaled) / curvature);
  return scaled;
}

/** The value has to fall by this share of what the slope promised, … */
const LEAST_FALL = 1e-4;
/** … and the slope to become flatter than this share of what it was. */
const MOST_SLOPE = 0.9;
const MOST_TRIES = 60;

/** `null` where no step makes the value any smaller. */
function search(
  evaluate: (at: Float64Array) => Evaluation,
  from: Float64Array,
  { value, gradient }: Evaluation,
  direction: Float64Array,
): (Evaluation & { readonly at: Float64Array }) | null {
  const slope = dot(gradient, direction);
  if (!(slope < 0)) return null;
  let best: (Evaluation & { readonly at: Float64Array }) | null = null;
  let tooShort = 0;
  let tooLong = Number.POSITIVE_INFINITY;
  let length = 1;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const at = Float64Array.from(from);
    add(at, direction, length);
    const there = evaluate(at);
    if (!(there.value < value + LEAST_FALL * length * slope)) tooLong = length;
    else {
      best = { ...there, at };
      if (dot(there.gradient, direction) >= MOST_SLOPE * slope) return best;
      tooShort = length;
    }
    length = tooLong === Number.POSITIVE_INFINITY ? 2 * tooShort : (tooShort + tooLong) / 2;
  }
  return best;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));

const difference = (a: Float64Array, b: Float64Array): Float64Array =>
  a.map((value, i) => value - (b[i] ?? 0));

/** Adds so many times `b` to `a`. */
function add(a: Float64Array, b: Float64Array, times: number): void {
  for (let i = 0; i < a.length; i += 1) a[i] = (a[i] ?? 0) + times * (b[i] ?? 0);
}
