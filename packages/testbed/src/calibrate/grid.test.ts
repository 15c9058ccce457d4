import { expect, test } from "vitest";
import { cellsOf, conditions, enginesOf, pairs } from "./grid.js";

test("without a selection every pair meets every RTT, and each disturbance on its own", () => {
  const cells = cellsOf();
  expect(new Set(cells.map((cell) => cell.pair))).toEqual(new Set(pairs));
  expect(new Set(cells.map((cell) => cell.condition))).toEqual(new Set(conditions));
  const undisturbed = cells.filter(
    (cell) => cell.condition === "idle" && cell.jitterMs === 0 && cell.lossRatio === 0,
  );
  expect(new Set(undisturbed.map((cell) => cell.rttMs))).toEqual(new Set([0, 20, 50, 100, 200, 300, 1500]));
  expect(new Set(cells.map((cell) => JSON.stringify(cell))).size).toBe(cells.length);
});

test("what is given is combined, and what is not is undisturbed", () => {
  expect(cellsOf({ pairs: ["chromium-firefox"], rttMs: [20, 100], lossRatio: [0, 0.05] })).toEqual(
    [20, 100].flatMap((rttMs) =>
      [0, 0.05].map((lossRatio) => ({
        pair: "chromium-firefox",
        rttMs,
        jitterMs: 0,
        lossRatio,
        condition: "idle",
      })),
    ),
  );
});

test("a pair names its engines in order", () => {
  expect(enginesOf("chromium-firefox")).toEqual(["chromium", "firefox"]);
});
