import { describe, expect, it } from "vitest";
import { type Evaluation, minimize } from "./lbfgs.js";

const at = (point: Float64Array, i: number): number => point[i] ?? Number.NaN;

/** A valley that bends (Rosenbrock 1960): its minimum is at (1, 1). */
function valley(point: Float64Array): Evaluation {
  const [x, y] = [at(point, 0), at(point, 1)];
  const beside = y - x * x;
  return {
    value: (1 - x) ** 2 + 100 * beside ** 2,
    gradient: Float64Array.of(-2 * (1 - x) - 400 * x * beside, 200 * beside),
  };
}

/** Ten unknowns, the last so many times as steep as the first. */
const bowl =
  (steepest: number) =>
  (point: Float64Array): Evaluation => {
    const steepness = point.map((_, i) => steepest ** (i / 9));
    const away = point.map((x, i) => x - i);
    return {
      value: away.reduce((sum, x, i) => sum + (at(steepness, i) * x * x) / 2, 0),
      gradient: away.map((x, i) => at(steepness, i) * x),
    };
  };

describe("minimize", () => {
  it("finds its way down a bent valley", () => {
    const { at: found, gradientNorm } = minimize(valley, Float64Array.of(-1.2, 1));
    expect(found[0]).toBeCloseTo(1, 6);
    expect(found[1]).toBeCloseTo(1, 6);
    expect(gradientNorm).toBeLessThanOrEqual(1e-7);
  });

  it.each([
    [100, 3],
    [1_000_000, 100],
  ])(
    "finds the bottom of a bowl that is %i times as steep one way as another, remembering %i steps",
    (steepest, memory) => {
      const { at: found, value } = minimize(bowl(steepest), new Float64Array(10).fill(50), { memory });
      expect(value).toBeLessThan(1e-12);
      for (const [i, x] of found.entries()) expect(x).toBeCloseTo(i, 5);
    },
  );

  it("finds a minimum on a kink, and says how long the gradient beside it is", () => {
    const kinked = ([x = 0, y = 0]: Float64Array): Evaluation => ({
      value: Math.abs(x - 3) + (y + 1) ** 2,
      gradient: Float64Array.of(x < 3 ? -1 : 1, 2 * (y + 1)),
    });
    const { at: found, gradientNorm, iterations } = minimize(kinked, Float64Array.of(0, 0));
    expect(found[0]).toBeCloseTo(3, 4);
    expect(found[1]).toBeCloseTo(-1, 4);
    expect(gradientNorm).toBeGreaterThan(0.9);
    expect(iterations).toBeLessThan(200);
  });

  it("leaves a minimum where it is, and goes no further than it is told", () => {
    const there = minimize(valley, Float64Array.of(1, 1));
    expect(there).toMatchObject({ at: Float64Array.of(1, 1), value: 0, iterations: 0 });
    expect(minimize(valley, Float64Array.of(-1.2, 1), { mostIterations: 3 }).iterations).toBe(3);
  });
});
