import { describe, expect, it } from "vitest";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { composition, neverSamePartner, sameAttribute, within } from "../matchmakers/rules/descriptions.js";
import type { ConfigProblem } from "./configError.js";
import { readScenes, resolveScene } from "./resolveScene.js";
import { scene } from "./scene.js";

function mistakesOf(given: unknown): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  readScenes([given], "scenes", problems);
  return problems;
}

describe("a scene's rules and treatments", () => {
  it("are the same in code and in JSON", () => {
    const built = scene("s")
      .groupSize(3)
      .matchmaking({
        matchmaker: new FifoMatchmaker({ maxP2pRttMs: 150 }),
        rules: [
          sameAttribute("language"),
          within("skill", 2),
          composition("role", { novice: 2, expert: 1 }),
          neverSamePartner(),
        ],
      })
      .treatments({ arms: ["a", "b"], assign: "balanced", quotas: { a: 20 } });
    const plain = JSON.parse(`{
      "id": "s", "groupSize": 3,
      "matchmaking": {
        "matchmaker": { "name": "fifo", "maxP2pRttMs": 150 },
        "rules": [
          { "rule": "same-attribute", "attribute": "language" },
          { "rule": "within", "attribute": "skill", "distance": 2 },
          { "rule": "composition", "attribute": "role", "members": { "novice": 2, "expert": 1 } },
          { "rule": "never-same-partner" }
        ]
      },
      "treatments": { "arms": ["a", "b"], "assign": "balanced", "quotas": { "a": 20 } }
    }`);
    expect(resolveScene(plain)).toEqual(resolveScene(built));
    expect(resolveScene(plain).settings.lobby.rules?.rules.map((rule) => rule.name)).toEqual([
      "same-attribute",
      "within",
      "composition",
      "never-same-partner",
    ]);
  });

  it("are in the configuration's hash, which none leave as it was", () => {
    const base = scene("s");
    const variants = [
      base,
      base.matchmaking({ rules: [sameAttribute("language")] }),
      base.matchmaking({ rules: [sameAttribute("language", { missing: "allow" })] }),
      base.matchmaking({ rules: [within("skill", 1)] }),
      base.matchmaking({ rules: [{ name: "mine", allowsPair: () => true }] }),
      base.treatments({ arms: ["a", "b"] }),
      base.treatments({ arms: ["a", "b"], assign: "rotation" }),
    ];
    const hashes = variants.map((variant) => resolveScene(variant).settings.lobby.configHash);
    expect(new Set(hashes).size).toBe(variants.length);
    const none = base.matchmaking({ rules: [] });
    expect(resolveScene(none).settings).toEqual(resolveScene(base).settings);
  });

  it("are refused with every mistake, and where it is", () => {
    const problems = mistakesOf({
      id: "s",
      matchmaking: {
        rules: [
          { rule: "same-atribute", attribute: "x" },
          { rule: "within", attribute: "", distance: -1 },
        ],
      },
      treatments: { arms: ["a", "a"], assign: "blanced", quotas: { b: 0 }, order: 1 },
    });
    expect(problems.map(({ path }) => path)).toEqual([
      "scenes[0].matchmaking.rules[0]",
      "scenes[0].matchmaking.rules[1]",
      "scenes[0].matchmaking.rules[1]",
      "scenes[0].treatments.order",
      "scenes[0].treatments.arms",
      "scenes[0].treatments.assign",
      "scenes[0].treatments.quotas.b",
    ]);
  });

  it("are refused where no group of this size could keep them", () => {
    const rules = [composition("role", { novice: 2, expert: 1 })];
    expect(mistakesOf(scene("s").matchmaking({ rules }))).toMatchObject([
      { path: "scenes[0].matchmaking.rules[0]", problem: expect.stringContaining("3 members are asked for") },
    ]);
    expect(mistakesOf(scene("s").groupSize(3).matchmaking({ rules }))).toEqual([]);
  });

  it("are refused where they contradict each other", () => {
    const treatments = { arms: ["a", "b"], assign: "latin-square", quotas: { c: 3 } };
    expect(mistakesOf({ id: "s", treatments }).map(({ path }) => path)).toEqual([
      "scenes[0].treatments.quotas.c",
    ]);
    expect(mistakesOf({ id: "s", treatments: { ...treatments, quotas: { a: 3 } } })[0]?.problem).toContain(
      "matches.max",
    );
    expect(mistakesOf({ id: "s", treatments: {} })[0]?.problem).toContain("missing");
    expect(mistakesOf({ id: "s", matchmaking: { rules: "fifo" } })[0]?.problem).toContain("wanted a list");
  });
});
