import type { TopLevelSpec } from "vega-lite";
import type { SimulationRow } from "../../sim/simulation.js";
import { chartFrame } from "../drawChart.js";

export const SIMULATION_TITLE =
  "What each matchmaker reaches under a limit on the measured RTT, and whom the chosen one leaves out";
const WIDTH = 440;
const HEIGHT = 150;
/** More lines than this cannot be told apart: those most excluded are drawn. */
const MOST_GROUPS = 10;

/** What each matchmaker reaches under each limit, and whom the chosen one leaves out. */
export function simulationChart(rows: readonly SimulationRow[], chosen: string): TopLevelSpec {
  const limits = [...new Set(rows.map((row) => row.maxP2pRttMs))];
  const figures = rows.map((row) => ({
    matchmaker: row.matchmaker,
    limit: row.maxP2pRttMs,
    matched: row.matchedShare,
    wait: row.waitMs.p50 === null ? null : row.waitMs.p50 / 1000,
    probes: row.probesPerMatch,
  }));
  const own = rows.filter((row) => row.matchmaker === chosen);
  const kinds = [...new Set(own.flatMap((row) => row.excluded.map(({ by }) => by)))];
  const panel = limits.length > 1 ? lines(limits) : bars;
  return {
    ...chartFrame,
    resolve: { scale: { color: "independent" } },
    vconcat: [
      {
        data: { values: figures },
        vconcat: [
          panel("matched", "Matched, share of all participants", "matchmaker", "%"),
          panel("wait", "Median wait of those matched, s", "matchmaker"),
          panel("probes", "Probes per match", "matchmaker"),
        ],
      },
      ...kinds.map((by) => {
        const groups = own.flatMap(({ maxP2pRttMs, excluded }) =>
          excluded.filter((group) => group.by === by).map((group) => ({ ...group, limit: maxP2pRttMs })),
        );
        const shown = new Set(
          [...groups]
            .sort((a, b) => b.unmatchedShare - a.unmatchedShare)
            .map(({ value }) => value)
            .filter((value, i, all) => all.indexOf(value) === i)
            .slice(0, MOST_GROUPS),
        );
        return {
          data: { values: groups.filter(({ value }) => shown.has(value)) },
          ...panel("unmatchedShare", `Not matched by ${chosen}, by ${by}`, "value", "%"),
        };
      }),
    ],
  } as TopLevelSpec;
}

/** A figure against the limit, a line for each matchmaker or group. */
const lines = (limits: readonly number[]) => (field: string, title: string, by: string, format?: "%") => ({
  title,
  width: WIDTH,
  height: HEIGHT,
  mark: { type: "line", point: true, strokeWidth: 2 },
  encoding: {
    x: {
      field: "limit",
      type: "quantitative",
      title: "limit on the measured RTT, ms",
      scale: { zero: false, nice: false },
      axis: { values: limits, labelOverlap: true },
    },
    y: { field, type: "quantitative", title: null, ...axisOf(format) },
    color: { field: by, type: "nominal", sort: null },
  },
});

/** A figure under the one limit there is, a bar for each matchmaker or group. */
const bars = (field: string, title: string, by: string, format?: "%") => ({
  title,
  width: WIDTH,
  height: { step: 20 },
  mark: { type: "bar" },
  encoding: {
    x: { field, type: "quantitative", title: null, ...axisOf(format) },
    y: { field: by, type: "nominal", title: null, sort: null },
    color: { field: by, type: "nominal", sort: null, legend: null },
  },
});

const axisOf = (format?: "%") =>
  format === undefined ? {} : { axis: { format }, scale: { domain: [0, 1] as const } };
