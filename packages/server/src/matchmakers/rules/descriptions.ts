import type { AttributeOptions, ConstraintOptions } from "./rule.js";

/** From `afterMs` of waiting on, `distance` is enough. The wait that counts is the longer one of the two. */
export interface DistanceStep {
  readonly afterMs: number;
  readonly distance: number;
}

/** How many members with one value: exactly so many, or a range (default: from 0, without an end). */
export type MemberCount = number | { readonly min?: number; readonly max?: number };

/** What preferences can be told. */
export interface PreferenceOptions {
  /** Scores are between 0 and 1 and are multiplied by this before they are added up. Default: 1. */
  readonly weight?: number;
}

/** A rule as a plain object: what the functions of this file return, and what is written in JSON. */
export type RuleDescription =
  | ({ readonly rule: "same-attribute"; readonly attribute: string } & AttributeOptions)
  | ({ readonly rule: "different-attribute"; readonly attribute: string } & AttributeOptions)
  | ({
      readonly rule: "within";
      readonly attribute: string;
      readonly distance: number | readonly DistanceStep[];
    } & AttributeOptions)
  | ({
      readonly rule: "composition";
      readonly attribute: string;
      readonly members: Readonly<Record<string, MemberCount>>;
    } & AttributeOptions)
  | ({
      readonly rule: "distinct-values";
      readonly attribute: string;
      readonly atLeast?: number | null;
    } & AttributeOptions)
  | ({ readonly rule: "never-same-partner"; readonly last?: number | null } & ConstraintOptions)
  | ({ readonly rule: "always-same-partner" } & ConstraintOptions)
  | ({ readonly rule: "prefer-same"; readonly attribute: string } & PreferenceOptions)
  | ({ readonly rule: "prefer-different"; readonly attribute: string } & PreferenceOptions)
  | ({
      readonly rule: "prefer-near";
      readonly attribute: string;
      readonly scale?: number;
    } & PreferenceOptions)
  | ({ readonly rule: "prefer-long-wait"; readonly afterMs: number } & PreferenceOptions);

type Described<Name extends RuleDescription["rule"]> = Extract<RuleDescription, { readonly rule: Name }>;

/** Members have the same value of an attribute, such as a language. */
export const sameAttribute = (
  attribute: string,
  options: AttributeOptions = {},
): Described<"same-attribute"> => ({ rule: "same-attribute", attribute, ...options });

/** Members come from one region: {@link sameAttribute} by its usual name. */
export const sameRegion = (options: AttributeOptions = {}): Described<"same-attribute"> =>
  sameAttribute("region", options);

/** No two members have the same value of an attribute. */
export const differentAttribute = (
  attribute: string,
  options: AttributeOptions = {},
): Described<"different-attribute"> => ({ rule: "different-attribute", attribute, ...options });

/**
 * Any two members are at most so far apart in a numeric attribute, inclusive.
 *
 * @param distance one distance, or steps by waiting time; the first one has to begin at 0
 * @example
 * ```ts
 * within("skill", [
 *   { afterMs: 0, distance: 1 },
 *   { afterMs: 60_000, distance: 3 },
 * ]);
 * ```
 */
export const within = (
  attribute: string,
  distance: number | readonly DistanceStep[],
  options: AttributeOptions = {},
): Described<"within"> => ({ rule: "within", attribute, distance, ...options });

/**
 * Who makes up a group, by the values of an attribute: `{ novice: 2, expert: 1 }`. Places beyond the counts are open to
 * every other value. Values that are no text are named as text (`"true"`, `"3"`).
 */
export const composition = (
  attribute: string,
  members: Readonly<Record<string, MemberCount>>,
  options: AttributeOptions = {},
): Described<"composition"> => ({ rule: "composition", attribute, members, ...options });

/**
 * A group has at least so many different values of an attribute.
 *
 * @param atLeast default: as many as it has members
 */
export const distinctValues = (
  attribute: string,
  options: AttributeOptions & { readonly atLeast?: number | null } = {},
): Described<"distinct-values"> => ({ rule: "distinct-values", attribute, ...options });

/**
 * Strangers: nobody meets somebody again whom they were in a match with, in any scene of the study.
 *
 * @param options.last only the most recent so many partners count. Default: `null`, all of them
 */
export const neverSamePartner = (
  options: ConstraintOptions & { readonly last?: number | null } = {},
): Described<"never-same-partner"> => ({ rule: "never-same-partner", ...options });

/**
 * Partners: whoever was in a match before is only with the members of the most recent one. Those who were in none are among
 * themselves.
 */
export const alwaysSamePartner = (options: ConstraintOptions = {}): Described<"always-same-partner"> => ({
  rule: "always-same-partner",
  ...options,
});

/** Those with the same value of an attribute are tried first. A missing value is not the same. */
export const preferSame = (attribute: string, options: PreferenceOptions = {}): Described<"prefer-same"> => ({
  rule: "prefer-same",
  attribute,
  ...options,
});

/** Those with another value of an attribute are tried first. A missing value is not another. */
export const preferDifferent = (
  attribute: string,
  options: PreferenceOptions = {},
): Described<"prefer-different"> => ({ rule: "prefer-different", attribute, ...options });

/**
 * Those who are near in a numeric attribute are tried first.
 *
 * @param options.scale the distance that is worth half of none. Default: 1
 */
export const preferNear = (
  attribute: string,
  options: PreferenceOptions & { readonly scale?: number } = {},
): Described<"prefer-near"> => ({ rule: "prefer-near", attribute, ...options });

/**
 * Long waits count: they are worth more and more up to `afterMs`, ms. Against other preferences; without one, those who
 * wait longest are first anyway.
 */
export const preferLongWait = (
  afterMs: number,
  options: PreferenceOptions = {},
): Described<"prefer-long-wait"> => ({ rule: "prefer-long-wait", afterMs, ...options });
