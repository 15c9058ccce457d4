import type { Candidate } from "../candidate.js";
import type { AttributeOptions, ConstraintOptions, RuleContext } from "./rule.js";

/** An attribute's value; `undefined` where there is none. */
export function attributeOf(
  candidate: Pick<Candidate, "attributes">,
  attribute: string,
): string | number | boolean | undefined {
  return candidate.attributes[attribute] ?? undefined;
}

/** A numeric attribute's value; text that is a number is one (a page's URL knows nothing else). */
export function numberOf(candidate: Candidate, attribute: string): number | undefined {
  const value = attributeOf(candidate, attribute);
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** What is the same in all constraints: they may end after a time of waiting. */
export abstract class Constraint {
  protected readonly untilMs: number | null;

  constructor(options: ConstraintOptions) {
    this.untilMs = options.untilMs ?? null;
  }

  relaxesAt(candidate: Candidate, { now }: RuleContext): number | null {
    if (this.untilMs === null) return null;
    const at = candidate.arrivedAt + this.untilMs;
    return at > now ? at : null;
  }

  /** Has one of these waited until the constraint ends? */
  protected isLiftedFor(candidates: readonly Candidate[], now: number): boolean {
    const { untilMs } = this;
    return untilMs !== null && candidates.some((c) => now - c.arrivedAt >= untilMs);
  }

  protected describeAs(
    rule: string,
    settings: Readonly<Record<string, unknown>>,
  ): Readonly<Record<string, unknown>> {
    return { rule, ...settings, untilMs: this.untilMs };
  }
}

/** A constraint about one attribute. */
export abstract class AttributeConstraint extends Constraint {
  readonly attribute: string;
  /** Does somebody without a value fit with everybody? */
  protected readonly allowsMissing: boolean;

  constructor(attribute: string, options: AttributeOptions) {
    super(options);
    this.attribute = attribute;
    this.allowsMissing = options.missing === "allow";
  }

  protected override describeAs(
    rule: string,
    settings: Readonly<Record<string, unknown>> = {},
  ): Readonly<Record<string, unknown>> {
    const missing = this.allowsMissing ? "allow" : "refuse";
    return super.describeAs(rule, { attribute: this.attribute, missing, ...settings });
  }
}
