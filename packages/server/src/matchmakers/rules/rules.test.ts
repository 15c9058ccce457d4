import { describe, expect, it } from "vitest";
import { candidate } from "../../../test/pools.js";
import type { Candidate } from "../candidate.js";
import {
  alwaysSamePartner,
  composition,
  differentAttribute,
  distinctValues,
  neverSamePartner,
  preferDifferent,
  preferLongWait,
  preferNear,
  preferSame,
  type RuleDescription,
  sameAttribute,
  sameRegion,
  within,
} from "./descriptions.js";
import { ruleFrom } from "./registry.js";
import type { Rule } from "./rule.js";
import { RuleSet } from "./ruleSet.js";

function rulesOf(...given: readonly (RuleDescription | Rule)[]): RuleSet {
  return new RuleSet(
    given.map((one) => {
      const made = ruleFrom(one);
      if (made.status === "invalid") throw new Error(made.problems.join(" "));
      return made.rule;
    }),
  );
}

const having = (attributes: Candidate["attributes"], changes: Partial<Candidate> = {}): Candidate =>
  candidate(JSON.stringify(attributes), { attributes, ...changes });
const pairAllowed = (rules: RuleSet, a: Candidate, b: Candidate, now = 0, groupSize = 2): boolean =>
  rules.allowsPair(a, b, { now, groupSize }) && rules.allowsPair(b, a, { now, groupSize });
const groupAllowed = (rules: RuleSet, members: readonly Candidate[], groupSize: number, now = 0): boolean =>
  rules.againstGroup(members, { now, groupSize }) === null;

const english = having({ language: "en" });
const german = having({ language: "de" });
const silent = having({});

describe("rules about pairs", () => {
  it("keep different languages apart, or equal ones", () => {
    const same = rulesOf(sameAttribute("language"));
    expect(pairAllowed(same, english, having({ language: "en" }))).toBe(true);
    expect(pairAllowed(same, english, german)).toBe(false);
    const different = rulesOf(differentAttribute("language"));
    expect(pairAllowed(different, english, german)).toBe(true);
    expect(pairAllowed(different, english, english)).toBe(false);
    const region = rulesOf(sameRegion());
    expect(pairAllowed(region, having({ region: "eu" }), having({ region: "us" }))).toBe(false);
  });

  it("are not kept by a missing value, unless they are told that it fits with everybody", () => {
    for (const rule of [sameAttribute, differentAttribute]) {
      expect(pairAllowed(rulesOf(rule("language")), english, silent)).toBe(false);
      expect(pairAllowed(rulesOf(rule("language")), silent, silent)).toBe(false);
      expect(pairAllowed(rulesOf(rule("language", { missing: "allow" })), english, silent)).toBe(true);
    }
    expect(pairAllowed(rulesOf(sameAttribute("language")), having({ language: null }), silent)).toBe(false);
    const distance = within("skill", 5);
    expect(pairAllowed(rulesOf(distance), having({ skill: 1 }), having({ skill: "high" }))).toBe(false);
    expect(pairAllowed(rulesOf({ ...distance, missing: "allow" }), having({ skill: 1 }), silent)).toBe(true);
  });

  it("measure distances inclusively, and read numbers that came as text", () => {
    const rules = rulesOf(within("skill", 2));
    expect(pairAllowed(rules, having({ skill: 3 }), having({ skill: 5 }))).toBe(true);
    expect(pairAllowed(rules, having({ skill: 3 }), having({ skill: "5" }))).toBe(true);
    expect(pairAllowed(rules, having({ skill: 3 }), having({ skill: 5.01 }))).toBe(false);
  });

  it("let a distance grow with the wait of whoever waited longer, and say when", () => {
    const steps = [
      { afterMs: 0, distance: 1 },
      { afterMs: 60_000, distance: 3 },
    ];
    const rules = rulesOf(within("skill", steps));
    const early = having({ skill: 0 }, { arrivedAt: 1000 });
    const late = having({ skill: 3 }, { arrivedAt: 50_000 });
    expect(pairAllowed(rules, early, late, 60_999)).toBe(false);
    expect(pairAllowed(rules, early, late, 61_000)).toBe(true);
    expect(rules.relaxesAt(early, { now: 50_000, groupSize: 2 })).toBe(61_000);
    expect(rules.relaxesAt(early, { now: 61_000, groupSize: 2 })).toBeNull();
  });

  it("end after a time where they are told to", () => {
    const rules = rulesOf(sameAttribute("language", { untilMs: 120_000 }), neverSamePartner());
    expect(pairAllowed(rules, english, german, 119_999)).toBe(false);
    expect(pairAllowed(rules, english, german, 120_000)).toBe(true);
    expect(rules.relaxesAt(english, { now: 0, groupSize: 2 })).toBe(120_000);
  });

  it("keep earlier partners apart, all of them or the most recent ones", () => {
    const ann = candidate("ann", { history: { partners: ["cid", "bob"], matches: 2 } });
    const [bob, cid, dan] = ["bob", "cid", "dan"].map((id) => candidate(id));
    if (bob === undefined || cid === undefined || dan === undefined) throw new Error("nobody");
    expect([bob, cid, dan].map((c) => pairAllowed(rulesOf(neverSamePartner()), ann, c))).toEqual([
      false,
      false,
      true,
    ]);
    const recent = rulesOf(neverSamePartner({ last: 1 }));
    expect([bob, cid, dan].map((c) => pairAllowed(recent, ann, c))).toEqual([true, false, true]);
  });

  it("keep partners together, and newcomers among themselves", () => {
    const ann = candidate("ann", { history: { partners: ["bob", "cid"], matches: 2 } });
    const bob = candidate("bob", { history: { partners: ["ann"], matches: 1 } });
    const cid = candidate("cid", { history: { partners: ["ann"], matches: 1 } });
    const rules = rulesOf(alwaysSamePartner());
    expect(pairAllowed(rules, ann, bob)).toBe(true);
    expect(pairAllowed(rules, ann, cid)).toBe(false);
    expect(pairAllowed(rules, ann, candidate("new"))).toBe(false);
    expect(pairAllowed(rules, candidate("new"), candidate("newer"))).toBe(true);
  });
});

