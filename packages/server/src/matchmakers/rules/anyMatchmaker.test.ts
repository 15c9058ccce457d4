import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replay } from "../../lobby/replay.js";
import { TestScene, testConfig } from "../../lobby/testing/scene.js";
import type { Candidate } from "../candidate.js";
import { FifoMatchmaker } from "../fifo.js";
import { GroupReunionMatchmaker } from "../groupReunion.js";
import { LatencyFifoMatchmaker } from "../latencyFifo.js";
import { LowestLatencyMatchmaker } from "../lowestLatency.js";
import { Matchmaker } from "../matchmaker.js";
import {
  composition,
  differentAttribute,
  preferNear,
  type RuleDescription,
  sameAttribute,
  within,
} from "./descriptions.js";
import { ruleFrom } from "./registry.js";
import type { Rule } from "./rule.js";
import { RuleSet } from "./ruleSet.js";

const rulesOf = (...given: readonly (RuleDescription | Rule)[]): RuleSet =>
  new RuleSet(
    given.map((one) => {
      const made = ruleFrom(one);
      if (made.status === "invalid") throw new Error(made.problems.join(" "));
      return made.rule;
    }),
  );

/** A rule of a researcher's who never thought of the scene's. */
class Heedless extends Matchmaker {
  override readonly name = "Heedless";
  override findMatch(arriving: Candidate, waiting: readonly Candidate[], groupSize: number) {
    return waiting.length < groupSize - 1 ? null : [...waiting.slice(0, groupSize - 1), arriving];
  }
}

const matchmakers: readonly (() => Matchmaker)[] = [
  () => new FifoMatchmaker(),
  () => new LatencyFifoMatchmaker({ maxServerRttMs: 1000 }),
  () => new GroupReunionMatchmaker({ fallback: "fifo" }),
  () => new Heedless(),
  () => new LowestLatencyMatchmaker({ maxP2pRttMs: 100 }),
];

interface Person {
  readonly language: string | null;
  readonly skill: number;
  readonly role: string;
  readonly afterMs: number;
  readonly leaves: boolean;
}

const person: fc.Arbitrary<Person> = fc.record({
  language: fc.constantFrom("en", "en", "de", null),
  skill: fc.integer({ min: 0, max: 6 }),
  role: fc.constantFrom("novice", "novice", "expert"),
  // Never the very millisecond at which something is due: what was looked at first then is not in the log.
  afterMs: fc.constantFrom(0, 0, 501, 30_007),
  leaves: fc.boolean(),
});

const steps = [
  { afterMs: 0, distance: 1 },
  { afterMs: 40_000, distance: 3 },
];
const given: readonly RuleDescription[] = [
  sameAttribute("language"),
  within("skill", steps),
  composition("role", { expert: 1 }),
  preferNear("skill"),
];

/** What a group has to be, said without the rules' own code. */
function keeps(rule: RuleDescription["rule"], members: readonly Person[], oldestWaitMs: readonly number[]) {
  if (rule === "same-attribute")
    return members.every((m) => m.language !== null && m.language === members[0]?.language);
  if (rule === "composition") return members.filter((m) => m.role === "expert").length === 1;
  if (rule !== "within") return true;
  return members.every((a, i) =>
    members.every((b, j) => {
      const waitedMs = Math.max(oldestWaitMs[i] ?? 0, oldestWaitMs[j] ?? 0);
      return Math.abs(a.skill - b.skill) <= (waitedMs >= 40_000 ? 3 : 1);
    }),
  );
}

const member = { language: "en", skill: 0, role: "novice", afterMs: 0, leaves: false };
const expert = { ...member, role: "expert" };
/** Two were looked at right after a group was released, which the log does not say: what it says next is the decision that was made when that group's rest was over. */
const decidedAfterRest = {
  people: [expert, member, member, { ...member, afterMs: 30_007, leaves: true }, expert, member],
  groupSize: 3,
  matchmaker: () => new LowestLatencyMatchmaker({ maxP2pRttMs: 100 }),
  rules: [composition("role", { expert: 1 })],
};

