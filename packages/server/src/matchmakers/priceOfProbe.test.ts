import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PROBE, priceOfProbe, priceOfTry } from "./priceOfProbe.js";

const chance = fc.double({ min: 0, max: 1, noNaN: true });
const misses = fc.double({ min: 0, max: 10_000, noNaN: true });

describe("the price of a probe", () => {
  test("is the same for all as long as a scene has few misses", () => {
    expect(priceOfProbe(0, 0)).toBe(PROBE);
    expect(priceOfProbe(0.1, 100)).toBe(PROBE);
  });

  test("rises with misses for what may be one, and never for what is certain", () => {
    expect(priceOfProbe(0.2, 400)).toBeGreaterThan(priceOfProbe(0.2, 210));
    fc.assert(
      fc.property(misses, (excess) => {
        expect(priceOfProbe(1, excess)).toBe(PROBE);
      }),
    );
  });

  test("never falls with more misses, nor rises with a chance, and is twice as much at most", () => {
    fc.assert(
      fc.property(chance, chance, misses, misses, (a, b, few, more) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const [least, most] = [Math.min(few, more), Math.max(few, more)];
        expect(priceOfProbe(low, most)).toBeGreaterThanOrEqual(priceOfProbe(low, least));
        expect(priceOfProbe(low, most)).toBeGreaterThanOrEqual(priceOfProbe(high, most));
        expect(priceOfProbe(low, most)).toBeLessThanOrEqual(2 * PROBE);
      }),
    );
  });
});

describe("the price of a try", () => {
  test("is that of a probe for a pair, and falls with the size of a group", () => {
    expect(priceOfTry(0.3, 2, 400)).toBe(priceOfProbe(0.3, 400));
    const prices = [2, 3, 4, 6, 8].map((size) => priceOfTry(0.3, size, 0));
    expect(prices).toEqual([...prices].sort((a, b) => b - a));
  });
});
