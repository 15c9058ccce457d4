/** A figure's scale on which its chance error is about as large wherever it is. */
export interface Scale {
  to(value: number): number;
  from(scaled: number): number;
}

/** Shares from 0 to 1 (the arcsine of the root, Anscombe 1948). */
export const shareScale: Scale = {
  to: (share) => Math.asin(Math.sqrt(share)),
  from: (scaled) => Math.sin(Math.min(Math.PI / 2, Math.max(0, scaled))) ** 2,
};

/** Figures from 0 up, which are off by factors. */
export const ratioScale: Scale = {
  to: (value) => Math.log1p(value),
  from: (scaled) => Math.expm1(Math.max(0, scaled)),
};

/**
 * Runs of what comes next, set right by as much as runs of what was learned from are off: where a simulation does not bring back
 * the very study it was made after, what it says of the next one is off alike. How much of the difference is the
 * simulation's and how much is that study's chance follows from how the runs differ among each other (empirical Bayes,
 * the estimator of James and Stein 1961, as in Efron and Morris 1973); the doubt that remains about it goes into the runs.
 *
 * @param next of runs that predict, a figure
 * @param again the same figure of as many runs of what was learned from
 * @param happened what it was there; `null` = it has none, and nothing is known to be off
 */
export function setRight(
  next: readonly number[],
  again: readonly number[],
  happened: number | null,
  { to, from }: Scale,
): readonly number[] {
  if (happened === null || again.length < 2) return next;
  const scaled = again.map(to);
  const mean = scaled.reduce((a, b) => a + b, 0) / scaled.length;
  const variance = scaled.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (scaled.length - 1);
  const off = to(happened) - mean;
  const own = off === 0 ? 0 : Math.max(0, 1 - variance / off ** 2);
  return next.map((value, i) => {
    const chance = (scaled[i % scaled.length] ?? mean) - mean;
    return from(to(value) + own * off + Math.sqrt(own) * chance);
  });
}
