import { beliefFrom, chanceOf, logLossOf, priorCoefficients } from "@probematch/server/core";
import { describe, expect, it } from "vitest";
import { madeMatrix } from "../madeMatrices.js";
import { minimize } from "./lbfgs.js";
import { coefficientsOf, lossOf, pointOf, startOfFit } from "./likelihood.js";
import { drawPairs } from "./samples.js";

const LANDMARKS = 3;
const near = drawPairs(madeMatrix("continent", "a"), LANDMARKS, "near", 120);
const far = drawPairs(madeMatrix("damaged", "a"), LANDMARKS, "far", 80);
const samples = [
  { pairs: near, weight: 1 },
  { pairs: far, weight: 0.5 },
];
const inFile = priorCoefficients.find(({ landmarks }) => landmarks === LANDMARKS);
if (inFile === undefined) throw new Error("no coefficients");
const loss = lossOf(samples);

describe("the loss of coefficients", () => {
  it("is what the server would have said of these pairs, within each of the limits, and a ridge", () => {
    const judged = (pairs: typeof near) =>
      [50, 70, 85, 100, 120, 150, 200]
        .map((limitMs) =>
          logLossOf(
            pairs.map(({ bounds, rttMs }) => ({
              chance: chanceOf(beliefFrom(bounds, inFile), limitMs),
              within: rttMs <= limitMs,
            })),
          ),
        )
        .reduce((a, b) => a + b, 0);
    const point = pointOf(inFile);
    const start = startOfFit();
    const squares = point.reduce((sum, value, i) => sum + (value - (start[i] ?? 0)) ** 2, 0);
    // logLossOf() lets no chance be surer than 1 in 100,000.
    expect(loss(point).value).toBeCloseTo(judged(near) + 0.5 * judged(far) + 3e-4 * squares, 6);
  });

  it.each([
    ["where the fit starts", startOfFit()],
    ["at the coefficients in the file", pointOf(inFile)],
    ["at others", pointOf(inFile).map((value, i) => value + 0.1 * Math.sin(i))],
  ])("has the gradient that small steps show, %s", (_, point) => {
    const { gradient } = loss(point);
    const step = 1e-5;
    for (let i = 0; i < point.length; i += 1) {
      const beside = (by: number) => loss(point.map((value, j) => (j === i ? value + by : value))).value;
      expect(gradient[i]).toBeCloseTo((beside(step) - beside(-step)) / (2 * step), 4);
    }
  });

  it("is no infinity for coefficients that are absurd", () => {
    for (const absurd of [-100, 100]) {
      const { value, gradient } = loss(startOfFit().fill(absurd));
      expect(Number.isFinite(value)).toBe(true);
      expect(gradient.every(Number.isFinite)).toBe(true);
    }
  });

  it("becomes smaller by the fit, which knows its own pairs better than the file does", () => {
    const { at, value, gradientNorm } = minimize(loss, startOfFit());
    expect(value).toBeLessThan(loss(pointOf(inFile)).value);
    expect(gradientNorm).toBeLessThan(1e-2);
    expect(pointOf(coefficientsOf(LANDMARKS, at))).toEqual(at);
  });
});
