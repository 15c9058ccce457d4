import { expect, it } from "vitest";
import { smallestStepMs } from "./clockStep.js";

/** A clock that shows the time in steps; every reading takes 0.01 ms, but for those during which the thread does not run. */
function clockOf(stepMs: number, restsMs: Readonly<Record<number, number>> = {}): () => number {
  let now = 0;
  let reading = 0;
  return () => {
    now += 0.01 + (restsMs[reading] ?? 0);
    reading += 1;
    return Math.floor(now / stepMs) * stepMs;
  };
}

it.each([0.1, 1, 16, 100])("the step of a clock is what it moves by at least: %d ms", (stepMs) => {
  expect(smallestStepMs(clockOf(stepMs))).toBeCloseTo(stepMs);
});

it("a thread that did not run when the clock moved does not take the time it lost for a step", () => {
  expect(smallestStepMs(clockOf(1, { 3: 35 }))).toBeCloseTo(1);
});
