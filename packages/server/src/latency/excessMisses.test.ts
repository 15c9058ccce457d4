import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExcessMisses } from "./excessMisses.js";

/** What is counted after these, each `true` where the path was fast enough. */
function after(probes: readonly boolean[], misses = new ExcessMisses()): number {
  for (const isWithin of probes) misses.observe(isWithin);
  return misses.count;
}
const sevens = (times: number, good: number) => Array.from({ length: 7 * times }, (_, i) => i % 7 < good);

describe("excess misses", () => {
  test("stay few where six of seven probes are good, and grow where fewer are", () => {
    expect(after(sevens(100, 6))).toBeLessThan(2);
    expect(after(sevens(100, 5))).toBeGreaterThan(100);
  });

  test("are made up for by good probes, and thrift is not saved up", () => {
    const misses = new ExcessMisses();
    after(sevens(100, 5), misses);
    const most = misses.count;
    after(sevens(200, 7), misses);
    expect(misses.count).toBeLessThan(most);
    after(sevens(1_000, 7), misses);
    expect(misses.count).toBe(0);
    expect(after([false], misses)).toBe(1);
  });

  test("are made up for within a few thousand probes, however bad it was before", () => {
    const misses = new ExcessMisses();
    after(sevens(10_000, 0), misses);
    expect(after(sevens(600, 7), misses)).toBe(0);
  });

  test("go on where they were saved", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean()), fc.array(fc.boolean()), (before, later) => {
        const saved = after(before);
        expect(after(later, new ExcessMisses(saved))).toBe(after([...before, ...later]));
      }),
    );
  });
});
