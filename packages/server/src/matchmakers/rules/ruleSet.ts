import type { Candidate } from "../candidate.js";
import { attributeOf } from "./constraint.js";
import { AttributeEquality } from "./pairRules.js";
import type { Rule, RuleContext } from "./rule.js";

/** Candidates that are put in order of preference, the longest waiting ones; those behind follow by seniority. */
const MOST_RANKED = 500;

/** All rules of a scene as one. */
export class RuleSet {
  readonly rules: readonly Rule[];
  /** Is there a rule about whole groups? */
  readonly hasGroupRules: boolean;
  /** Is there a preference? */
  readonly hasPreferences: boolean;
  /** Attributes whose values have to be equal, of everybody and at all times. */
  readonly #equal: readonly string[];
  readonly #pairRules: readonly Rule[];
  readonly #groupRules: readonly Rule[];
  readonly #preferences: readonly Rule[];

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
    this.#pairRules = rules.filter((rule) => rule.allowsPair !== undefined);
    this.#groupRules = rules.filter((rule) => rule.allowsGroup !== undefined);
    this.#preferences = rules.filter((rule) => rule.score !== undefined);
    this.hasGroupRules = this.#groupRules.length > 0;
    this.hasPreferences = this.#preferences.length > 0;
    this.#equal = rules.flatMap((rule) =>
      rule instanceof AttributeEquality && rule.partsThePool ? [rule.attribute] : [],
    );
  }

  /** Is there a rule that parts the pool? */
  get partsThePool(): boolean {
    return this.#equal.length > 0;
  }

  /**
   * Which part of the pool a candidate belongs to: nobody is allowed with anybody of another part, and whose key is `null` with nobody
   * at all. The same as long as the candidate's attributes are.
   */
  keyOf({ attributes }: Pick<Candidate, "attributes">): string | null {
    const values = this.#equal.map((attribute) => attributeOf({ attributes }, attribute));
    return values.includes(undefined) ? null : JSON.stringify(values);
  }

  /** May these two be in one group, as far as the rules can tell from two of its members? */
  allowsPair(a: Candidate, b: Candidate, context: RuleContext): boolean {
    return this.againstPair(a, b, context) === null;
  }

  /** The first rule that keeps these two apart; `null` when none does. */
  againstPair(a: Candidate, b: Candidate, context: RuleContext): Rule | null {
    for (const rule of this.#pairRules) if (rule.allowsPair?.(a, b, context) === false) return rule;
    return this.hasGroupRules ? this.againstGroup([a, b], context) : null;
  }

  /** The first rule about groups that these members, or the first of them, cannot keep; `null` when there is none. */
  againstGroup(members: readonly Candidate[], context: RuleContext): Rule | null {
    for (const rule of this.#groupRules) if (rule.allowsGroup?.(members, context) === false) return rule;
    return null;
  }

  /** The candidates by preference, and by the order they had among those who are worth the same. */
  prefer(arriving: Candidate, candidates: readonly Candidate[], context: RuleContext): readonly Candidate[] {
    if (!this.hasPreferences) return candidates;
    const ranked = candidates.slice(0, MOST_RANKED).map((candidate) => {
      let score = 0;
      for (const rule of this.#preferences) score += rule.score?.(arriving, candidate, context) ?? 0;
      return { candidate, score };
    });
    ranked.sort((a, b) => b.score - a.score);
    return [...ranked.map(({ candidate }) => candidate), ...candidates.slice(MOST_RANKED)];
  }

  /** The next time at which a rule asks less of this candidate; `null`: none does. */
  relaxesAt(candidate: Candidate, context: RuleContext): number | null {
    let earliest: number | null = null;
    for (const rule of this.rules) {
      const at = rule.relaxesAt?.(candidate, context) ?? null;
      if (at !== null && at > context.now && (earliest === null || at < earliest)) earliest = at;
    }
    return earliest;
  }

  /** For the configuration's hash. */
  describe(): readonly Readonly<Record<string, unknown>>[] {
    return this.rules.map((rule) => rule.describe?.() ?? { rule: rule.name });
  }
}
