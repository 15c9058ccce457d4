import {
  aucOf,
  benchmarkWorld,
  type LatencyMatrix,
  medianNodes,
  qualityRow,
  seededRandom,
} from "@probematch/server/core";
import { describe, expect, test } from "vitest";
import { madeFamilies, madeMatrix } from "./madeMatrices.js";
import { shuffled } from "./shuffled.js";

const SEEDS = Array.from({ length: 20 }, (_, i) => `facts ${i}`);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe.each(madeFamilies)("a made matrix of the kind %s", (family) => {
  test("is the same for the same seed, and another one for another", () => {
    expect(madeMatrix(family, "a")).toEqual(madeMatrix(family, "a"));
    expect(madeMatrix(family, "a").rttMs).not.toEqual(madeMatrix(family, "b").rttMs);
  });

  test("has pairs on both sides of the limit, and is fit to be simulated", () => {
    const { rttMs } = madeMatrix(family, "a");
    const all = rttMs.flatMap((row, i) => [...row.slice(i + 1)]);
    expect(all.every((ms) => ms > 0 && Number.isFinite(ms))).toBe(true);
    const within = all.filter((ms) => ms <= 100).length / all.length;
    expect(within).toBeGreaterThan(0.05);
    expect(within).toBeLessThan(0.9);
  });
});

test("a damaged one had to be repaired: dead nodes, and cells that are missing both ways", () => {
  const { repairs } = madeMatrix("damaged", "a");
  expect(repairs.droppedNodes).toBeGreaterThan(0);
  expect(repairs.filledCells).toBeGreaterThan(0);
});

describe("devices are as hard as a measured matrix of 99 devices of which figures were published", () => {
  /** By the shortest way over a beacon alone; beacons from one half of the nodes, pairs of the other. */
  function minSumAuc({ rttMs, ...matrix }: LatencyMatrix, beacons: number, seed: string): number {
    const nodes = shuffled(
      rttMs.map((_, node) => node),
      seededRandom(seed),
    );
    const [known, heldOut] = [nodes.slice(0, nodes.length >> 1), nodes.slice(nodes.length >> 1)];
    const chosen = medianNodes({ rttMs, ...matrix }, beacons, { candidates: known });
    const ms = (a: number, b: number) => rttMs[a]?.[b] ?? Number.NaN;
    const pairs = heldOut.flatMap((a, i) =>
      heldOut.slice(i + 1).map((b) => ({
        chance: -Math.min(...chosen.map((beacon) => ms(a, beacon) + ms(b, beacon))),
        within: ms(a, b) <= 100,
      })),
    );
    return aucOf(pairs);
  }

  test.each([
    [1, 0.67, 0.08],
    [3, 0.941, 0.02],
    [5, 0.963, 0.015],
  ])("%i landmarks order their pairs with an AUC of %f", (landmarks, published, within) => {
    const aucs = SEEDS.flatMap((seed) =>
      ["x", "y"].map((split) => minSumAuc(madeMatrix("devices", seed), landmarks, split)),
    );
    expect(Math.abs(mean(aucs) - published)).toBeLessThan(within);
  });

  // As published: the devices' own lines are in the matrix, and no probe fails by accident.
  const world = { ...benchmarkWorld, participants: 600, lastMileMs: 0, probeFailures: 0 };
  const rows = (matchmaker: "fifo" | "latency-fifo" | "oracle", changes: Partial<typeof world> = {}) =>
    SEEDS.map((seed) => qualityRow(madeMatrix("devices", seed), { ...world, ...changes }, matchmaker, ["1"]));

  test("first come, first served needs 8.0 probes for a pair, matches 96 %, and the median wait is 27 s", () => {
    const fifo = rows("fifo");
    expect(Math.abs(mean(fifo.map((row) => row.probesPerMatch)) - 8)).toBeLessThan(1);
    expect(Math.abs(mean(fifo.map((row) => row.matchedShare)) - 0.96)).toBeLessThan(0.015);
    expect(Math.abs(mean(fifo.map((row) => row.waitMs.p50 ?? 0)) - 27_000)).toBeLessThan(3_000);
  });

  test("the sum of two server RTTs matches 36 %, an oracle 97 %", () => {
    expect(Math.abs(mean(rows("latency-fifo").map((row) => row.matchedShare)) - 0.36)).toBeLessThan(0.08);
    expect(Math.abs(mean(rows("oracle").map((row) => row.matchedShare)) - 0.97)).toBeLessThan(0.01);
  });

  test("first come, first served needs 37 to 59 probes for a group of four, or a few less", () => {
    const fours = rows("fifo", { groupSize: 4, maxP2pRttMs: 150, participants: 240 });
    const probes = mean(fours.map((row) => row.probesPerMatch));
    // Less, as a group's most doubtful pair is measured first here, which spares the others.
    expect(probes).toBeGreaterThan(30);
    expect(probes).toBeLessThan(59);
  });
});
