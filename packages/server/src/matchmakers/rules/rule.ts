import type { Candidate } from "../candidate.js";

/** What a rule may know besides its candidates. */
export interface RuleContext {
  /** Server time, epoch ms. */
  readonly now: number;
  /** Members of a complete group. */
  readonly groupSize: number;
}

/**
 * One rule of a scene, on top of whatever its matchmaker does. The ones that come with Probematch are made by
 * functions such as {@link sameAttribute}; an object like this is one of your own.
 *
 * A rule is a function of its arguments: no clock, no `Math.random`, no state between calls. It may throw: then the error
 * is logged, nobody loses a place, and no group is formed on that occasion.
 *
 * @example
 * ```ts
 * const oddWithEven: Rule = {
 *   name: "odd-with-even",
 *   allowsPair: (a, b) => Number(a.attributes["id"]) % 2 !== Number(b.attributes["id"]) % 2,
 * };
 * ```
 */
export interface Rule {
  /** Goes into the log's reasons and the configuration's hash. Change it when the rule changes. */
  readonly name: string;
  /** What the researcher reads of somebody who is kept apart by it, such as `differs in language`. */
  readonly phrase?: string;
  /** May these two be in one group? The order of the two must not matter. */
  allowsPair?(a: Candidate, b: Candidate, context: RuleContext): boolean;
  /**
   * Can a group with these members keep the rule? Asked of complete groups and, so that a search does not run into dead ends,
   * of beginnings (down to a single member): false means that no completion keeps it. When in doubt about a beginning,
   * true. The order of the members must not matter.
   */
  allowsGroup?(members: readonly Candidate[], context: RuleContext): boolean;
  /** How much `candidate` is worth to `arriving`: higher is tried first. Scores of several rules add up. */
  score?(arriving: Candidate, candidate: Candidate, context: RuleContext): number;
  /** The next time after `context.now` at which the rule asks less of this candidate; `null` or absent: never. */
  relaxesAt?(candidate: Candidate, context: RuleContext): number | null;
  /** The rule's settings, for the configuration's hash. JSON. Default: its name. */
  describe?(): Readonly<Record<string, unknown>>;
}

/** What a missing attribute (absent, `null`, or not a number where one is needed) does to a constraint. */
export type Missing = "refuse" | "allow";

/** What every constraint can be told. */
export interface ConstraintOptions {
  /**
   * The constraint holds until one of those concerned has waited this long, ms: of the two candidates, or of the group's
   * members where it is about a whole group. Default: `null`, it always holds.
   */
  readonly untilMs?: number | null;
}

/** What constraints about an attribute can be told. */
export interface AttributeOptions extends ConstraintOptions {
  /**
   * Somebody without a usable value: `"refuse"` (default), cannot be in a group under this constraint; `"allow"`, fits
   * with everybody.
   */
  readonly missing?: Missing;
}
