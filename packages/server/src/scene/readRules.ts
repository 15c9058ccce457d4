import { shown } from "../matchmakers/options.js";
import { ruleFrom } from "../matchmakers/rules/registry.js";
import type { Rule } from "../matchmakers/rules/rule.js";
import { RuleSet } from "../matchmakers/rules/ruleSet.js";
import type { ConfigProblem } from "./configError.js";
import { configHash } from "./configHash.js";

/** The scene's rules, `null` where it has none or they cannot be used; the reasons are added to `problems`. */
export function readRules(given: unknown, path: string, problems: ConfigProblem[]): RuleSet | null {
  if (given === undefined || given === null) return null;
  if (!Array.isArray(given)) {
    problems.push({
      path,
      problem: `wanted a list such as [sameAttribute("language")], given ${shown(given)}.`,
    });
    return null;
  }
  const rules: Rule[] = [];
  for (const [i, one] of given.entries()) {
    const at = `${path}[${i}]`;
    const described = ruleFrom(one);
    if (described.status === "invalid") {
      problems.push(...described.problems.map((problem) => ({ path: at, problem })));
      continue;
    }
    const problem = problemOfDescribe(described.rule);
    if (problem === null) rules.push(described.rule);
    else problems.push({ path: at, problem });
  }
  return rules.length === 0 ? null : new RuleSet(rules);
}

/** Rules that are right in themselves and can be kept by no group of this size. */
export function impossibleRules(rules: RuleSet | null, groupSize: number, path: string): ConfigProblem[] {
  return (rules?.rules ?? []).flatMap((rule, i) => {
    const problem = "problemWith" in rule ? (rule as RuleWithLimits).problemWith(groupSize) : null;
    return problem === null ? [] : [{ path: `${path}[${i}]`, problem }];
  });
}

interface RuleWithLimits {
  problemWith(groupSize: number): string | null;
}

/** The description goes into the configuration's hash and the log, so it has to be JSON. */
function problemOfDescribe(rule: Rule): string | null {
  try {
    configHash(rule.describe?.() ?? {});
    return null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `describe() has to return the rule's settings as JSON, but it failed: ${reason}`;
  }
}
