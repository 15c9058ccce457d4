/** How often people come: at an even rate in each of several parts of equal length. */
export interface ArrivalPattern {
  readonly partMs: number;
  /** Arrivals per ms in each part. */
  readonly rates: readonly number[];
}

/** People a part has to have, for its rate to be more than chance. */
const PEOPLE_PER_PART = 25;
const MOST_PARTS = 24;

/**
 * The pattern of arrivals that were seen. One part where they are as even as a Poisson process is (chi-squared test of equal
 * rates, 1 %).
 *
 * @param times in order, ms; at least two, not all the same
 */
export function arrivalPatternOf(times: readonly number[]): ArrivalPattern {
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  // The last arrival ends what is seen, it does not lie within.
  const count = times.length - 1;
  const even = { partMs: last - first, rates: [count / (last - first)] };
  const parts = Math.max(1, Math.min(MOST_PARTS, Math.floor(count / PEOPLE_PER_PART)));
  if (parts === 1) return even;
  const partMs = (last - first) / parts;
  const counts = new Array<number>(parts).fill(0);
  for (const time of times.slice(0, -1)) {
    const part = Math.min(parts - 1, Math.floor((time - first) / partMs));
    counts[part] = (counts[part] ?? 0) + 1;
  }
  const mean = count / parts;
  const chiSquared = counts.reduce((sum, n) => sum + (n - mean) ** 2 / mean, 0);
  return chiSquared < critical99(parts - 1) ? even : { partMs, rates: counts.map((n) => n / partMs) };
}

/** 99th percentile of the chi-squared distribution (Wilson and Hilferty 1931). */
function critical99(degrees: number): number {
  const share = 2 / (9 * degrees);
  return degrees * (1 - share + 2.326 * Math.sqrt(share)) ** 3;
}

/** Mean arrivals per ms. */
export const meanRate = ({ rates }: ArrivalPattern): number =>
  rates.reduce((a, b) => a + b, 0) / rates.length;

/** The same with another mean rate. */
export function atMeanRate(pattern: ArrivalPattern, rate: number): ArrivalPattern {
  const factor = rate / meanRate(pattern);
  return { partMs: pattern.partMs, rates: pattern.rates.map((one) => one * factor) };
}

/**
 * So many arrivals of a Poisson process with this pattern, which begins anew after its last part. ms from the beginning,
 * in order.
 */
export function drawArrivals(pattern: ArrivalPattern, count: number, random: () => number): number[] {
  const times: number[] = [];
  let [part, inPartMs, startMs] = [0, 0, 0];
  while (times.length < count) {
    let due = -Math.log(1 - random());
    for (;;) {
      const rate = pattern.rates[part] ?? 0;
      const left = (pattern.partMs - inPartMs) * rate;
      if (due < left) {
        inPartMs += due / rate;
        break;
      }
      due -= left;
      startMs += pattern.partMs;
      inPartMs = 0;
      part = (part + 1) % pattern.rates.length;
    }
    times.push(startMs + inPartMs);
  }
  return times;
}
