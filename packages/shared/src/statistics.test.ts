import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { median, medianOfClockDifferences, medianStandardError, summarizeRtts } from "./statistics.js";

describe("the median of clock differences", () => {
  const values = fc.array(fc.double({ min: 0, max: 2000, noNaN: true }), { minLength: 1, maxLength: 64 });

  it("finds the place between two steps from how often each is read", () => {
    // 20.25 ms, read with steps of 1 ms at evenly spread moments: three quarters read 20, one quarter 21.
    const readings = Array.from({ length: 20 }, (_, i) => Math.floor(20.25 + i / 20) - Math.floor(i / 20));
    expect(median(readings)).toBe(20);
    expect(medianOfClockDifferences(readings, 1)).toBeCloseTo(20.2, 1);
  });

  it("is the plain median for a clock without steps", () => {
    fc.assert(fc.property(values, (v) => medianOfClockDifferences(v, 0) === median(v)));
  });

  it("is within one step of the plain median of an odd number of values, and among them", () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0.01, max: 5, noNaN: true }), (v, stepMs) => {
        const found = medianOfClockDifferences(v, stepMs) ?? Number.NaN;
        expect(found).toBeGreaterThanOrEqual(Math.min(...v));
        expect(found).toBeLessThanOrEqual(Math.max(...v));
        if (v.length % 2 === 1) expect(Math.abs(found - (median(v) ?? 0))).toBeLessThanOrEqual(stepMs + 1e-6);
      }),
    );
  });

  it("of nothing is nothing", () => {
    expect(medianOfClockDifferences([], 1)).toBeNull();
    expect(summarizeRtts([], 3, 1)).toBeNull();
  });
});

describe("the standard error of a median", () => {
  it("is not moved by what does not move the median: a single very late answer", () => {
    const calm = [20, 21, 20, 22, 21, 20, 21, 22];
    expect(medianStandardError([...calm.slice(1), 500], 0)).toBeLessThan(1);
    expect(medianStandardError([...calm.slice(2), 500, 400], 0)).toBeGreaterThan(50);
  });

  it("is never smaller than a stepping clock allows, however alike its readings are", () => {
    expect(medianStandardError(Array(16).fill(20), 1)).toBeCloseTo(0.125);
    expect(medianStandardError(Array(16).fill(20), 0)).toBe(0);
  });

  it("of one or two values is not known", () => {
    expect(medianStandardError([20, 30], 0)).toBeNull();
  });
});
