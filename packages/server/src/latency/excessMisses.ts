/** A path that was fast enough makes up for so much of one that was not: one miss in six hits is as good as it gets on many networks. */
const MADE_UP_BY_A_HIT = 1 / 6;
/** No more than this is kept, so that a bad time (another matchmaker, another network) is made up for before long. */
const MOST_KEPT = 500;

/**
 * How many more probes of a scene measured too slow a path than its matches make up for: what learning a network has
 * cost it so far. A virtual queue (Neely, Stochastic Network Optimization, 2010, ch. 4): a miss adds one, a hit takes off
 * a sixth, and thrift of long ago is worth nothing.
 */
export class ExcessMisses {
  #count: number;

  /** @param saved another one's {@link count}: this one goes on there */
  constructor(saved = 0) {
    this.#count = saved;
  }

  get count(): number {
    return this.#count;
  }

  /** A probe measured an RTT within the limit that was in force, or beyond it. */
  observe(isWithin: boolean): void {
    this.#count = isWithin
      ? Math.max(0, this.#count - MADE_UP_BY_A_HIT)
      : Math.min(MOST_KEPT, this.#count + 1);
  }
}
