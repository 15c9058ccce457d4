import type { ProbeFailure } from "@probematch/shared";
import { type Edge, type Measurement, unknownEdge } from "../latency/edge.js";

/** What the scene remembers of one pair. */
export interface PairRecord {
  readonly status: "accepted" | "too_slow" | "failed";
  readonly measurement: Measurement | null;
  readonly reason: ProbeFailure | null;
  readonly at: number;
  /** The pair is not proposed before this time; where it was too slow, not under a limit that {@link fresh} exceeds. */
  readonly blockedUntil: number | null;
  /** The last measurement, ms, and until when it counts: a failure after it does not undo it. */
  readonly fresh: { readonly rttMs: number; readonly until: number } | null;
  /** Forgotten at this time. */
  readonly expiresAt: number;
  /** Failures in a row, for the back-off. */
  readonly failures: number;
}

/** The pairs that were probed; symmetric, and empty again when everything in it has expired. */
export class PairTable {
  readonly #byFirst = new Map<string, Map<string, PairRecord>>();

  /** The table that had these {@link entries}. */
  static of(entries: readonly (readonly [string, string, PairRecord])[]): PairTable {
    const table = new PairTable();
    for (const [a, b, record] of entries) table.set(a, b, record);
    return table;
  }

  /** What is remembered of this pair now; what has expired is nobody's business, whether or not it was deleted. */
  get(a: string, b: string, now: number): PairRecord | undefined {
    const record = this.#byFirst.get(a)?.get(b);
    return record === undefined || record.expiresAt <= now ? undefined : record;
  }

  set(a: string, b: string, record: PairRecord): void {
    this.#row(a).set(b, record);
    this.#row(b).set(a, record);
  }

  /** Forgets a pair whose record has expired. */
  prune(a: string, b: string, now: number): void {
    if (this.get(a, b, now) !== undefined) return;
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      const row = this.#byFirst.get(x);
      row?.delete(y);
      if (row?.size === 0) this.#byFirst.delete(x);
    }
  }

  /** Is there a record that has expired by this time? */
  lingers(a: string, b: string, now: number): boolean {
    return (this.#byFirst.get(a)?.get(b)?.expiresAt ?? Number.POSITIVE_INFINITY) <= now;
  }

  /** Might anything stand against this pair now? See `isKeptApart`. */
  blocks(a: string, b: string, now: number): boolean {
    const record = this.#byFirst.get(a)?.get(b);
    if (record === undefined) return false;
    return (record.blockedUntil ?? 0) > now || (record.fresh?.until ?? 0) > now;
  }

  /** Everything that has not expired, each pair once, in a fixed order. */
  entries(now: number): [string, string, PairRecord][] {
    const all: [string, string, PairRecord][] = [];
    for (const [a, row] of this.#byFirst) {
      for (const [b, record] of row) if (a < b && record.expiresAt > now) all.push([a, b, record]);
    }
    return all.sort((x, y) => (x[0] < y[0] ? -1 : x[0] > y[0] ? 1 : x[1] < y[1] ? -1 : 1));
  }

  #row(id: string): Map<string, PairRecord> {
    let row = this.#byFirst.get(id);
    if (row === undefined) {
      row = new Map();
      this.#byFirst.set(id, row);
    }
    return row;
  }
}

/** A record as a matchmaker sees it. */
export function edgeOf(record: PairRecord | undefined): Edge {
  if (record === undefined) return unknownEdge;
  const { measurement } = record;
  if (measurement === null) return { ...unknownEdge, status: "failed", reason: record.reason };
  return {
    status: "measured",
    rttMs: measurement.rttMs,
    lowMs: measurement.minMs,
    highMs: measurement.p95Ms,
    samples: measurement.samples,
    lost: measurement.lost,
    path: measurement.path,
    measuredAt: record.at,
    reason: null,
  };
}
