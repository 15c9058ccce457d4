import type { CalibrationRow } from "@probematch/testbed";
import type { TopLevelSpec } from "vega-lite";
import { chartFrame } from "./drawChart.js";

export const CALIBRATION_TITLE = "Reported minus true RTT by pair, injected RTT and condition";

/**
 * A calibration: per row the bias as a dot, the median absolute error as a thick and its 95th percentile as a thin bar around
 * 0, with the coverage of the stated interval beside it. Rows without a probe have no place in it.
 */
export function calibrationChart(rows: readonly CalibrationRow[]): TopLevelSpec {
  const values = rows
    .filter(({ p95AbsErrorMs }) => p95AbsErrorMs !== null)
    .map(({ biasMs, medianAbsErrorMs, p95AbsErrorMs, coverage95, ...row }) => ({
      row: labelOf(row),
      biasMs,
      median: medianAbsErrorMs,
      minusMedian: -(medianAbsErrorMs ?? 0),
      p95: p95AbsErrorMs,
      minusP95: -(p95AbsErrorMs ?? 0),
      coverage: coverage95 === null ? "" : `${Math.round(100 * coverage95)} %`,
    }));
  const y = { field: "row", type: "nominal", sort: null, title: null, axis: { labelLimit: 400 } } as const;
  const bar = (from: string, to: string, size: number, color: string) => ({
    mark: { type: "bar" as const, size, color },
    encoding: { y, x: { field: from, type: "quantitative" as const }, x2: { field: to } },
  });
  return {
    ...chartFrame,
    data: { values },
    width: 440,
    height: { step: 18 },
    layer: [
      bar("minusP95", "p95", 3, "#9ec5e8"),
      bar("minusMedian", "median", 9, "#2f7fc1"),
      {
        mark: { type: "point", filled: true, size: 28, opacity: 1, color: "#c0392b" },
        encoding: {
          y,
          x: {
            field: "biasMs",
            type: "quantitative",
            title:
              "reported minus true RTT, ms: bias (dot), median and 95th percentile of the absolute error (bars)",
          },
        },
      },
      {
        mark: { type: "text", align: "right", x: "width", dx: 50, fontSize: 12 },
        encoding: { y, text: { field: "coverage" } },
      },
      {
        data: { values: [{}] },
        mark: { type: "text", align: "right", x: "width", dx: 50, y: -8, fontSize: 12, text: "coverage" },
      },
    ],
  };
}

function labelOf({
  pair,
  injectedRttMs,
  jitterMs,
  lossRatio,
  condition,
}: Pick<CalibrationRow, "pair" | "injectedRttMs" | "jitterMs" | "lossRatio" | "condition">): string {
  const jitter = jitterMs === 0 ? "" : ` ±${jitterMs}`;
  const loss = lossRatio === 0 ? "" : `, ${Number((100 * lossRatio).toFixed(2))} % lost`;
  return `${pair}, ${injectedRttMs}${jitter} ms${loss}${condition === "idle" ? "" : `, ${condition}`}`;
}
