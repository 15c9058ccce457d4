import type { CalibrationRow } from "./rows.js";

const ROW_HEIGHT = 18;
const LABELS = 330;
const PLOT = 420;
const MARGIN = 40;

/**
 * Draws a calibration: per row the bias as a dot, the median absolute error as a thick and its 95th percentile as a thin bar
 * around 0, with the coverage beside it. Reads the same in light and dark.
 *
 * @returns an SVG file's text
 */
export function drawRows(rows: readonly CalibrationRow[]): string {
  const shown = rows.filter((row) => row.p95AbsErrorMs !== null);
  const largest = Math.max(1, ...shown.map((row) => row.p95AbsErrorMs ?? 0));
  const stepMs = niceStep(largest / 4);
  const reachMs = Math.ceil(largest / stepMs) * stepMs;
  const height = MARGIN * 2 + shown.length * ROW_HEIGHT;
  const width = LABELS + PLOT + 90;
  const x = (ms: number) => round(LABELS + (PLOT * (ms + reachMs)) / (2 * reachMs));
  const lines: string[] = [];
  for (let ms = -reachMs; ms <= reachMs + 1e-9; ms += stepMs) {
    lines.push(
      `<line x1="${x(ms)}" x2="${x(ms)}" y1="${MARGIN}" y2="${height - MARGIN}" class="${Math.abs(ms) < 1e-9 ? "zero" : "grid"}"/>`,
      `<text x="${x(ms)}" y="${height - MARGIN + 16}" text-anchor="middle">${round(ms)}</text>`,
    );
  }
  shown.forEach((row, i) => {
    const y = MARGIN + (i + 0.5) * ROW_HEIGHT;
    lines.push(
      `<text x="${LABELS - 10}" y="${y + 4}" text-anchor="end">${label(row)}</text>`,
      bar(x(-(row.p95AbsErrorMs ?? 0)), x(row.p95AbsErrorMs ?? 0), y, 3, "p95"),
      bar(x(-(row.medianAbsErrorMs ?? 0)), x(row.medianAbsErrorMs ?? 0), y, 9, "p50"),
      `<circle cx="${x(row.biasMs ?? 0)}" cy="${y}" r="3"/>`,
      `<text x="${width - 10}" y="${y + 4}" text-anchor="end">${coverage(row)}</text>`,
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>Reported minus true RTT by pair, injected RTT and condition</title>
<style>
svg { font: 11px system-ui, sans-serif; fill: #555; background: #fff; }
.grid { stroke: #ddd; } .zero { stroke: #888; }
.p95 { fill: #9ec5e8; } .p50 { fill: #2f7fc1; } circle { fill: #c0392b; }
@media (prefers-color-scheme: dark) {
svg { fill: #bbb; background: #111; } .grid { stroke: #333; } .p95 { fill: #2b4d6b; }
}
</style>
<text x="${x(0)}" y="16" text-anchor="middle">reported minus true RTT, ms: bias (dot), median and 95th percentile of the absolute error (bars)</text>
<text x="${width - 10}" y="32" text-anchor="end">coverage</text>
${lines.join("\n")}
</svg>
`;
}

const bar = (from: number, to: number, y: number, thickness: number, name: string): string =>
  `<rect x="${from}" y="${y - thickness / 2}" width="${round(to - from)}" height="${thickness}" class="${name}"/>`;

function label({ pair, injectedRttMs, jitterMs, lossRatio, condition }: CalibrationRow): string {
  const jitter = jitterMs === 0 ? "" : ` ±${jitterMs}`;
  const loss = lossRatio === 0 ? "" : `, ${round(lossRatio * 100)} % lost`;
  return `${pair}, ${injectedRttMs}${jitter} ms${loss}${condition === "idle" ? "" : `, ${condition}`}`;
}

const coverage = ({ coverage95 }: CalibrationRow): string =>
  coverage95 === null ? "" : `${Math.round(coverage95 * 100)} %`;

/** 1, 2 or 5 times a power of ten, at least as large. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((digit) => digit * power >= least) ?? 10) * power;
}

const round = (value: number): number => Number(value.toFixed(2));
