import { describe, expect, test } from "vitest";
import { seededRandom } from "../lobby/random.js";
import type { LatencyMatrix } from "./latencyMatrix.js";
import { comparedMatchmaker } from "./qualityMatchmakers.js";
import { qualityRun } from "./qualityRun.js";
import { benchmarkWorld, QualityWorld } from "./qualityWorld.js";

/** Nodes on a square of 200 by 200 ms. */
function square(nodes: number): LatencyMatrix {
  const random = seededRandom("square");
  const points = Array.from({ length: nodes }, () => [200 * random(), 200 * random()] as const);
  return {
    rttMs: points.map(([x, y]) =>
      Float64Array.from(points, ([u, v]) => Math.max(0.5, Math.hypot(x - u, y - v))),
    ),
    nodes: points.map((_, i) => i),
    repairs: { droppedNodes: 0, filledCells: 0 },
  };
}

describe("a simulated study", { timeout: 180_000 }, () => {
  const options = { ...benchmarkWorld, participants: 600 };
  const run = (name: Parameters<typeof comparedMatchmaker>[0], changes: Partial<typeof options> = {}) => {
    const changed = { ...options, ...changes };
    const world = new QualityWorld(square(80), changed, "test");
    return qualityRun(world, changed, comparedMatchmaker(name, world, changed), "test");
  };

  test("comes out the same every time", () => {
    expect(run("lowest-latency")).toEqual(run("lowest-latency"));
  });

  test("matches nearly as many with prediction as with the truth, for few probes and little waiting", () => {
    const [predicted, oracle, fifo] = [run("lowest-latency"), run("oracle"), run("fifo")];
    expect(predicted.matchedShare).toBeGreaterThan(oracle.matchedShare - 0.02);
    expect(predicted.probesPerMatch).toBeLessThan(1.3);
    expect(fifo.probesPerMatch).toBeGreaterThan(2 * predicted.probesPerMatch);
    expect(predicted.waitMs.p50).toBeLessThan(1.2 * (oracle.waitMs.p50 ?? 0) + options.probeMs);
  });

  test("never wastes a probe on a pair that is too slow where the truth is known", () => {
    expect(run("oracle", { probeFailures: 0 }).probesPerMatch).toBe(1);
  });

  test("strands people with the rule of the sum whom prediction matches", () => {
    expect(run("latency-fifo").matchedShare).toBeLessThan(run("lowest-latency").matchedShare - 0.1);
  });

  test("finds groups of four for little more than their six probes", () => {
    const four = { groupSize: 4, maxP2pRttMs: 150 };
    const [predicted, oracle] = [run("lowest-latency", four), run("oracle", four)];
    expect(predicted.matchedShare).toBeGreaterThan(oracle.matchedShare - 0.05);
    expect(predicted.probesPerMatch).toBeLessThan(1.4 * oracle.probesPerMatch);
  });
});