describe("rules with any matchmaker", () => {
  it("are kept by every group proposed, take nobody's place, and come out the same in a replay", {
    timeout: 180_000,
  }, () => {
    const runs = fc.record({
      people: fc.array(person, { maxLength: 24 }),
      groupSize: fc.integer({ min: 2, max: 4 }),
      matchmaker: fc.constantFrom(...matchmakers),
      rules: fc.subarray([...given]),
    });
    fc.assert(
      fc.property(runs, (run) => {
        const { people, rules } = run;
        const t = new TestScene({
          groupSize: run.groupSize,
          matchmaker: run.matchmaker(),
          ...(rules.length === 0 ? {} : { rules: rulesOf(...rules) }),
        });
        for (const [i, { afterMs, leaves, ...attributes }] of people.entries()) {
          t.scene.advance(afterMs);
          t.arrive(`p${i}`, { attributes });
          if (leaves && i > 0) t.leave(`p${i - 1}`);
        }
        t.scene.advance(200_000);
        const arrivedAt = new Map(t.events("participant.arrived").map((e) => [e.participantId, e.at]));
        const personOf = (id: string): Person => people[Number(id.slice(1))] as Person;
        for (const { members, at } of t.events("proposal.opened")) {
          const waits = members.map((id) => at - (arrivedAt.get(id) ?? 0));
          for (const { rule } of rules) expect(keeps(rule, members.map(personOf), waits)).toBe(true);
        }
        expect(t.events("matchmaker.failed")).toEqual([]);
        const orders = t.state.line.items.map((p) => p.order);
        expect(orders).toEqual([...orders].sort((a, b) => a - b));
        expect(replay(t.scene.events, t.config).differences).toEqual([]);
      }),
      { numRuns: 1000, examples: [[decidedAfterRest]] },
    );
  });

  it("let FIFO find the first group that keeps a composition, not the first clique", () => {
    const t = new TestScene({
      groupSize: 3,
      matchmaker: new FifoMatchmaker(),
      rules: rulesOf(composition("role", { novice: 2, expert: 1 })),
    });
    for (const [i, role] of ["novice", "novice", "novice", "expert"].entries())
      t.arrive(`p${i}`, { attributes: { role } });
    expect(t.matches).toEqual([["p0", "p1", "p3"]]);
  });

  it("ask again at the very time at which a limit relaxes", () => {
    const t = new TestScene({ matchmaker: new FifoMatchmaker(), rules: rulesOf(within("skill", steps)) });
    t.arrive("ann", { attributes: { skill: 0 } });
    t.scene.advance(10_000);
    t.arrive("bob", { attributes: { skill: 3 } });
    t.scene.advance(29_999);
    expect(t.matches).toEqual([]);
    t.scene.advance(1);
    expect(t.matches).toEqual([["ann", "bob"]]);
  });

  it("write each time at which a limit relaxes into the calendar once", () => {
    const t = new TestScene({ matchmaker: new Heedless(), rules: rulesOf(within("skill", steps)) });
    for (let i = 0; i < 40; i += 1) t.arrive(`p${i}`, { attributes: { skill: 10 * i } });
    let due = 0;
    while (t.state.agenda.due.takeDue(t.scene.now + 40_000) !== undefined) due += 1;
    expect(due).toBe(40);
  });

  it("give whoever is asked about the preferred partner, and the senior one of equals", () => {
    class Asked extends Heedless {
      override get looksAtWholePool() {
        return false;
      }
    }
    for (const matchmaker of [new FifoMatchmaker(), new Asked()]) {
      const t = new TestScene({
        matchmaker,
        rules: rulesOf(differentAttribute("team"), preferNear("skill")),
      });
      for (const [id, skill] of [
        ["far", 9],
        ["near", 1],
        ["nearToo", 1],
      ] as const)
        t.arrive(id, { attributes: { team: "a", skill } });
      t.arrive("me", { attributes: { team: "b", skill: 0 } });
      expect(t.matches).toEqual([["near", "me"]]);
    }
  });

  it("refuse a group that breaks one, with a sentence in the log, and nobody loses anything", () => {
    class Blind extends Heedless {
      override findMatches(pool: readonly Candidate[], groupSize: number) {
        return pool.length < groupSize ? [] : [pool.slice(0, groupSize)];
      }
    }
    const t = new TestScene({
      groupSize: 3,
      matchmaker: new Blind(),
      rules: rulesOf(composition("role", { novice: 2, expert: 1 })),
    });
    for (const id of ["ann", "bob", "cid"]) t.arrive(id, { attributes: { role: "novice" } });
    const [fault] = t.events("matchmaker.failed");
    expect(fault?.reason).toBe(
      "findMatch put ann, bob, cid together, who break the rule composition (leaves no place for the needed role)",
    );
    expect(t.state.line.items.map((p) => p.participantId)).toEqual(["ann", "bob", "cid"]);
  });

  it("that throw are reported, and the scene goes on", () => {
    const moody: Rule = {
      name: "moody",
      allowsPair: (a, b) => {
        if (a.attributes["trap"] === true || b.attributes["trap"] === true) throw new Error("trapped");
        return true;
      },
    };
    const t = new TestScene({ matchmaker: new FifoMatchmaker(), rules: rulesOf(moody) });
    t.arrive("ann", { attributes: { trap: true } });
    t.arrive("bob");
    expect(t.events("matchmaker.failed")[0]?.reason).toContain("trapped");
    t.leave("ann");
    t.arrive("cid");
    expect(t.matches).toEqual([["bob", "cid"]]);
  });

  it("change nothing where there are none", () => {
    const plain = new TestScene({ matchmaker: new FifoMatchmaker() });
    expect(testConfig.rules).toBeUndefined();
    plain.arrive("ann");
    plain.arrive("bob");
    expect(plain.matches).toEqual([["ann", "bob"]]);
  });
});
