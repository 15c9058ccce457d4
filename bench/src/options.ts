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

/**
 * Reads names out of `choices`, of an option that may have several: with spaces or commas between them.
 *
 * @returns a reader for an option whose default is `choices` itself
 */
export const someOf =
  <Name extends string>(choices: readonly Name[]) =>
  (text: string, before: readonly Name[]): readonly Name[] => {
    const names = text.split(",").map((given) => {
      const name = choices.find((choice) => choice === given.trim());
      if (name !== undefined) return name;
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.`);
    });
    return [...(before === choices ? [] : before), ...names];
  };

/** Reads one more size of an option that may have several. */
export function oneMore(text: string, before: readonly number[] | undefined): number[] {
  return [...(Array.isArray(before) ? before : []), whole(1)(text)];
}
