import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { valueOfWaiting } from "./valueOfWaiting.js";

const free = { perProbe: 0, perArrival: 0 };
const prices = { perProbe: 0.04, perArrival: 0.001 };

describe("the value of waiting", () => {
  test("is nothing where nobody is still to come, or nobody worth a probe", () => {
    expect(valueOfWaiting([0.9, 0.5], 0, prices)).toBe(0);
    expect(valueOfWaiting([0.03, 0.01], 50, prices)).toBe(0);
  });

  test("is the chance to be matched by then, where nothing costs anything", () => {
    // One in four newcomers is near for sure: 1 - (3/4)^n, up to the steps in which it is worked out.
    expect(valueOfWaiting([1, 0, 0, 0], 100, free)).toBeGreaterThan(0.99);
    expect(valueOfWaiting([1, 0, 0, 0], 4, free)).toBeCloseTo(1 - 0.8 ** 4, 6);
  });

  test("is what stays in spite of the prices, however many are still to come", () => {
    const value = valueOfWaiting([1, 0, 0, 0], 1000, prices);
    // There, a newcomer adds as much as the wait for one costs: (1 - value - 0.04) / 4 = 0.001.
    expect(value).toBeCloseTo(1 - 0.04 - 0.004, 2);
  });

  test("rises with those still to come and with their chances, falls with the prices, and stays within 0 and 1", () => {
    const chances = fc
      .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 64 })
      .map((list) => list.sort((a, b) => b - a));
    const price = fc.record({
      perProbe: fc.double({ min: 0, max: 0.2, noNaN: true }),
      perArrival: fc.double({ min: 0, max: 0.01, noNaN: true }),
    });
    fc.assert(
      fc.property(chances, fc.integer({ min: 0, max: 128 }), price, (prospects, arrivals, cost) => {
        const value = valueOfWaiting(prospects, arrivals, cost);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(valueOfWaiting(prospects, arrivals + 1, cost)).toBeGreaterThanOrEqual(value - 1e-4);
        const better = prospects.map((chance) => Math.min(1, chance * 1.1));
        expect(valueOfWaiting(better, arrivals, cost)).toBeGreaterThanOrEqual(value - 1e-4);
        const dearer = { perProbe: cost.perProbe + 0.01, perArrival: cost.perArrival };
        expect(valueOfWaiting(prospects, arrivals, dearer)).toBeLessThanOrEqual(value + 1e-4);
      }),
    );
  });
});
