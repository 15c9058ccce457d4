import type { QualityRow } from "@probematch/server/core";

/** What the benchmark aims at, held against the oracle on the same people. */
interface Aims {
  /** Share of all participants fewer than the oracle matches. */
  readonly shortOfOracle: number;
  readonly probesPerMatch: number;
  /** Longest median wait, ms, beside the oracle's and with such a probe; `null` = none set. */
  readonly waitP50Ms: ((oracleMs: number, probeMs: number) => number) | null;
}

const aimsOf: Readonly<Record<number, Aims>> = {
  2: { shortOfOracle: 0.01, probesPerMatch: 1.3, waitP50Ms: (oracleMs, probeMs) => 1.2 * oracleMs + probeMs },
  4: { shortOfOracle: 0.03, probesPerMatch: 8, waitP50Ms: null },
};

/** One group size on one matrix, both with the same people. */
export interface Outcome {
  readonly kind: string;
  readonly reached: QualityRow;
  readonly oracle: QualityRow;
}

/** How one kind of matrices came out: means, the worst, and on how many of them each aim was met (`null`: there is none). */
export interface AimsRow {
  readonly kind: string;
  readonly groupSize: number;
  readonly matrices: number;
  readonly matchedShare: number;
  readonly oracleMatchedShare: number;
  readonly mostShortOfOracle: number;
  readonly probesPerMatch: number;
  readonly mostProbesPerMatch: number;
  readonly waitP50Ms: number;
  readonly oracleWaitP50Ms: number;
  readonly met: { readonly matched: number; readonly probes: number; readonly wait: number | null };
}

export function aimsRows(outcomes: readonly Outcome[], probeMs: number): readonly AimsRow[] {
  const groups = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const name = `${outcome.kind}/${outcome.reached.groupSize}`;
    groups.set(name, [...(groups.get(name) ?? []), outcome]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const aims = first === undefined ? undefined : aimsOf[first.reached.groupSize];
    if (first === undefined || aims === undefined) return [];
    const short = group.map(({ reached, oracle }) => oracle.matchedShare - reached.matchedShare);
    const probes = group.map(({ reached }) => reached.probesPerMatch);
    const waits = group.map(({ reached, oracle }) => ({
      ms: reached.waitMs.p50 ?? Number.POSITIVE_INFINITY,
      oracleMs: oracle.waitMs.p50 ?? Number.POSITIVE_INFINITY,
    }));
    const { waitP50Ms } = aims;
    return {
      kind: first.kind,
      groupSize: first.reached.groupSize,
      matrices: group.length,
      matchedShare: mean(group.map(({ reached }) => reached.matchedShare)),
      oracleMatchedShare: mean(group.map(({ oracle }) => oracle.matchedShare)),
      mostShortOfOracle: Math.max(...short),
      probesPerMatch: mean(probes),
      mostProbesPerMatch: Math.max(...probes),
      waitP50Ms: mean(waits.map(({ ms }) => ms)),
      oracleWaitP50Ms: mean(waits.map(({ oracleMs }) => oracleMs)),
      met: {
        matched: count(short, (share) => share <= aims.shortOfOracle),
        probes: count(probes, (n) => n <= aims.probesPerMatch),
        wait:
          waitP50Ms === null ? null : count(waits, ({ ms, oracleMs }) => ms <= waitP50Ms(oracleMs, probeMs)),
      },
    };
  });
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const count = <T>(values: readonly T[], holds: (value: T) => boolean): number => values.filter(holds).length;
