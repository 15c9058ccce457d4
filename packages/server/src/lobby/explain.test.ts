import { describe, expect, it } from "vitest";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { composition, type RuleDescription, sameAttribute } from "../matchmakers/rules/descriptions.js";
import { ruleFrom } from "../matchmakers/rules/registry.js";
import type { Rule } from "../matchmakers/rules/rule.js";
import { RuleSet } from "../matchmakers/rules/ruleSet.js";
import { explain } from "./explain.js";
import { snapshotOf } from "./snapshot.js";
import { TestScene } from "./testing/scene.js";

const withRules = (...given: readonly (RuleDescription | Rule)[]) => ({
  rules: new RuleSet(
    given.map((one) => {
      const made = ruleFrom(one);
      if (made.status === "invalid") throw new Error(made.problems.join(" "));
      return made.rule;
    }),
  ),
});
const why = (t: TestScene, id: string) => {
  const found = explain(t.state, t.config, id, t.scene.now);
  if (found === null) throw new Error(`${id} does not wait`);
  return found;
};

describe("why somebody still waits", () => {
  it("counts what was measured as too slow, and who differs", () => {
    const t = new TestScene(withRules(sameAttribute("language")));
    t.arrive("me", { attributes: { language: "en" } });
    for (const [id, rttMs] of [
      ["far", 212],
      ["farther", 340],
    ] as const) {
      t.arrive(id, { attributes: { language: "en" } });
      t.probeAll(() => rttMs);
    }
    // The two others have been together as well by now, or are just being measured.
    t.probeAll(() => 400);
    t.arrive("foreign", { attributes: { language: "de" } });
    const found = why(t, "me");
    expect(found).toMatchObject({ waitsFor: "people", here: 3, possible: 0, needed: 1, limitMs: 150 });
    expect(found.apart).toEqual([
      { reason: "too_slow", rule: null, phrase: "too slow", count: 2, rttMs: [212, 340] },
      { reason: "rule", rule: "same-attribute", phrase: "differs in language", count: 1, rttMs: [] },
    ]);
    expect(found.summary).toBe(
      "3 here, none within your limits: 2 too slow (measured 212 ms, 340 ms), 1 differs in language.",
    );
  });

  it("says that nobody is here, that others are away, held or resting", () => {
    const t = new TestScene({ groupSize: 2 });
    t.arrive("me");
    expect(why(t, "me").summary).toBe("Nobody else is here.");
    t.disconnect("me");
    expect(why(t, "me").waitsFor).toBe("itself");
    t.arrive("ann");
    t.arrive("bob");
    t.arrive("cid");
    t.disconnect("cid");
    t.arrive("me");
    const reasons = why(t, "me").apart.map(({ reason, count }) => [reason, count]);
    expect(reasons).toEqual([
      ["held", 2],
      ["disconnected", 1],
    ]);
    expect(why(t, "ann")).toMatchObject({ waitsFor: "proposal" });
  });

  it("tells a group that cannot be made from people who are missing", () => {
    const t = new TestScene({
      groupSize: 3,
      matchmaker: new FifoMatchmaker(),
      ...withRules(composition("role", { novice: 2, expert: 1 })),
    });
    for (const id of ["a", "b", "c"]) t.arrive(id, { attributes: { role: "novice" } });
    expect(why(t, "a")).toMatchObject({ waitsFor: "group", possible: 2, apart: [] });
    expect(why(t, "a").summary).toBe("2 here, 2 are possible, but no group of them keeps the rules.");
  });

  it("knows nothing of strangers and of those who do not wait any more, and changes nothing", () => {
    const t = new TestScene({ matchmaker: new FifoMatchmaker() });
    t.arrive("ann");
    const before = JSON.stringify(snapshotOf(t.state));
    expect(explain(t.state, t.config, "nobody", t.scene.now)).toBeNull();
    why(t, "ann");
    expect(JSON.stringify(snapshotOf(t.state))).toBe(before);
    t.arrive("bob");
    expect(explain(t.state, t.config, "ann", t.scene.now)).toBeNull();
  });

  it("survives a rule that throws", () => {
    const rule: Rule = {
      name: "broken",
      allowsPair: () => {
        throw new Error("no");
      },
    };
    const t = new TestScene(withRules(rule));
    t.arrive("ann");
    t.arrive("bob");
    expect(why(t, "ann").summary).toBe("1 here, none within your limits: 1 kept away by a rule that failed.");
  });
});