describe("rules about groups", () => {
  const novice = having({ role: "novice" });
  const expert = having({ role: "expert" });
  const watcher = having({ role: "watcher" });

  it("compose a group, and see a dead end in its beginning", () => {
    const rules = rulesOf(composition("role", { novice: 2, expert: 1 }));
    expect(groupAllowed(rules, [novice, expert, novice], 3)).toBe(true);
    expect(groupAllowed(rules, [novice, novice, novice], 3)).toBe(false);
    expect(groupAllowed(rules, [expert, expert], 3)).toBe(false);
    expect(groupAllowed(rules, [novice, novice], 3)).toBe(true);
    expect(groupAllowed(rules, [watcher], 3)).toBe(false);
    expect(groupAllowed(rules, [having({})], 3)).toBe(false);
  });

  it("leave places beyond the counts to everybody, and take ranges", () => {
    const rules = rulesOf(composition("role", { expert: { min: 1, max: 2 } }));
    expect(groupAllowed(rules, [watcher, expert, novice], 3)).toBe(true);
    expect(groupAllowed(rules, [watcher, watcher, novice], 3)).toBe(false);
    expect(groupAllowed(rules, [expert, expert, expert], 3)).toBe(false);
  });

  it("let a missing role take any free place where that is allowed", () => {
    const rules = rulesOf(composition("role", { novice: 2, expert: 1 }, { missing: "allow" }));
    expect(groupAllowed(rules, [novice, silent, novice], 3)).toBe(true);
    expect(groupAllowed(rules, [novice, novice, novice], 3)).toBe(false);
  });

  it("ask for distinct values", () => {
    const all = rulesOf(distinctValues("role"));
    expect(groupAllowed(all, [novice, expert, watcher], 3)).toBe(true);
    expect(groupAllowed(all, [novice, novice], 3)).toBe(false);
    const two = rulesOf(distinctValues("role", { atLeast: 2 }));
    expect(groupAllowed(two, [novice, novice], 3)).toBe(true);
    expect(groupAllowed(two, [novice, novice, novice], 3)).toBe(false);
  });

  it("show in pairs already where a group is a pair", () => {
    const rules = rulesOf(composition("role", { novice: 1, expert: 1 }));
    expect(pairAllowed(rules, novice, expert)).toBe(true);
    expect(pairAllowed(rules, novice, novice)).toBe(false);
  });

  it("that end after a time do not stop a search whose last member may have waited that long", () => {
    const rules = rulesOf(composition("role", { novice: 1, expert: 1 }, { untilMs: 1000 }));
    const [fresh, old] = [having({ role: "novice" }, { arrivedAt: 5000 }), novice];
    expect(groupAllowed(rules, [fresh, fresh], 3, 5000)).toBe(true);
    expect(groupAllowed(rules, [fresh, fresh, fresh], 3, 5000)).toBe(false);
    expect(groupAllowed(rules, [fresh, fresh, old], 3, 5000)).toBe(true);
  });
});

