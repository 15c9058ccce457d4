import type { Matchmaker } from "./matchmaker.js";
import { shown } from "./options.js";

/** What the core calls on a matchmaker. */
const methods = [
  "findMatch",
  "findMatches",
  "allowsPair",
  "rankCandidates",
  "limitFor",
  "limitRelaxesAt",
  "shouldRejectForRtt",
  "relaxesAt",
  "givesUpAt",
  "nameFor",
  "describe",
] as const satisfies readonly (keyof Matchmaker)[];

/**
 * What keeps a value from being used as a matchmaker, each a sentence for the person who wrote it; nothing when
 * it can be used. A matchmaker made with another copy of this package counts when it has all that the core calls.
 */
export function problemsOfMatchmaker(value: unknown): readonly string[] {
  if (typeof value === "function") {
    const name = value.name === "" ? "TheMatchmaker" : value.name;
    return [`The matchmaker is a class or function, not an object: write new ${name}(…) instead of ${name}.`];
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [
      `The matchmaker has to be an object of a class that extends Matchmaker, but it is ${shown(value)}.`,
    ];
  }
  const candidate = value as Readonly<Record<string, unknown>>;
  const problems: string[] = [];

  const missing = methods.filter((method) => typeof candidate[method] !== "function");
  if (missing.includes("findMatch")) {
    problems.push("The matchmaker has no method findMatch(arriving, waiting, groupSize, context).");
  }
  const inherited = missing.filter((method) => method !== "findMatch");
  if (inherited.length > 0) {
    problems.push(
      `The matchmaker lacks ${inherited.join(", ")}: let its class extend Matchmaker, which has them all.`,
    );
  }
  if (typeof candidate["name"] !== "string" || candidate["name"].trim() === "") {
    problems.push(
      `The matchmaker's name has to be a text that is not empty, but it is ${shown(candidate["name"])}.`,
    );
  } else if (candidate["name"].length > 200) {
    problems.push("The matchmaker's name is longer than 200 characters.");
  }
  const limit = candidate["maxP2pRttMs"];
  if (limit !== null && !(typeof limit === "number" && Number.isFinite(limit) && limit >= 0)) {
    problems.push(
      `The matchmaker's maxP2pRttMs has to be a number of milliseconds, 0 or more, or null for no limit, but it is ${shown(limit)}.`,
    );
  }
  return problems;
}

/** Can the core work with this? See {@link problemsOfMatchmaker} for the reasons when it cannot. */
export const isMatchmaker = (value: unknown): value is Matchmaker => problemsOfMatchmaker(value).length === 0;
