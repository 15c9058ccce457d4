import { problemsOfMatchmaker } from "../matchmakers/checkMatchmaker.js";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import type { Matchmaker } from "../matchmakers/matchmaker.js";
import { matchmakerFromDescription } from "../matchmakers/registry.js";
import type { ConfigProblem } from "./configError.js";
import { configHash } from "./configHash.js";

/** The matchmaker that was given or described, `null` where it cannot be used; the reasons are added to `problems`. */
export function resolveMatchmaker(
  given: unknown,
  path: string,
  problems: ConfigProblem[],
): Matchmaker | null {
  if (given === undefined) return new FifoMatchmaker();
  if (isDescription(given)) {
    const described = matchmakerFromDescription(given);
    if (described.status === "ok") return described.matchmaker;
    problems.push(...described.problems.map((problem) => ({ path, problem })));
    return null;
  }
  const found = problemsOfMatchmaker(given);
  if (found.length > 0) {
    problems.push(...found.map((problem) => ({ path, problem })));
    return null;
  }
  const matchmaker = given as Matchmaker;
  const problem = problemOfDescribe(matchmaker);
  if (problem === null) return matchmaker;
  problems.push({ path, problem });
  return null;
}

/** Text or an object without behaviour; what has methods or a class was meant as a matchmaker. */
function isDescription(given: unknown): boolean {
  if (typeof given === "string") return true;
  if (typeof given !== "object" || given === null) return false;
  const prototype: unknown = Object.getPrototypeOf(given);
  const isPlain = prototype === Object.prototype || prototype === null;
  return isPlain && Object.values(given).every((value) => typeof value !== "function");
}

/** The description goes into the configuration's hash and the log, so it has to be JSON. */
function problemOfDescribe(matchmaker: Matchmaker): string | null {
  try {
    configHash(matchmaker.describe());
    return null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `describe() has to return the matchmaker's settings as JSON, but it failed: ${reason}`;
  }
}
