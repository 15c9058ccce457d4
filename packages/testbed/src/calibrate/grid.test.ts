import { describe, expect, test } from "vitest";
import { type Cell, cellsOf, conditions, delaysMs, enginesOf, impossible, pairs } from "./grid.js";

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

describe("a jitter", () => {
  const cell = (rttMs: number, jitterMs: number, condition: Cell["condition"] = "idle"): Cell => {
    return { pair: "chromium-chromium", rttMs, jitterMs, lossRatio: 0, condition };
  };

  test.each([cell(0, 0), cell(20, 10), cell(100, 10), cell(100, 10, "asymmetric"), cell(0, 0, "asymmetric")])(
    "is possible up to the delay of the shorter direction: %j",
    (one) => {
      expect(impossible(one)).toBe(null);
      expect(Math.min(...delaysMs(one))).toBeGreaterThanOrEqual(one.jitterMs);
    },
  );

  test.each([
    [cell(10, 20), "an RTT of 10 ms cannot vary by ±20 ms each way, it needs 40 ms or more"],
    [cell(0, 1), "an RTT of 0 ms cannot vary by ±1 ms each way, it needs 2 ms or more"],
    [cell(99, 10, "asymmetric"), "an RTT of 99 ms cannot vary by ±10 ms each way, it needs 100 ms or more"],
  ])("above it would be cut off at nothing: %j", (one, reason) => {
    expect(impossible(one)).toBe(reason);
  });

  test("is possible in every cell of the default grid", () => {
    expect(cellsOf().filter((one) => impossible(one) !== null)).toEqual([]);
  });
});
