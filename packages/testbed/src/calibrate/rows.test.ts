import { expect, test } from "vitest";
import type { Cell } from "./grid.js";
import { rowOf, rowsOf } from "./rows.js";

const cell: Cell = { pair: "chromium-firefox", rttMs: 100, jitterMs: 0, lossRatio: 0.05, condition: "idle" };
const sample = (rttMs: number, interval95Ms: readonly [number, number] | null = null) => ({
  cell,
  rttMs,
  rawRttMs: rttMs + 1,
  trueRttMs: 100,
  interval95Ms,
});

test("errors are reported minus true, and coverage is the share of intervals that hold the truth", () => {
  expect(rowOf(cell, [sample(101, [99, 103]), sample(98, [97, 99]), sample(104, [100, 108])])).toEqual({
    pair: "chromium-firefox",
    injectedRttMs: 100,
    jitterMs: 0,
    lossRatio: 0.05,
    condition: "idle",
    probes: 3,
    biasMs: 1,
    medianAbsErrorMs: 2,
    p95AbsErrorMs: 3.8,
    coverage95: 0.667,
    rawMedianAbsErrorMs: 2,
    intervalHalfMs: 2,
  });
});

test("probes of one kind make one row, from whichever run they come", () => {
  const far = { ...cell, rttMs: 300 };
  const rows = rowsOf([sample(101), { ...sample(300), cell: far }, sample(103)]);
  expect(rows.map(({ injectedRttMs, probes }) => [injectedRttMs, probes])).toEqual([
    [100, 2],
    [300, 1],
  ]);
});

test("a cell without a probe has no figures", () => {
  const row = rowOf(cell, []);
  expect(row).toMatchObject({ probes: 0, biasMs: null, medianAbsErrorMs: null, coverage95: null });
});