describe("preferences", () => {
  const order = (arriving: Candidate, candidates: readonly Candidate[], ...given: RuleDescription[]) =>
    rulesOf(...given)
      .prefer(arriving, candidates, { now: 100_000, groupSize: 2 })
      .map((c) => candidates.indexOf(c));

  it("put the same, another, or a near value first, and keep the order among equals", () => {
    const four = [german, having({ language: "en" }), silent, having({ language: "en" })];
    expect(order(english, four, preferSame("language"))).toEqual([1, 3, 0, 2]);
    expect(order(english, four, preferDifferent("language"))).toEqual([0, 1, 2, 3]);
    const skills = [9, 4, 6, 5].map((skill) => having({ skill }));
    expect(order(having({ skill: 5 }), skills, preferNear("skill"))).toEqual([3, 1, 2, 0]);
  });

  it("add up by weight", () => {
    const first = having({ language: "de", skill: 5 });
    const second = having({ language: "en", skill: 9 });
    const me = having({ language: "en", skill: 5 });
    expect(order(me, [first, second], preferSame("language"), preferNear("skill"))).toEqual([1, 0]);
    expect(order(me, [first, second], preferSame("language"), preferNear("skill", { weight: 2 }))).toEqual([
      0, 1,
    ]);
    const old = having({ language: "de" }, { arrivedAt: 0 });
    const fresh = having({ language: "en" }, { arrivedAt: 99_000 });
    const wait = preferLongWait(50_000, { weight: 2 });
    expect(order(english, [fresh, old], preferSame("language"), wait)).toEqual([1, 0]);
  });

  it("leave the list as it is where there are none", () => {
    const list = [english, german];
    expect(rulesOf(sameAttribute("language")).prefer(english, list, { now: 0, groupSize: 2 })).toBe(list);
  });
});

describe("a description of a rule", () => {
  const problemsOf = (given: unknown): readonly string[] => {
    const made = ruleFrom(given);
    return made.status === "invalid" ? made.problems : [];
  };

  it("is refused with what is wrong and what is wanted", () => {
    const wrong: readonly (readonly [unknown, string])[] = [
      ["same", "made by a function"],
      [{ rule: "same-atribute", attribute: "x" }, 'Did you mean "same-attribute"?'],
      [{ attribute: "x" }, 'needs its name in "rule"'],
      [{ rule: "same-attribute" }, "attribute has to be the name of an attribute"],
      [{ rule: "same-attribute", attribute: "x", mising: "allow" }, "Did you mean missing?"],
      [{ rule: "same-attribute", attribute: "x", missing: "perhaps" }, '"refuse" or "allow"'],
      [{ rule: "within", attribute: "x" }, "distance has to be"],
      [
        { rule: "within", attribute: "x", distance: [{ afterMs: 5, distance: 1 }] },
        "0, where waiting begins",
      ],
      [{ rule: "composition", attribute: "x", members: { a: -1 } }, "members.a has to be a whole number"],
      [{ rule: "composition", attribute: "x", members: { a: { min: 2, max: 1 } } }, "at least min"],
      [{ rule: "prefer-long-wait" }, "afterMs has to be"],
      [{ name: "mine" }, "at least one of allowsPair, allowsGroup and score"],
      [{ allowsPair: () => true }, "name has to be a text"],
    ];
    for (const [given, expected] of wrong) expect(problemsOf(given).join("\n")).toContain(expected);
    const shrinking = [
      { afterMs: 0, distance: 3 },
      { afterMs: 10, distance: 1 },
    ];
    expect(problemsOf(within("x", shrinking))[0]).toContain("limits only relax");
  });

  it("says what every rule was made of, for the configuration's hash", () => {
    const rules = rulesOf(within("skill", 2), composition("role", { a: 1 }), {
      name: "mine",
      allowsPair: () => true,
    });
    expect(rules.describe()).toEqual([
      {
        rule: "within",
        attribute: "skill",
        missing: "refuse",
        distance: [{ afterMs: 0, distance: 2 }],
        untilMs: null,
      },
      {
        rule: "composition",
        attribute: "role",
        missing: "refuse",
        members: { a: { min: 1, max: 1 } },
        untilMs: null,
      },
      { rule: "mine" },
    ]);
  });
});
