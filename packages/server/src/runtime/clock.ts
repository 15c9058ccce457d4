import { performance } from "node:perf_hooks";

/** Server time. */
export interface Clock {
  /** Epoch ms; never goes back, whatever happens to the system's clock. */
  now(): number;
}

/** The system's time at the first call, carried on by the monotonic clock. */
export function createClock(): Clock {
  const base = Date.now() - performance.now();
  return { now: () => base + performance.now() };
}
