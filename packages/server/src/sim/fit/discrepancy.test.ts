import { describe, expect, test } from "vitest";
import { seededRandom } from "../../lobby/random.js";
import { normal } from "../qualityWorld.js";
import { ratioScale, setRight, shareScale } from "./discrepancy.js";

const random = seededRandom("discrepancy");
/** Twenty runs about a mean, off by a tenth of it. */
const runs = (mean: number) => Array.from({ length: 20 }, () => mean * Math.exp(0.1 * normal(random)));
const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe("a prediction is set right", () => {
  test("by nothing where the runs bring back what happened as nearly as they do each other", () => {
    const next = runs(30);
    expect(setRight(next, runs(30), 31, ratioScale)[3]).toBeCloseTo(next[3] ?? Number.NaN);
  });

  test("by nearly all that the runs are off where that is far more than chance", () => {
    const right = setRight(runs(15), runs(15), 30, ratioScale);
    expect(meanOf(right)).toBeGreaterThan(26);
    expect(meanOf(right)).toBeLessThan(34);
  });

  test("with the doubt that remains, so that its range is wider than before", () => {
    const spread = (values: readonly number[]) => Math.log(Math.max(...values) / Math.min(...values));
    const [next, again] = [runs(15), runs(15)];
    expect(spread(setRight(next, again, 30, ratioScale))).toBeGreaterThan(spread(next));
  });

  test("within what a share can be, and by nothing where nothing is known to be off", () => {
    const next = [0.9, 0.95, 0.99, 1];
    const right = setRight(next, [0.5, 0.52, 0.48, 0.51], 1, shareScale);
    for (const share of right) {
      expect(share).toBeGreaterThan(0.9);
      expect(share).toBeLessThanOrEqual(1);
    }
    expect(setRight(next, [0.5, 0.6], null, shareScale)).toEqual(next);
  });
});
