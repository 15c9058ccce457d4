const STEPS = 5;
const BUDGET_MS = 20;

let known: number | null = null;

/**
 * The smallest step of `performance.now()` in this browser, ms: found by watching it move. Chromium 0.1,
 * Firefox 1 (both finer when the page is cross-origin isolated). Takes up to a few of these steps, once.
 */
export function clockStepMs(): number {
  if (known !== null) return known;
  const startedAt = performance.now();
  let smallest = BUDGET_MS;
  let last = startedAt;
  for (let steps = 0; steps < STEPS && last - startedAt < BUDGET_MS; ) {
    const now = performance.now();
    if (now === last) continue;
    smallest = Math.min(smallest, now - last);
    last = now;
    steps += 1;
  }
  known = smallest;
  return smallest;
}
