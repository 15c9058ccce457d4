import type { Candidate } from "../candidate.js";
import { attributeOf, numberOf } from "./constraint.js";
import type { Rule, RuleContext } from "./rule.js";

/** Scores between 0 and 1, times a weight. */
abstract class Preference {
  protected readonly weight: number;

  constructor(weight: number) {
    this.weight = weight;
  }
}

/** The same value first, or another one. */
export class PreferEquality extends Preference implements Rule {
  readonly name: "prefer-same" | "prefer-different";
  readonly #attribute: string;

  constructor(name: PreferEquality["name"], attribute: string, weight: number) {
    super(weight);
    this.name = name;
    this.#attribute = attribute;
  }

  score(arriving: Candidate, candidate: Candidate): number {
    const own = attributeOf(arriving, this.#attribute);
    const other = attributeOf(candidate, this.#attribute);
    if (own === undefined || other === undefined) return 0;
    return (own === other) === (this.name === "prefer-same") ? this.weight : 0;
  }

  describe(): Readonly<Record<string, unknown>> {
    return { rule: this.name, attribute: this.#attribute, weight: this.weight };
  }
}

/** Near numbers first. */
export class PreferNear extends Preference implements Rule {
  readonly name = "prefer-near";
  readonly #attribute: string;
  readonly #scale: number;

  constructor(attribute: string, scale: number, weight: number) {
    super(weight);
    this.#attribute = attribute;
    this.#scale = scale;
  }

  score(arriving: Candidate, candidate: Candidate): number {
    const own = numberOf(arriving, this.#attribute);
    const other = numberOf(candidate, this.#attribute);
    if (own === undefined || other === undefined) return 0;
    return this.weight / (1 + Math.abs(own - other) / this.#scale);
  }

  describe(): Readonly<Record<string, unknown>> {
    return { rule: this.name, attribute: this.#attribute, scale: this.#scale, weight: this.weight };
  }
}

/** Long waits first, against other preferences. */
export class PreferLongWait extends Preference implements Rule {
  readonly name = "prefer-long-wait";
  readonly #afterMs: number;

  constructor(afterMs: number, weight: number) {
    super(weight);
    this.#afterMs = afterMs;
  }

  score(_arriving: Candidate, candidate: Candidate, { now }: RuleContext): number {
    return this.weight * Math.min(1, Math.max(0, now - candidate.arrivedAt) / this.#afterMs);
  }

  describe(): Readonly<Record<string, unknown>> {
    return { rule: this.name, afterMs: this.#afterMs, weight: this.weight };
  }
}
