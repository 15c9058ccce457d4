import { median, quantile } from "@probematch/shared";
import type { Cell, Condition, Pair } from "./grid.js";

/** One probe that gave a number. */
export interface CalibrationSample {
  readonly cell: Cell;
  /** What the product says, ms. */
  readonly rttMs: number;
  /** The same without the correction for what the pages know that they add, ms. */
  readonly rawRttMs: number;
  /** The product's 95 % interval, ms; `null` where it states none. */
  readonly interval95Ms: readonly [number, number] | null;
  /** What was really there, ms. */
  readonly trueRttMs: number;
}

/** Injected against reported, one cell of the grid. Errors are reported minus true. */
export interface CalibrationRow {
  readonly pair: Pair;
  readonly injectedRttMs: number;
  readonly jitterMs: number;
  readonly lossRatio: number;
  readonly condition: Condition;
  /** Probes that gave a number. */
  readonly probes: number;
  /** Mean error; `null` without probes, like the others. */
  readonly biasMs: number | null;
  readonly medianAbsErrorMs: number | null;
  readonly p95AbsErrorMs: number | null;
  /** Share of probes whose 95 % interval held the truth, 0…1. */
  readonly coverage95: number | null;
  /** {@link CalibrationRow.medianAbsErrorMs} without the correction for what the pages know that they add. */
  readonly rawMedianAbsErrorMs: number | null;
  /** Half the width of the stated 95 % interval, median over the probes. */
  readonly intervalHalfMs: number | null;
}

/** A row per cell, in the order in which the cells first come. */
export function rowsOf(samples: readonly CalibrationSample[]): CalibrationRow[] {
  const cells = new Map<string, CalibrationSample[]>();
  for (const sample of samples) {
    const key = JSON.stringify(sample.cell);
    cells.set(key, [...(cells.get(key) ?? []), sample]);
  }
  return [...cells.values()].flatMap((ofCell) => ofCell.slice(0, 1).map(({ cell }) => rowOf(cell, ofCell)));
}

export function rowOf(cell: Cell, samples: readonly CalibrationSample[]): CalibrationRow {
  const errors = samples.map((sample) => sample.rttMs - sample.trueRttMs);
  const sizes = errors.map(Math.abs);
  const rawSizes = samples.map((sample) => Math.abs(sample.rawRttMs - sample.trueRttMs));
  const halves = samples.flatMap(({ interval95Ms: interval }) =>
    interval === null ? [] : [(interval[1] - interval[0]) / 2],
  );
  const covered = samples.flatMap(({ interval95Ms, trueRttMs }) =>
    interval95Ms === null ? [] : [interval95Ms[0] <= trueRttMs && trueRttMs <= interval95Ms[1]],
  );
  return {
    pair: cell.pair,
    injectedRttMs: cell.rttMs,
    jitterMs: cell.jitterMs,
    lossRatio: cell.lossRatio,
    condition: cell.condition,
    probes: samples.length,
    biasMs: rounded(mean(errors)),
    medianAbsErrorMs: rounded(median(sizes)),
    p95AbsErrorMs: rounded(quantile(sizes, 0.95)),
    coverage95: rounded(mean(covered.map(Number))),
    rawMedianAbsErrorMs: rounded(median(rawSizes)),
    intervalHalfMs: rounded(median(halves)),
  };
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

const rounded = (value: number | null): number | null => (value === null ? null : Number(value.toFixed(3)));
