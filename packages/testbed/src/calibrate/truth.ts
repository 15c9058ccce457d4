import { median } from "@probematch/shared";
import type { HoldRecord } from "../relay/holdLog.js";
import { completeImpairment, drawHoldMs, type Impairment } from "../relay/impairment.js";
import { seededRandom } from "../relay/random.js";

const DRAWS = 20_001;

/**
 * The median RTT of a path, as far as the relay makes it: what the impairments amount to in the long run, and how much
 * later than planned the relay really released this probe's packets (median of each direction, from its log).
 *
 * Without jitter this is the median hold there plus the median hold back. With jitter it is what an endless measurement
 * would find, not the few delays that one probe's pings happened to draw: an interval that is to cover the truth has
 * to cover that.
 *
 * What the relay cannot log counts as an error of the product: the kernel's share, and the time from a packet's
 * arrival until Node hands it over (about 0.05 ms of RTT while the relay is alert, 0.4 otherwise).
 *
 * @param there records of one direction during the probe; @param back of the other
 * @returns `null` when one direction carried nothing
 */
export function trueRttMs(
  impairments: readonly [Partial<Impairment>, Partial<Impairment>],
  there: readonly HoldRecord[],
  back: readonly HoldRecord[],
): number | null {
  const lateThere = medianLatenessMs(there);
  const lateBack = medianLatenessMs(back);
  if (lateThere === null || lateBack === null) return null;
  return plannedRttMs(impairments) + lateThere + lateBack;
}

function medianLatenessMs(records: readonly HoldRecord[]): number | null {
  return median(
    records.flatMap(({ holdMs, plannedMs }) =>
      holdMs === null || plannedMs === null ? [] : [holdMs - plannedMs],
    ),
  );
}

/** Median of the sum of both directions' delays. */
export function plannedRttMs([there, back]: readonly [Partial<Impairment>, Partial<Impairment>]): number {
  const path = [completeImpairment(there), completeImpairment(back)];
  // Sums of symmetric delays have their centre as median; a delay that is cut off at 0 is not symmetric.
  if (path.every(({ delayMs, jitterMs }) => jitterMs === 0 || delayMs >= jitterMs)) {
    return path.reduce((sum, { delayMs }) => sum + delayMs, 0);
  }
  const random = seededRandom("planned RTT");
  const draw = (one: Impairment) => drawHoldMs([{ ...one, lossRatio: 0 }], random) ?? 0;
  return median(Array.from({ length: DRAWS }, () => path.reduce((sum, one) => sum + draw(one), 0))) ?? 0;
}
