import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allGroups, candidate, contextFor } from "../../../test/pools.js";
import type { Candidate } from "../candidate.js";
import { FifoMatchmaker } from "../fifo.js";
import { composition, distinctValues } from "./descriptions.js";
import { ruleFrom } from "./registry.js";
import { RuleSet } from "./ruleSet.js";

const rules = new RuleSet(
  [composition("role", { expert: { min: 1, max: 1 } }), distinctValues("country", { atLeast: 2 })].flatMap(
    (given) => {
      const made = ruleFrom(given);
      return made.status === "ok" ? [made.rule] : [];
    },
  ),
);

/** What FIFO means with rules about groups: the first of all groups that keep them, again and again. */
function greedy(pool: readonly Candidate[], size: number, fits: (group: readonly Candidate[]) => boolean) {
  const groups: Candidate[][] = [];
  for (let left = pool; ; ) {
    const group = allGroups(left, size, () => true).find(fits);
    if (group === undefined) return groups;
    groups.push(group);
    left = left.filter((c) => !group.includes(c));
  }
}

describe("FIFO under rules about groups", () => {
  it("forms the groups that come first of all that keep them", () => {
    const people = fc.array(
      fc.record({
        role: fc.constantFrom("novice", "novice", "expert"),
        country: fc.constantFrom("de", "fr"),
      }),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(people, fc.integer({ min: 2, max: 4 }), (attributes, groupSize) => {
        const pool = attributes.map((a, i) => candidate(`p${i}`, { attributes: a, arrivedAt: i }));
        const fits = (members: readonly Candidate[]) =>
          rules.againstGroup(members, { now: 0, groupSize }) === null;
        const fifo = new FifoMatchmaker();
        const context = contextFor(fifo, { allowedGroup: fits });
        const expected = greedy(pool, groupSize, fits);
        expect(fifo.findMatches(pool, groupSize, context, pool)).toEqual(expected);
      }),
    );
  });

  it("never cuts off a beginning that can still become a group", () => {
    const values = fc.constantFrom("novice", "expert");
    fc.assert(
      fc.property(fc.array(values, { minLength: 4, maxLength: 4 }), (roles) => {
        const group = roles.map((role, i) =>
          candidate(`p${i}`, { attributes: { role, country: i % 2 === 0 ? "de" : "fr" } }),
        );
        const context = { now: 0, groupSize: 4 };
        if (rules.againstGroup(group, context) !== null) return;
        for (let n = 1; n <= 4; n += 1) expect(rules.againstGroup(group.slice(0, n), context)).toBeNull();
      }),
    );
  });
});
