import { describe, expect, test } from "vitest";
import { medianNodes, parseLatencyMatrix, SAME_NODE_MS } from "./latencyMatrix.js";

const csv = (rows: readonly (readonly (number | "")[])[]) => rows.map((row) => row.join(",")).join("\n");
const asArrays = (text: string) => parseLatencyMatrix(text).rttMs.map((row) => [...row]);

describe("a measured latency matrix", () => {
  test("is read as it is, with a node near itself", () => {
    expect(asArrays("0,10\n10,0\n")).toEqual([
      [SAME_NODE_MS, 10],
      [10, SAME_NODE_MS],
    ]);
  });

  test("counts with the mean of both directions, and with the one there is", () => {
    const text = csv([
      ["", 10, 30],
      [20, "", 50],
      ["", 40, ""],
    ]);
    expect(asArrays(text)).toEqual([
      [SAME_NODE_MS, 15, 30],
      [15, SAME_NODE_MS, 45],
      [30, 45, SAME_NODE_MS],
    ]);
  });

  test("gets the shortest way over another node where a pair is missing", () => {
    const text = csv([
      ["", 10, ""],
      [10, "", 30],
      ["", 30, ""],
    ]);
    const { rttMs, repairs } = parseLatencyMatrix(text);
    expect(rttMs[0]?.[2]).toBe(40);
    expect(repairs).toEqual({ droppedNodes: 0, filledCells: 1 });
  });

  test("loses nodes that are dead: nothing measured, or seconds to everybody", () => {
    const text = csv([
      ["", 10, 20, "", 4_000],
      [10, "", 30, "", 5_000],
      [20, 30, "", "", 4_500],
      ["", "", "", "", ""],
      [4_000, 5_000, 4_500, "", ""],
    ]);
    const { rttMs, repairs } = parseLatencyMatrix(text);
    expect(rttMs).toHaveLength(3);
    expect(repairs.droppedNodes).toBe(2);
  });

  test("takes nothing that is no positive number for an RTT", () => {
    const text = csv([
      ["", 10, -1],
      [10, "", 30],
      [0, 30, ""],
    ]);
    expect(parseLatencyMatrix(text).rttMs[0]?.[2]).toBe(40);
  });

  test("is refused when it is not square, saying where", () => {
    expect(() => parseLatencyMatrix("0,1,2\n1,0\n2,1,0")).toThrow("Line 2 has 2 cells");
    expect(() => parseLatencyMatrix("")).toThrow();
  });
});

describe("beacons", () => {
  test("stand where the sum of the distances to the nearest one is small", () => {
    const at = [0, 1, 2, 100, 101, 102];
    const matrix = parseLatencyMatrix(csv(at.map((a) => at.map((b) => (a === b ? "" : Math.abs(a - b))))));
    expect([...medianNodes(matrix, 2)].sort((a, b) => a - b)).toEqual([1, 4]);
  });
});
