/** Checks of matchmakers' options, shared by their constructors and by plain-object configurations. */

/** What is wrong with an option, as a sentence; `null` when nothing is. */
export type OptionCheck = (name: string, value: unknown) => string | null;

const isAmount = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0;

/** A number of milliseconds that has to be given. */
export const requiredMs: OptionCheck = (name, value) =>
  isAmount(value)
    ? null
    : `${name} has to be a number of milliseconds, 0 or more, but it is ${shown(value)}.`;

/** A number of milliseconds, or `null` or nothing for no limit. */
export const optionalMs: OptionCheck = (name, value) =>
  value === undefined || value === null || isAmount(value)
    ? null
    : `${name} has to be a number of milliseconds, 0 or more, or null for no limit, but it is ${shown(value)}.`;

/** A share from 0 to 1, or nothing. */
export const optionalShare: OptionCheck = (name, value) =>
  value === undefined || (isAmount(value) && value <= 1)
    ? null
    : `${name} has to be a number from 0 to 1, but it is ${shown(value)}.`;

/**
 * A limit for a constructor.
 *
 * @throws {TypeError} when it is not a limit
 */
export function checkedLimit(name: string, value: number | null | undefined): number | null {
  const problem = optionalMs(name, value);
  if (problem !== null) throw new TypeError(problem);
  return value ?? null;
}

/** A value as it is shown in an error: short, and never a dump. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  if (value === undefined) return "missing";
  return String(value);
}
