import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../lobby/random.js";
import { logistic } from "./logistic.js";
import { OnlineLogistic } from "./onlineLogistic.js";

const prior = [
  { mean: 0, sd: 1 },
  { mean: 1, sd: 1 },
] as const;

const observations = fc.array(
  fc.tuple(
    fc.double({ min: -10, max: 10, noNaN: true }),
    fc.double({ min: -10, max: 10, noNaN: true }),
    fc.boolean(),
  ),
  { maxLength: 60 },
);

/** Learns from so many outcomes whose log-odds are these coefficients' sum of a constant and one input. */
function taught(truth: readonly [number, number], outcomes: number): OnlineLogistic {
  const random = seededRandom("regression");
  const regression = new OnlineLogistic(prior);
  for (let i = 0; i < outcomes; i += 1) {
    const input = 6 * random() - 3;
    regression.learn(Float64Array.of(1, input), random() < logistic(truth[0] + truth[1] * input));
  }
  return regression;
}

describe("a logistic regression that learns as it goes", () => {
  test("finds the coefficients that outcomes were drawn from", () => {
    const [constant = Number.NaN, slope = Number.NaN] = taught([-0.7, 2], 5_000).coefficients;
    expect(Math.abs(constant - -0.7)).toBeLessThan(0.15);
    expect(Math.abs(slope - 2)).toBeLessThan(0.15);
  });

  test("believes what it believed before the first outcome", () => {
    expect([...new OnlineLogistic(prior).coefficients]).toEqual([0, 1]);
  });

  test("leaves a coefficient alone that is certain", () => {
    const regression = new OnlineLogistic([
      { mean: 0, sd: 1 },
      { mean: 1, sd: 0 },
    ]);
    for (let i = 0; i < 50; i += 1) regression.learn(Float64Array.of(1, 2), false);
    expect(regression.coefficients[1]).toBe(1);
    expect(regression.coefficients[0]).toBeLessThan(-2);
  });

  test("is moved by an outcome in its direction, and no further than what was uncertain", () => {
    fc.assert(
      fc.property(observations, (list) => {
        const regression = new OnlineLogistic(prior);
        for (const [a, b, happened] of list) {
          const logOdds = () => a * (regression.coefficients[0] ?? 0) + b * (regression.coefficients[1] ?? 0);
          const before = logOdds();
          regression.learn(Float64Array.of(a, b), happened);
          const moved = (happened ? 1 : -1) * (logOdds() - before);
          expect(moved).toBeGreaterThanOrEqual(-1e-6);
          expect(moved).toBeLessThanOrEqual(a * a + b * b + 1e-6);
        }
      }),
    );
  });

  test("goes on where it was saved", () => {
    const one = taught([0.3, 0.5], 200);
    const other = new OnlineLogistic(prior, one.save());
    for (const regression of [one, other]) regression.learn(Float64Array.of(1, 0.4), true);
    expect(other.save()).toEqual(one.save());
  });
});
