import type { ExcludedGroup, SimulationRow } from "../../sim/simulation.js";

/** The figures for a person at a terminal. */
export function describeRows(rows: readonly SimulationRow[], chosen: string): string {
  const lines = rows.map((row) =>
    [
      row.matchmaker.padEnd(16),
      String(row.maxP2pRttMs).padStart(7),
      percent(row.matchedShare).padStart(9),
      percent(row.timedOutShare).padStart(11),
      percent(row.leftShare).padStart(9),
      fixed(row.probesPerMatch, 2).padStart(14),
      seconds(row.waitMs.p50).padStart(10),
      seconds(row.waitMs.p90).padStart(7),
      seconds(row.waitMs.p95).padStart(7),
      fixed(row.achievedRttMs.p50, 0).padStart(9),
      fixed(row.achievedRttMs.p95, 0).padStart(6),
      fixed(row.cost.waitedMinutesPerMatched, 1).padStart(14),
    ].join(""),
  );
  return `${[HEAD, ...lines, ...describeExcluded(rows, chosen)].join("\n")}\n`;
}

const HEAD =
  "matchmaker        limit  matched  timed out     left  probes/match  wait p50    p90    p95  RTT p50   p95  min/matched";
const MOST_VALUES = 10;

/** Whom the chosen matchmaker left out; under the tightest limit there was, where there were several. */
function describeExcluded(rows: readonly SimulationRow[], chosen: string): string[] {
  const own = rows.filter((row) => row.matchmaker === chosen);
  const [first] = own.sort((a, b) => a.maxP2pRttMs - b.maxP2pRttMs);
  if (first === undefined) return [];
  const kinds = [...new Set(first.excluded.map(({ by }) => by))];
  return kinds.flatMap((by) => {
    const groups = first.excluded.filter((group) => group.by === by);
    const rest = groups.length - MOST_VALUES;
    return [
      "",
      `Not matched by ${chosen} at ${first.maxP2pRttMs} ms, by ${by}:`,
      ...groups.slice(0, MOST_VALUES).map(describeGroup),
      ...(rest > 0 ? [`  and ${rest} more, less excluded (all of them with --json)`] : []),
    ];
  });
}

const describeGroup = ({ value, unmatchedShare, participants }: ExcludedGroup): string =>
  `  ${value.padEnd(20)}${percent(unmatchedShare).padStart(8)} of ${participants}`;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const fixed = (value: number | null, digits: number): string => value?.toFixed(digits) ?? "-";
const seconds = (ms: number | null): string => (ms === null ? "-" : `${(ms / 1000).toFixed(0)} s`);
