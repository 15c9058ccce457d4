import { InvalidArgumentError } from "@commander-js/extra-typings";

/** What `bench load` compares. */
export const setupNames = ["bare-socket.io", "file", "redis-1", "redis-3"] as const;
export type SetupName = (typeof setupNames)[number];

/** Reads an option that is a whole number of at least `least` and, where that is given, at most `most`. */
export const whole =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Wanted a whole number ${range}.`);
  };

/** Reads an option that is a number from 0 up. */
export function amount(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError("Wanted a number from 0 up.");
}

/** Reads numbers above 0 with commas between them. */
export function delays(text: string): number[] {
  const values = text.split(",").map(Number);
  if (values.every((value) => Number.isFinite(value) && value > 0)) return values;
  throw new InvalidArgumentError("Wanted numbers above 0, with commas between them.");
}

/** Reads one more size of an option that may have several. */
export function oneMore(text: string, before: readonly number[] | undefined): number[] {
  return [...(Array.isArray(before) ? before : []), whole(1)(text)];
}
