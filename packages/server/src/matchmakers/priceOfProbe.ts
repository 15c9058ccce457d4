/**
 * What a probe costs, in matches of one participant: so much of a match is given up rather than probe once more. At this price
 * a match costs 1.1 to 1.25 probes where landmarks tell well who is near (`bench quality`).
 */
export const PROBE = 0.05;

/** So many excess misses cost nothing extra: a scene has to learn its network, and few studies ever come to so many. */
const FREE_MISSES = 200;
/** By so many more of them a miss costs `e` times as much... */
const MISSES_PER_E = 50;
/** ...up to this, so that a network on which many probes must fail is still played on. */
const DEAREST = 2;

/**
 * What a probe costs that will come out well with this chance. One that does is the match's own and always costs the same; what may be
 * a miss is dearer where a scene has had more of them than its matches make up for.
 *
 * @param excessMisses see {@link ExcessMisses}
 */
export function priceOfProbe(chance: number, excessMisses: number): number {
  if (excessMisses <= FREE_MISSES) return PROBE;
  const miss = Math.min(DEAREST, Math.exp((excessMisses - FREE_MISSES) / MISSES_PER_E));
  return PROBE * (1 + (miss - 1) * (1 - chance));
}

/**
 * What it costs to try a group that will come out well as a whole with this chance. A try that fails does so with the pair that is
 * measured first, the most doubtful one, so it costs one probe as a pair's does; but one in vain weighs less beside the six that a
 * match of four needs, and four share it. At a pair's price people far from all landmarks were never tried in groups.
 */
export const priceOfTry = (chance: number, groupSize: number, excessMisses: number): number =>
  (2 / groupSize) * priceOfProbe(chance, excessMisses);
