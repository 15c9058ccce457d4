import * as v from "valibot";
import type { TreatmentPlan } from "../lobby/treatments.js";
import { didYouMean } from "../matchmakers/didYouMean.js";
import { shown } from "../matchmakers/options.js";
import type { ConfigProblem } from "./configError.js";
import { type Option, readObject, readOption } from "./readOptions.js";
import type { TreatmentsOptions } from "./sceneConfig.js";

const keys = Object.keys({ arms: true, assign: true, quotas: true } satisfies Record<
  keyof TreatmentsOptions,
  true
>);

const armsOption: Option<readonly string[]> = {
  schema: v.pipe(
    v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(64))),
    v.minLength(1),
    v.maxLength(32),
    v.check((arms) => new Set(arms).size === arms.length),
  ),
  wanted: "a list of 1 to 32 different names of at most 64 characters",
  fallback: [],
};
const assignments = ["random", "rotation", "latin-square", "balanced"] as const;
const assignOption: Option<TreatmentPlan["assign"]> = {
  schema: v.picklist(assignments),
  wanted: `one of ${assignments.map((name) => `"${name}"`).join(", ")}`,
  fallback: "random",
};
const quotaOption: Option<number> = {
  schema: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  wanted: "a whole number of at least 1",
  fallback: 1,
};

/** The scene's treatments, `null` where it has none or they cannot be used; the reasons are added to `problems`. */
export function readTreatments(
  given: unknown,
  path: string,
  problems: ConfigProblem[],
): TreatmentPlan | null {
  if (given === undefined || given === null) return null;
  const before = problems.length;
  const values = readObject(given, keys, path, problems);
  if (values["arms"] === undefined)
    problems.push({ path: `${path}.arms`, problem: `wanted ${armsOption.wanted}, it is missing.` });
  const arms = readOption(armsOption, values["arms"], `${path}.arms`, problems);
  const assign = readOption(assignOption, values["assign"], `${path}.assign`, problems);
  const quotas = readQuotas(values["quotas"], arms, `${path}.quotas`, problems);
  if (assign === "latin-square" && Object.keys(quotas).length > 0) {
    problems.push({
      path: `${path}.quotas`,
      problem: "with a Latin square every group goes through every arm: limit the matches (matches.max).",
    });
  }
  return problems.length > before ? null : { arms, assign, quotas };
}

function readQuotas(
  given: unknown,
  arms: readonly string[],
  path: string,
  problems: ConfigProblem[],
): Readonly<Record<string, number>> {
  if (given === undefined || given === null) return {};
  if (typeof given !== "object" || Array.isArray(given)) {
    problems.push({ path, problem: `wanted an object such as { "a": 20 }, given ${shown(given)}.` });
    return {};
  }
  const quotas: Record<string, number> = {};
  for (const [arm, quota] of Object.entries(given)) {
    const at = `${path}.${arm}`;
    if (arms.length > 0 && !arms.includes(arm)) {
      const meant = didYouMean(arm, arms);
      const hint = meant === null ? `The arms are ${arms.join(", ")}.` : `Did you mean ${meant}?`;
      problems.push({ path: at, problem: `there is no such arm. ${hint}` });
      continue;
    }
    quotas[arm] = readOption(quotaOption, quota, at, problems);
  }
  return quotas;
}
