import { type OptionCheck, shown } from "../options.js";

/** Checks of rules' options: what is wrong, as a sentence, or `null`. */

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
export const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const wanted = (name: string, what: string, value: unknown): string =>
  `${name} has to be ${what}, but it is ${shown(value)}.`;

export const attributeName: OptionCheck = (name, value) =>
  typeof value === "string" && value.length > 0 && value.length <= 64
    ? null
    : wanted(name, "the name of an attribute, 1 to 64 characters", value);

export const missing: OptionCheck = (name, value) =>
  value === undefined || value === "refuse" || value === "allow"
    ? null
    : wanted(name, '"refuse" or "allow"', value);

export const positive: OptionCheck = (name, value) =>
  value === undefined || (isNumber(value) && value > 0) ? null : wanted(name, "a number above 0", value);

export const positiveMs: OptionCheck = (name, value) =>
  isNumber(value) && value > 0 ? null : wanted(name, "a number of milliseconds above 0", value);

export const wholeOrNull: OptionCheck = (name, value) =>
  value === undefined || value === null || (Number.isSafeInteger(value) && Number(value) >= 1)
    ? null
    : wanted(name, "a whole number of at least 1, or null", value);

const isAmount = (value: unknown): value is number => isNumber(value) && value >= 0;

/** A distance, or steps by waiting time: from 0 on, later ones later and no smaller. */
export const distanceSteps: OptionCheck = (name, value) => {
  if (isAmount(value)) return null;
  if (!Array.isArray(value) || value.length === 0)
    return wanted(name, "a number of at least 0, or a list of { afterMs, distance }", value);
  let before: { readonly afterMs: number; readonly distance: number } | null = null;
  for (const [i, step] of value.entries()) {
    const at = `${name}[${i}]`;
    if (!isPlainObject(step)) return wanted(at, "{ afterMs, distance }", step);
    const { afterMs, distance, ...others } = step;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) return `${at} has ${shown(unknown)}, but only afterMs and distance are known.`;
    if (!isAmount(afterMs)) return wanted(`${at}.afterMs`, "a number of milliseconds, 0 or more", afterMs);
    if (!isAmount(distance)) return wanted(`${at}.distance`, "a number of at least 0", distance);
    if (before === null && afterMs !== 0) return wanted(`${at}.afterMs`, "0, where waiting begins", afterMs);
    if (before !== null && afterMs <= before.afterMs)
      return wanted(`${at}.afterMs`, `later than the step before (${before.afterMs})`, afterMs);
    if (before !== null && distance < before.distance)
      return wanted(
        `${at}.distance`,
        `at least the step before's (${before.distance}): limits only relax`,
        distance,
      );
    before = { afterMs, distance };
  }
  return null;
};

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** How many members with which value. */
export const memberCounts: OptionCheck = (name, value) => {
  if (!isPlainObject(value) || Object.keys(value).length === 0)
    return wanted(name, "an object such as { novice: 2, expert: 1 }", value);
  for (const [member, count] of Object.entries(value)) {
    const at = `${name}.${member}`;
    if (isCount(count)) continue;
    if (!isPlainObject(count)) return wanted(at, "a whole number, or { min?, max? }", count);
    const { min, max, ...others } = count;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) return `${at} has ${shown(unknown)}, but only min and max are known.`;
    if (min !== undefined && !isCount(min)) return wanted(`${at}.min`, "a whole number", min);
    if (max !== undefined && !isCount(max)) return wanted(`${at}.max`, "a whole number", max);
    if (isCount(min) && isCount(max) && max < min)
      return wanted(`${at}.max`, `at least min, which is ${min}`, max);
  }
  return null;
};
