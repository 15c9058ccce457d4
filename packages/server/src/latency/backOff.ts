/** Exponential back-off, in ms. */
export interface BackOff {
  /** Wait after the first failure. */
  readonly baseMs: number;
  /** No wait is longer than this. */
  readonly maxMs: number;
}

/**
 * How long a pair (or a participant) is left alone after its `failures`-th failure in a row: `baseMs` after the
 * first, twice as long after every further one, at most `maxMs`. Nothing is added at random: proposals are made
 * by one server, so there is no herd to spread, and a replay has to come to the same times.
 *
 * @param failures failures in a row, this one included; 0 or less gives 0
 */
export function backOffMs(failures: number, { baseMs, maxMs }: BackOff): number {
  if (failures < 1) return 0;
  // 2 ** 1023 is the largest power of two that is still a number.
  return Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 1023));
}
