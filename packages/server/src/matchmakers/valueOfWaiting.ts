/** What things cost somebody who waits, as shares of what a match is worth to it. */
export interface Prices {
  /** One side's half of a probe. */
  readonly perProbe: number;
  /** The wait for one more arrival. */
  readonly perArrival: number;
}

/** The value is worked out in so many steps at most: more arrivals than that are taken several at a time. */
const MOST_STEPS = 128;
/** Where a step adds less than this, the rest adds nothing. */
const SETTLED = 1e-5;

/**
 * What it is worth to wait on, from 0 (as good as leaving) to 1 (as good as a match now), to somebody who is probed with a newcomer
 * whenever that is worth more than to wait on: optimal stopping, worked out backwards from the end of the wait
 * (Bellman 1957; Ferguson, Optimal Stopping and Applications, ch. 2). A newcomer who would be accepted with chance c adds
 * `c * (1 - value) - perProbe`, if that is more than nothing.
 *
 * @param prospects chances with people like those still to come, best first
 * @param arrivals how many are still to come before the wait is over
 */
export function valueOfWaiting(
  prospects: readonly number[],
  arrivals: number,
  { perProbe, perArrival }: Prices,
): number {
  const steps = Math.max(1, Math.min(MOST_STEPS, Math.ceil(arrivals)));
  const stepSize = arrivals / steps;
  let value = 0;
  for (let step = 0; step < steps; step += 1) {
    const least = perProbe / (1 - value);
    let chances = 0;
    let probed = 0;
    for (const chance of prospects) {
      if (chance <= least) break;
      chances += chance;
      probed += 1;
    }
    const slope = chances / prospects.length;
    const gain = slope - (perProbe * probed) / prospects.length - perArrival;
    // Backward Euler: several arrivals at a time never lead beyond the value at which nothing is gained any more.
    const next = (value + stepSize * gain) / (1 + stepSize * slope);
    if (next - value < SETTLED) break;
    value = next;
  }
  return value;
}
