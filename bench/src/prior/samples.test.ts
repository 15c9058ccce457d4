import { describe, expect, it } from "vitest";
import { madeMatrix } from "../madeMatrices.js";
import { drawPairs, halvesOf } from "./samples.js";

const matrix = madeMatrix("plane", "a");

describe("pairs to fit on", () => {
  it("are the same for the same seed, and others for another", () => {
    const pairs = drawPairs(matrix, 5, "a", 50);
    expect(drawPairs(madeMatrix("plane", "a"), 5, "a", 50)).toEqual(pairs);
    expect(drawPairs(matrix, 5, "b", 50)).not.toEqual(pairs);
  });

  it("have as many landmarks in common as were asked for", () => {
    for (const landmarks of [1, 8]) {
      const pairs = drawPairs(matrix, landmarks, "a", 20);
      expect(pairs.map(({ bounds }) => bounds.landmarks)).toEqual(new Array(20).fill(landmarks));
    }
    expect(() => drawPairs(halvesOf(matrix)[0], 50, "a", 1)).toThrow("has no room for 50 landmarks");
  });

  it("are longer than the paths of the matrix, by two last miles", () => {
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const paths = mean(matrix.rttMs.flatMap((row) => [...row]));
    const extra = mean(drawPairs(matrix, 1, "a", 4_000).map(({ rttMs }) => rttMs)) - paths;
    // 8 ms in the median are 9.6 in the mean; people live at half of the nodes.
    expect(Math.abs(extra - 2 * 9.6)).toBeLessThan(10);
  });
});

describe("the halves of a matrix", () => {
  it("have every node once, and the RTTs between their own", () => {
    const [a, b] = halvesOf(matrix);
    expect([...a.nodes, ...b.nodes].sort((x, y) => x - y)).toEqual(matrix.nodes);
    expect(Math.abs(a.nodes.length - b.nodes.length)).toBeLessThanOrEqual(1);
    for (const half of [a, b])
      expect(half.rttMs).toEqual(
        half.nodes.map((i) => Float64Array.from(half.nodes, (j) => matrix.rttMs[i]?.[j] ?? Number.NaN)),
      );
  });
});
