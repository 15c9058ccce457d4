import { expect, test } from "vitest";
import type { HoldRecord } from "../relay/holdLog.js";
import { plannedRttMs, trueRttMs } from "./truth.js";

const held = (plannedMs: number | null, holdMs: number | null): HoldRecord => ({
  at: 0,
  holdMs,
  plannedMs,
  bytes: 80,
  kind: "dtls",
});

test("without jitter the truth is the median hold there and the median hold back", () => {
  const there = [held(10, 10.2), held(10, 10.4), held(10, 19)];
  const back = [held(30, 30.1), held(null, null)];
  expect(trueRttMs([{ delayMs: 10 }, { delayMs: 30 }], there, back)).toBeCloseTo(40.5);
});

test("with jitter it does not depend on the delays that were drawn, only on how late they were", () => {
  const path = { delayMs: 50, jitterMs: 10 };
  const there = [held(41, 41.1), held(44, 44.1)];
  const back = [held(58, 58.2)];
  expect(trueRttMs([path, path], there, back)).toBeCloseTo(100.3);
});

test("a direction without packets has no truth", () => {
  expect(trueRttMs([{}, {}], [held(0, 0)], [])).toBeNull();
});

test("delays that are cut off at zero have their median where draws have it", () => {
  const path = { delayMs: 0, jitterMs: 10 };
  // Each direction is 0 with probability 1/2 and even up to 10 otherwise: P(sum <= m) = 1/4 + m/20 + m²/800 = 1/2.
  expect(plannedRttMs([path, path])).toBeCloseTo(20 * (Math.sqrt(1.5) - 1), 0);
  expect(plannedRttMs([path, {}])).toBeLessThan(0.2);
});
