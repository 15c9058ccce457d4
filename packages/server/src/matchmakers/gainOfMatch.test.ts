import { describe, expect, test } from "vitest";
import { candidate } from "../../test/pools.js";
import { GainOfMatch } from "./gainOfMatch.js";
import { WaitSteps } from "./waitSteps.js";

const gain = new GainOfMatch(new WaitSteps(300_000));
const someone = candidate("someone", { arrivedAt: 0, waitDeadlineAt: 300_000 });
const at = (now: number, prospects: readonly number[], arrivalsPerSecond: number | null = 0.2) =>
  gain.of(someone, { now, prospects: () => prospects, arrivalsPerSecond });

const remote = [0.2, 0.15, ...Array<number>(62).fill(0.001)];
const central = [...Array<number>(20).fill(0.97), ...Array<number>(44).fill(0.01)];

describe("the gain of a match now", () => {
  test("is small among many neighbours, and large far from everybody", () => {
    expect(at(0, central)).toBeLessThan(0.2);
    expect(at(0, remote)).toBeGreaterThan(0.6);
  });

  test("grows as the wait passes, and is everything at the end of it", () => {
    const times = [0, 100_000, 200_000, 270_000, 300_000].map((now) => at(now, central));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.at(-1)).toBe(1);
  });

  test("is large where hardly anybody is still to come", () => {
    expect(at(0, central, 0.001)).toBeGreaterThan(0.8);
  });

  test("is everything for somebody of whom nothing was measured", () => {
    expect(at(0, [])).toBe(1);
  });

  test("is the usual one as long as too little is known of who comes", () => {
    const usual = at(0, [0.2]);
    expect(at(0, remote, null)).toBe(usual);
    expect(at(0, remote.slice(0, 15))).toBe(usual);
    expect(at(0, remote.slice(0, 16))).not.toBe(usual);
  });

  test("is the same for rates that are alike, and is worked out anew for another time or rate", () => {
    expect(at(0, central, 0.2)).toBe(at(0, central, 0.201));
    const [early, late] = [at(0, central), at(200_000, central)];
    expect(late).toBeGreaterThan(early);
    expect([at(0, central), at(200_000, central)]).toEqual([early, late]);
    expect(at(0, central, 0.02)).toBeGreaterThan(early);
  });
});
