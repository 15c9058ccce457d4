import { describe, expect, test } from "vitest";
import { seededRandom } from "../lobby/random.js";
import type { LatencyMatrix } from "./latencyMatrix.js";
import {
  aucOf,
  calibrationErrorOf,
  logLossOf,
  predictionAfterStudy,
  predictionQuality,
} from "./predictionQuality.js";
import { benchmarkWorld } from "./qualityWorld.js";

const pair = (chance: number, within: boolean) => ({ chance, within });

describe("measures of a prediction", () => {
  test("AUC is 1 when the order is perfect, 0 when it is reversed, and a half when all are alike", () => {
    expect(aucOf([pair(0.1, false), pair(0.2, false), pair(0.9, true)])).toBe(1);
    expect(aucOf([pair(0.1, true), pair(0.9, false)])).toBe(0);
    expect(aucOf([pair(0.5, true), pair(0.5, false), pair(0.5, true)])).toBe(0.5);
  });

  test("the calibration error is how far the chances are from what happened", () => {
    expect(
      calibrationErrorOf([pair(0.75, true), pair(0.75, true), pair(0.75, true), pair(0.75, false)]),
    ).toBe(0);
    expect(calibrationErrorOf([pair(0.95, false), pair(0.95, true)])).toBeCloseTo(0.45);
  });

  test("the logarithmic loss is 0 for one who is sure and right, and large, but finite, for one who is sure and wrong", () => {
    expect(logLossOf([pair(1, true), pair(0, false)])).toBeCloseTo(0, 4);
    expect(logLossOf([pair(0.5, true), pair(0.5, false)])).toBeCloseTo(Math.LN2);
    expect(logLossOf([pair(0.8, true), pair(0.8, false)])).toBeCloseTo(-(Math.log(0.8) + Math.log(0.2)) / 2);
    expect(logLossOf([pair(1, false)])).toBeCloseTo(Math.log(100_000));
  });
});

describe("the prediction from landmarks", () => {
  const random = seededRandom("plane");
  const points = Array.from({ length: 120 }, () => [250 * random(), 250 * random()] as const);
  const plane: LatencyMatrix = {
    rttMs: points.map(([x, y]) => Float64Array.from(points, ([u, v]) => Math.hypot(x - u, y - v))),
    nodes: points.map((_, i) => i),
    repairs: { droppedNodes: 0, filledCells: 0 },
  };

  test("orders pairs of people it never saw, in a world it was not fitted to", () => {
    const quality = predictionQuality(plane, benchmarkWorld, "1");
    expect(quality.auc).toBeGreaterThan(0.97);
  });

  test("gives truer chances once the scene has probed others in the same network", () => {
    const seeds = ["1", "2", "3", "4"];
    const off = (quality: typeof predictionQuality) =>
      seeds.reduce((sum, seed) => sum + quality(plane, benchmarkWorld, seed).calibrationError, 0);
    expect(off(predictionAfterStudy)).toBeLessThan(0.8 * off(predictionQuality));
  });

  test("gets better with more beacons", () => {
    const auc = (beacons: number) => predictionQuality(plane, { ...benchmarkWorld, beacons }, "1").auc;
    expect(auc(5)).toBeGreaterThan(auc(1) + 0.03);
  });
});
