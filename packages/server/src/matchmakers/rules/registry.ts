import { didYouMean } from "../didYouMean.js";
import { type OptionCheck, optionalMs, shown } from "../options.js";
import {
  attributeName,
  distanceSteps,
  isPlainObject,
  memberCounts,
  missing,
  positive,
  positiveMs,
  wholeOrNull,
} from "./checks.js";
import type { DistanceStep, MemberCount, RuleDescription } from "./descriptions.js";
import { Composition, type CountRange, DistinctValues } from "./groupRules.js";
import { AlwaysSamePartner, AttributeEquality, NeverSamePartner, Within } from "./pairRules.js";
import { PreferEquality, PreferLongWait, PreferNear } from "./preferences.js";
import type { Rule } from "./rule.js";

/** A rule, or every mistake in its description, each a sentence for the person who wrote it. */
export type DescribedRule =
  | { readonly status: "ok"; readonly rule: Rule }
  | { readonly status: "invalid"; readonly problems: readonly string[] };

type Name = RuleDescription["rule"];
type Options = Readonly<Record<string, OptionCheck>>;

const constraint: Options = { untilMs: optionalMs };
const aboutAttribute: Options = { attribute: attributeName, missing, ...constraint };
const preference: Options = { weight: positive };

/** What each rule may be told; `satisfies` keeps the list in step with the types. */
const optionsOf = {
  "same-attribute": aboutAttribute,
  "different-attribute": aboutAttribute,
  within: { ...aboutAttribute, distance: distanceSteps },
  composition: { ...aboutAttribute, members: memberCounts },
  "distinct-values": { ...aboutAttribute, atLeast: wholeOrNull },
  "never-same-partner": { ...constraint, last: wholeOrNull },
  "always-same-partner": constraint,
  "prefer-same": { attribute: attributeName, ...preference },
  "prefer-different": { attribute: attributeName, ...preference },
  "prefer-near": { attribute: attributeName, scale: positive, ...preference },
  "prefer-long-wait": { afterMs: positiveMs, ...preference },
} as const satisfies Record<Name, Options>;

/** The names a plain-object configuration may use. */
export const ruleNames: readonly string[] = Object.keys(optionsOf);

const isName = (name: string): name is Name => Object.hasOwn(optionsOf, name);

/** The rule that was given or described. */
export function ruleFrom(given: unknown): DescribedRule {
  const problems = isOwnRule(given) ? problemsOfOwn(given) : problemsOfDescription(given);
  if (problems.length > 0) return { status: "invalid", problems };
  const rule = isOwnRule(given) ? (given as unknown as Rule) : make(given as RuleDescription);
  return { status: "ok", rule };
}

const methods = ["allowsPair", "allowsGroup", "score", "relaxesAt", "describe"] as const;

/** What has behaviour or a name is a rule of the researcher's own. */
function isOwnRule(given: unknown): given is Readonly<Record<string, unknown>> {
  if (!isPlainObject(given) || "rule" in given) return false;
  return "name" in given || methods.some((method) => method in given);
}

function problemsOfOwn(given: Readonly<Record<string, unknown>>): readonly string[] {
  const problems: string[] = [];
  const name = given["name"];
  if (typeof name !== "string" || name.trim() === "" || name.length > 200)
    problems.push(`A rule's name has to be a text of 1 to 200 characters, but it is ${shown(name)}.`);
  for (const method of methods) {
    const value = given[method];
    if (value !== undefined && typeof value !== "function")
      problems.push(`A rule's ${method} has to be a function, but it is ${shown(value)}.`);
  }
  if (!["allowsPair", "allowsGroup", "score"].some((method) => given[method] !== undefined))
    problems.push("A rule needs at least one of allowsPair, allowsGroup and score.");
  return problems;
}

function problemsOfDescription(given: unknown): readonly string[] {
  if (!isPlainObject(given))
    return [`A rule is made by a function such as sameAttribute("language"), but this is ${shown(given)}.`];
  const { rule: name, ...options } = given;
  if (typeof name !== "string" || !isName(name)) return [unknownName(name)];
  const known: Options = optionsOf[name];
  const problems: string[] = [];
  for (const option of Object.keys(options)) {
    if (Object.hasOwn(known, option)) continue;
    const meant = didYouMean(option, Object.keys(known));
    const hint = meant === null ? `Its options: ${Object.keys(known).join(", ")}.` : `Did you mean ${meant}?`;
    problems.push(`Rule "${name}": there is no option ${shown(option)}. ${hint}`);
  }
  for (const [option, check] of Object.entries(known)) {
    const problem = check(option, options[option]);
    if (problem !== null) problems.push(`Rule "${name}": ${problem}`);
  }
  return problems;
}

function unknownName(name: unknown): string {
  const names = `Known: ${ruleNames.join(", ")}.`;
  if (typeof name !== "string" || name === "")
    return `A rule's description needs its name in "rule". ${names}`;
  const meant = didYouMean(name, ruleNames);
  return `There is no rule named ${shown(name)}. ${meant === null ? "" : `Did you mean "${meant}"? `}${names}`;
}

/** Called with a description that passed its checks. */
function make(given: RuleDescription): Rule {
  switch (given.rule) {
    case "same-attribute":
    case "different-attribute":
      return new AttributeEquality(given.rule, given.attribute, given);
    case "within":
      return new Within(given.attribute, stepsOf(given.distance), given);
    case "composition":
      return new Composition(given.attribute, rangesOf(given.members), given);
    case "distinct-values":
      return new DistinctValues(given.attribute, given.atLeast ?? null, given);
    case "never-same-partner":
      return new NeverSamePartner(given.last ?? null, given);
    case "always-same-partner":
      return new AlwaysSamePartner(given);
    case "prefer-same":
    case "prefer-different":
      return new PreferEquality(given.rule, given.attribute, given.weight ?? 1);
    case "prefer-near":
      return new PreferNear(given.attribute, given.scale ?? 1, given.weight ?? 1);
    case "prefer-long-wait":
      return new PreferLongWait(given.afterMs, given.weight ?? 1);
  }
}

const stepsOf = (distance: number | readonly DistanceStep[]): readonly DistanceStep[] =>
  typeof distance === "number"
    ? [{ afterMs: 0, distance }]
    : distance.map((step) => ({ afterMs: step.afterMs, distance: step.distance }));

const rangesOf = (members: Readonly<Record<string, MemberCount>>): ReadonlyMap<string, CountRange> =>
  new Map(
    Object.entries(members).map(([value, count]): [string, CountRange] => [
      value,
      typeof count === "number"
        ? { min: count, max: count }
        : { min: count.min ?? 0, max: count.max ?? null },
    ]),
  );
