import { quantile } from "@probematch/shared";

/** Quantiles of what was measured; `null` where nothing was. */
export interface Figures {
  readonly n: number;
  readonly p50: number | null;
  readonly p95: number | null;
}

export function figuresOf(values: readonly number[], digits = 1): Figures {
  const round = (value: number | null) => (value === null ? null : Number(value.toFixed(digits)));
  return { n: values.length, p50: round(quantile(values, 0.5)), p95: round(quantile(values, 0.95)) };
}

/** A JSON object for programs, or a table for people. */
export function print(result: object, asJson: boolean | undefined, table: () => readonly object[]): void {
  if (asJson === true) process.stdout.write(`${JSON.stringify(result)}\n`);
  // biome-ignore lint/suspicious/noConsole: a table on the terminal is what this command is for
  else console.table(table());
}
