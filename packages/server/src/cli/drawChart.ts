import type { TopLevelSpec } from "vega-lite";
import { UsageError } from "./io.js";

/** Draws a chart as the text of an SVG file. */
export type DrawChart = (spec: TopLevelSpec, title: string) => Promise<string>;

/** What our charts have in common. */
export const chartFrame = {
  $schema: "https://vega.github.io/schema/vega-lite/v6.json",
  background: "white",
  padding: 10,
  config: {
    // A description of every point would be three quarters of the file.
    aria: false,
    font: "system-ui, sans-serif",
    axis: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", gridColor: "#e5e5e5" },
    legend: { labelFontSize: 12, title: null, symbolStrokeWidth: 3 },
    title: { fontSize: 13, anchor: "start", frame: "group", offset: 8 },
    view: { stroke: null },
  },
} as const;

/** @throws {UsageError} the packages that draw are not installed */
export async function loadDrawChart(): Promise<DrawChart> {
  const { vega, vegaLite } = await importVega();
  return async (spec, title) => {
    const view = new vega.View(vega.parse(vegaLite.compile(spec).spec), { renderer: "none" });
    try {
      const svg = await view.toSVG();
      return `${svg.replace(">", `><title>${title}</title>`)}\n`;
    } finally {
      view.finalize();
    }
  };
}

/** Not a dependency of a server that runs a study. */
async function importVega() {
  try {
    const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
    return { vega, vegaLite };
  } catch {
    throw new UsageError("--plot needs the packages vega and vega-lite. Run: npm install vega vega-lite@6.4");
  }
}
