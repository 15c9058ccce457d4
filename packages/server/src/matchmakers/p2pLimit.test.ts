import { describe, expect, it } from "vitest";
import { FifoMatchmaker } from "./fifo.js";
import { hardLimitOf, limitAfter, nextStepAfter } from "./p2pLimit.js";
import { matchmakerFromDescription } from "./registry.js";

const limit = {
  startMs: 80,
  steps: [
    { afterMs: 60_000, limitMs: 120 },
    { afterMs: 90_000, limitMs: 140 },
  ],
};

describe("a relaxing limit", () => {
  it("holds from its steps' times on, inclusive", () => {
    expect([0, 59_999, 60_000, 89_999, 90_000, 1e9].map((ms) => limitAfter(limit, ms))).toEqual([
      80, 80, 120, 120, 140, 140,
    ]);
    expect([0, 60_000, 90_000].map((ms) => nextStepAfter(limit, ms))).toEqual([60_000, 90_000, null]);
  });

  it("has the declared hard limit, or its last step's", () => {
    expect(hardLimitOf(limit)).toBe(140);
    expect(hardLimitOf({ ...limit, neverAboveMs: 150 })).toBe(150);
    expect(hardLimitOf(150)).toBe(150);
    expect(hardLimitOf(null)).toBeNull();
  });

  it("is described as it was declared, so that it is part of the configuration's hash", () => {
    expect(new FifoMatchmaker({ maxP2pRttMs: limit }).describe()).toEqual({
      name: "FIFO",
      maxP2pRttMs: limit,
    });
  });

  it.each([
    ["a text", "80 ms", /has to be a number of milliseconds/],
    ["an unknown word", { startMs: 80, stages: [] }, /no "stages"/],
    ["no start", { steps: limit.steps }, /startMs has to be/],
    ["no steps", { startMs: 80, steps: [] }, /steps has to be a list/],
    ["a step without a time", { startMs: 80, steps: [{ limitMs: 90 }] }, /steps\[0\] has to have afterMs/],
    [
      "a step that is stricter",
      { startMs: 80, steps: [{ afterMs: 1000, limitMs: 70 }] },
      /steps\[0\] .* only relaxes/,
    ],
    ["a step above the hard limit", { ...limit, neverAboveMs: 130 }, /above its neverAboveMs \(130 ms\)/],
  ])("is refused with what is wrong (%s)", (_, value, message) => {
    const described = matchmakerFromDescription({ name: "fifo", maxP2pRttMs: value });
    expect(described).toMatchObject({ status: "invalid", problems: [expect.stringMatching(message)] });
    // @ts-expect-error most of these are no limits for the type system either
    expect(() => new FifoMatchmaker({ maxP2pRttMs: value })).toThrow(message);
  });

  it("can be written in JSON for every matchmaker", () => {
    for (const name of ["fifo", "lowest-latency", "group-reunion"]) {
      const described = matchmakerFromDescription({ name, maxP2pRttMs: limit });
      expect(described).toMatchObject({
        status: "ok",
        matchmaker: { maxP2pRttMs: 140, relaxingLimit: limit },
      });
    }
  });
});
