import type { Candidate } from "../candidate.js";
import { AttributeConstraint, attributeOf } from "./constraint.js";
import type { AttributeOptions, Rule, RuleContext } from "./rule.js";

/** How many members a value has in a group. */
export interface CountRange {
  readonly min: number;
  /** `null` = no end. */
  readonly max: number | null;
}

/** A constraint about a whole group. */
abstract class GroupConstraint extends AttributeConstraint {
  allowsGroup(members: readonly Candidate[], context: RuleContext): boolean {
    if (this.canBecome(members, Math.max(0, context.groupSize - members.length))) return true;
    if (this.isLiftedFor(members, context.now)) return true;
    // A member still to come may have waited long enough to end the constraint.
    return this.untilMs !== null && members.length < context.groupSize;
  }

  /** Is there a way to fill the open places that keeps the constraint? */
  protected abstract canBecome(members: readonly Candidate[], openPlaces: number): boolean;
}

/** So many members with this value, so many with that. */
export class Composition extends GroupConstraint implements Rule {
  readonly name = "composition";
  readonly #counts: ReadonlyMap<string, CountRange>;

  constructor(attribute: string, counts: ReadonlyMap<string, CountRange>, options: AttributeOptions) {
    super(attribute, options);
    this.#counts = counts;
  }

  get phrase(): string {
    return `leaves no place for the needed ${this.attribute}`;
  }

  /** What is wrong with it for this size of group; `null` when groups can be made. */
  problemWith(groupSize: number): string | null {
    let least = 0;
    for (const { min } of this.#counts.values()) least += min;
    return least > groupSize
      ? `${least} members are asked for, but a group has ${groupSize} (groupSize).`
      : null;
  }

  describe(): Readonly<Record<string, unknown>> {
    return this.describeAs(this.name, { members: Object.fromEntries(this.#counts) });
  }

  protected canBecome(members: readonly Candidate[], openPlaces: number): boolean {
    const found = new Map<string, number>();
    let anything = openPlaces;
    for (const member of members) {
      const value = attributeOf(member, this.attribute);
      if (value !== undefined) found.set(String(value), (found.get(String(value)) ?? 0) + 1);
      else if (this.allowsMissing) anything += 1;
      else return false;
    }
    let needed = 0;
    for (const [value, { min, max }] of this.#counts) {
      const count = found.get(value) ?? 0;
      if (max !== null && count > max) return false;
      needed += Math.max(0, min - count);
    }
    return needed <= anything;
  }
}

/** At least so many different values. */
export class DistinctValues extends GroupConstraint implements Rule {
  readonly name = "distinct-values";
  readonly #atLeast: number | null;

  /** @param atLeast `null` = as many as members */
  constructor(attribute: string, atLeast: number | null, options: AttributeOptions) {
    super(attribute, options);
    this.#atLeast = atLeast;
  }

  get phrase(): string {
    return `leaves too few different values of ${this.attribute}`;
  }

  problemWith(groupSize: number): string | null {
    return (this.#atLeast ?? 0) > groupSize
      ? `${this.#atLeast} different values are asked for, but a group has ${groupSize} members (groupSize).`
      : null;
  }

  describe(): Readonly<Record<string, unknown>> {
    return this.describeAs(this.name, { atLeast: this.#atLeast });
  }

  protected canBecome(members: readonly Candidate[], openPlaces: number): boolean {
    const values = new Set<unknown>();
    let missing = 0;
    for (const member of members) {
      const value = attributeOf(member, this.attribute);
      if (value !== undefined) values.add(value);
      else if (this.allowsMissing) missing += 1;
      else return false;
    }
    return values.size + missing + openPlaces >= (this.#atLeast ?? members.length + openPlaces);
  }
}
