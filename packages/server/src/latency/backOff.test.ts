import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backOffMs } from "./backOff.js";

const rule = { baseMs: 2_000, maxMs: 60_000 };

describe("back-off", () => {
  test("starts with the base, doubles, and stays at the maximum", () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((n) => backOffMs(n, rule))).toEqual([
      2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000,
    ]);
  });

  test("is nothing without a failure", () => {
    expect(backOffMs(0, rule)).toBe(0);
  });

  test("never shrinks with a further failure and never passes the maximum", () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.nat(100_000), fc.nat(1_000_000), (failures, baseMs, maxMs) => {
        const now = backOffMs(failures, { baseMs, maxMs });
        const next = backOffMs(failures + 1, { baseMs, maxMs });
        expect(next).toBeGreaterThanOrEqual(now);
        expect(next).toBeLessThanOrEqual(maxMs);
      }),
    );
  });
});
