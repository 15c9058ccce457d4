import type { Candidate } from "../candidate.js";
import { AttributeConstraint, attributeOf, Constraint, numberOf } from "./constraint.js";
import type { DistanceStep } from "./descriptions.js";
import type { AttributeOptions, ConstraintOptions, Rule, RuleContext } from "./rule.js";

/** Equal values, or different ones. */
export class AttributeEquality extends AttributeConstraint implements Rule {
  readonly name: "same-attribute" | "different-attribute";

  constructor(name: AttributeEquality["name"], attribute: string, options: AttributeOptions) {
    super(attribute, options);
    this.name = name;
  }

  get phrase(): string {
    return this.name === "same-attribute" ? `differs in ${this.attribute}` : `has the same ${this.attribute}`;
  }

  /** Are two whose values differ, or who have none, always kept apart? Then those with equal values can be looked for. */
  get partsThePool(): boolean {
    return this.name === "same-attribute" && this.untilMs === null && !this.allowsMissing;
  }

  allowsPair(a: Candidate, b: Candidate, { now }: RuleContext): boolean {
    const first = attributeOf(a, this.attribute);
    const second = attributeOf(b, this.attribute);
    const fits =
      first === undefined || second === undefined
        ? this.allowsMissing
        : (first === second) === (this.name === "same-attribute");
    return fits || this.isLiftedFor([a, b], now);
  }

  describe(): Readonly<Record<string, unknown>> {
    return this.describeAs(this.name);
  }
}

/** At most so far apart in a number; the distance may grow with the wait. */
export class Within extends AttributeConstraint implements Rule {
  readonly name = "within";
  readonly #steps: readonly DistanceStep[];

  /** @param steps in order of time, the first one at 0 */
  constructor(attribute: string, steps: readonly DistanceStep[], options: AttributeOptions) {
    super(attribute, options);
    this.#steps = steps;
  }

  get phrase(): string {
    return `too far away in ${this.attribute}`;
  }

  allowsPair(a: Candidate, b: Candidate, { now }: RuleContext): boolean {
    const first = numberOf(a, this.attribute);
    const second = numberOf(b, this.attribute);
    if (first === undefined || second === undefined)
      return this.allowsMissing || this.isLiftedFor([a, b], now);
    const waitedMs = now - Math.min(a.arrivedAt, b.arrivedAt);
    return Math.abs(first - second) <= this.#distanceAfter(waitedMs) || this.isLiftedFor([a, b], now);
  }

  override relaxesAt(candidate: Candidate, context: RuleContext): number | null {
    const times = this.#steps.map(({ afterMs }) => candidate.arrivedAt + afterMs);
    const next = times.find((at) => at > context.now) ?? null;
    const lifted = super.relaxesAt(candidate, context);
    return next === null || (lifted !== null && lifted < next) ? lifted : next;
  }

  describe(): Readonly<Record<string, unknown>> {
    return this.describeAs(this.name, { distance: this.#steps });
  }

  #distanceAfter(waitedMs: number): number {
    return this.#steps.findLast(({ afterMs }) => afterMs <= waitedMs)?.distance ?? 0;
  }
}

/** Nobody meets a partner again. */
export class NeverSamePartner extends Constraint implements Rule {
  readonly name = "never-same-partner";
  readonly phrase = "was a partner before";
  readonly #last: number | null;

  /** @param last how many of the most recent partners count; `null` = all */
  constructor(last: number | null, options: ConstraintOptions) {
    super(options);
    this.#last = last;
  }

  allowsPair(a: Candidate, b: Candidate, { now }: RuleContext): boolean {
    const met = this.#remembers(a, b) || this.#remembers(b, a);
    return !met || this.isLiftedFor([a, b], now);
  }

  describe(): Readonly<Record<string, unknown>> {
    return this.describeAs(this.name, { last: this.#last });
  }

  #remembers(candidate: Candidate, other: Candidate): boolean {
    const at = candidate.history.partners.indexOf(other.participantId);
    return at >= 0 && (this.#last === null || at < this.#last);
  }
}

/** Nobody gets another partner than the one before. */
export class AlwaysSamePartner extends Constraint implements Rule {
  readonly name = "always-same-partner";
  readonly phrase = "not the partner before";

  allowsPair(a: Candidate, b: Candidate, { now, groupSize }: RuleContext): boolean {
    const lastOf = (c: Candidate) => c.history.partners.slice(0, groupSize - 1);
    const [first, second] = [lastOf(a), lastOf(b)];
    const fits =
      first.length === 0 && second.length === 0
        ? true
        : first.includes(b.participantId) && second.includes(a.participantId);
    return fits || this.isLiftedFor([a, b], now);
  }

  describe(): Readonly<Record<string, unknown>> {
    return this.describeAs(this.name, {});
  }
}
