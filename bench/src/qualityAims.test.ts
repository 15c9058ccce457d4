import type { QualityRow } from "@probematch/server/core";
import { expect, test } from "vitest";
import { aimsRows, type Outcome } from "./qualityAims.js";

const row = (
  groupSize: number,
  matchedShare: number,
  probesPerMatch: number,
  p50: number | null,
): QualityRow => ({
  groupSize,
  matchmaker: "lowest-latency",
  matchedShare,
  probesPerMatch,
  waitMs: { p50, p95: null },
});

const outcome = (kind: string, reached: QualityRow, oracleShare: number): Outcome => ({
  kind,
  reached,
  oracle: row(reached.groupSize, oracleShare, 1, 5_000),
});

test("a matrix counts for each aim by itself, and the worst of a kind is told", () => {
  const outcomes = [
    outcome("plane", row(2, 0.97, 1.2, 9_000), 0.975),
    outcome("plane", row(2, 0.95, 1.4, 12_000), 0.97),
  ];
  const [plane] = aimsRows(outcomes, 5_000);
  expect(plane).toMatchObject({ kind: "plane", matrices: 2, mostProbesPerMatch: 1.4 });
  expect(plane?.mostShortOfOracle).toBeCloseTo(0.02);
  expect(plane?.met).toEqual({ matched: 1, probes: 1, wait: 1 });
});

test("groups of four have aims of their own, and none for the wait", () => {
  const rows = aimsRows([outcome("plane", row(4, 0.92, 7.9, 90_000), 0.94)], 5_000);
  expect(rows.map(({ met }) => met)).toEqual([{ matched: 1, probes: 1, wait: null }]);
});

test("a matrix where nobody was matched waited too long", () => {
  const [none] = aimsRows([outcome("plane", row(2, 0, 0, null), 0.9)], 5_000);
  expect(none?.met).toMatchObject({ matched: 0, wait: 0 });
});

test("a group size without aims has no row", () => {
  expect(aimsRows([outcome("plane", row(3, 1, 3, 1_000), 1)], 5_000)).toEqual([]);
});
