const STEPS = 5;
/** Of a clock of large steps, or on a machine that lets nobody look at it for long, fewer have to do. */
const BUDGET_MS = 20;
/** A single step is no step where this thread was not running meanwhile. */
const LEAST_STEPS = 2;

let known: number | null = null;

/**
 * The smallest step of `performance.now()` in this browser, ms: found by watching it move. Chromium 0.1,
 * Firefox 1 (both finer when the page is cross-origin isolated). Takes up to a few of these steps, once.
 */
export function clockStepMs(): number {
  known ??= smallestStepMs(() => performance.now());
  return known;
}

export function smallestStepMs(clock: () => number): number {
  const startedAt = clock();
  let smallest = Number.POSITIVE_INFINITY;
  let last = startedAt;
  for (let steps = 0; steps < LEAST_STEPS || (steps < STEPS && last - startedAt < BUDGET_MS); ) {
    const now = clock();
    if (now === last) continue;
    smallest = Math.min(smallest, now - last);
    last = now;
    steps += 1;
  }
  return smallest;
}
