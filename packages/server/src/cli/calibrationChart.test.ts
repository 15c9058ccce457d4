import { type CalibrationSample, rowOf } from "@probematch/testbed";
import { expect, test } from "vitest";
import { CALIBRATION_TITLE, calibrationChart } from "./calibrationChart.js";
import { loadDrawChart } from "./drawChart.js";

const cell = {
  pair: "chromium-firefox",
  rttMs: 100,
  jitterMs: 0,
  lossRatio: 0.05,
  condition: "idle",
} as const;
const sample: CalibrationSample = {
  cell,
  rttMs: 101,
  rawRttMs: 102,
  trueRttMs: 100,
  interval95Ms: [99, 103],
};

const draw = async (...rows: Parameters<typeof calibrationChart>[0]) =>
  (await loadDrawChart())(calibrationChart(rows), CALIBRATION_TITLE);

test("the chart of a calibration names every row", async () => {
  const svg = await draw(rowOf(cell, [sample]));
  expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  expect(svg).toContain(CALIBRATION_TITLE);
  expect(svg).toContain("chromium-firefox, 100 ms, 5 % lost");
  expect(svg).toContain("100 %");
});

test("a row without a probe has no place in the chart", async () => {
  expect(await draw(rowOf(cell, []))).not.toContain("chromium-firefox");
});
