import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { candidate, contextFor } from "../../test/pools.js";
import type { Candidate } from "../matchmakers/candidate.js";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { GroupReunionMatchmaker } from "../matchmakers/groupReunion.js";
import { LatencyFifoMatchmaker } from "../matchmakers/latencyFifo.js";
import { LowestLatencyMatchmaker } from "../matchmakers/lowestLatency.js";
import { type MatchContext, Matchmaker } from "../matchmakers/matchmaker.js";
import {
  composition,
  neverSamePartner,
  preferNear,
  type RuleDescription,
  sameAttribute,
} from "../matchmakers/rules/descriptions.js";
import { ruleFrom } from "../matchmakers/rules/registry.js";
import type { Rule } from "../matchmakers/rules/rule.js";
import { RuleSet } from "../matchmakers/rules/ruleSet.js";
import * as commands from "./commands.js";
import { bySeniority, Line } from "./line.js";
import { TestScene } from "./testing/scene.js";

/** A rule of a researcher's who never thought of the scene's. */
class Own extends Matchmaker {
  override readonly name = "Own";
  override findMatch(arriving: Candidate, waiting: readonly Candidate[], groupSize: number) {
    return waiting.length < groupSize - 1 ? null : [...waiting.slice(0, groupSize - 1), arriving];
  }
}

const matchmakers: readonly (() => Matchmaker)[] = [
  () => new FifoMatchmaker(),
  () => new FifoMatchmaker({ maxP2pRttMs: 100 }),
  () => new LatencyFifoMatchmaker({ maxServerRttMs: 150, maxP2pRttMs: 100 }),
  () =>
    new GroupReunionMatchmaker({
      fallback: new FifoMatchmaker({ maxP2pRttMs: 100 }),
      waitForPartnersMs: 20_000,
    }),
  () =>
    new GroupReunionMatchmaker({
      fallback: new LowestLatencyMatchmaker({ maxP2pRttMs: 100 }),
      waitForPartnersMs: 0,
    }),
  () => new Own(),
  () => new LowestLatencyMatchmaker({ maxP2pRttMs: 100 }),
];

const given: readonly RuleDescription[] = [
  sameAttribute("language"),
  sameAttribute("wave"),
  sameAttribute("team", { missing: "allow" }),
  sameAttribute("city", { untilMs: 40_000 }),
  composition("role", { expert: { max: 1 } }),
  preferNear("skill"),
  neverSamePartner(),
];

/** The same rules, but the ones about equal values look like a researcher's own: nothing is known of them but their answers. */
function rulesOf(descriptions: readonly RuleDescription[], disguised: boolean): RuleSet {
  return new RuleSet(
    descriptions.map((description): Rule => {
      const made = ruleFrom(description);
      if (made.status === "invalid") throw new Error(made.problems.join(" "));
      const { rule } = made;
      if (!disguised || rule.name !== "same-attribute") return rule;
      return {
        name: rule.name,
        ...(rule.phrase === undefined ? {} : { phrase: rule.phrase }),
        allowsPair: (a, b, context) => rule.allowsPair?.(a, b, context) ?? true,
        relaxesAt: (candidate, context) => rule.relaxesAt?.(candidate, context) ?? null,
      };
    }),
  );
}

const attributes = fc.record(
  {
    language: fc.constantFrom("en", "en", "en", "en", "1", 1, "true", true),
    wave: fc.constantFrom(0, 0, 0, 1),
    team: fc.constantFrom("a", "a", "b"),
    city: fc.constantFrom("x", "x", "y"),
    role: fc.constantFrom("novice", "novice", "novice", "expert"),
    skill: fc.integer({ min: 0, max: 9 }),
  },
  { requiredKeys: ["role", "skill", "wave"] },
);

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("arrive"),
      attributes,
      priority: fc.constantFrom(0, 0, 0, 1),
      rttMs: fc.integer({ min: 10, max: 120 }),
      partner: fc.option(fc.integer({ min: 0, max: 30 }), { freq: 2 }),
      afterMs: fc.constantFrom(0, 0, 0, 501, 10_007),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("disconnect", "return", "leave"),
      who: fc.integer({ min: 0, max: 30 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("probe"), slow: fc.integer({ min: 0, max: 3 }) }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const nobody = { partners: [], matches: 0 };

/** A scene in which all of this happens. */
function play(steps: readonly Step[], changes: ConstructorParameters<typeof TestScene>[0]): TestScene {
  const t = new TestScene({ firstRttWaitMs: 1000, allowRepeat: true, ...changes });
  let arrived = 0;
  for (const one of steps) {
    if (one.kind === "arrive" && "rttMs" in one) {
      t.scene.advance(one.afterMs);
      const request = {
        participantId: `p${arrived}`,
        attributes: one.attributes,
        webrtc: true,
        priority: one.priority,
        fresh: true,
      };
      const history = one.partner === null ? nobody : { partners: [`p${one.partner}`], matches: 1 };
      t.scene.run(commands.arrive(t.state, t.config, request, history, t.scene.now));
      if (one.rttMs > 30) t.serverRtt(`p${arrived}`, one.rttMs);
      arrived += 1;
    } else if ("who" in one) {
      const id = `p${one.who}`;
      if (!t.state.participants.has(id)) continue;
      if (one.kind === "disconnect") t.disconnect(id);
      else if (one.kind === "leave") t.leave(id);
      else t.arrive(id, { fresh: false });
    } else if ("slow" in one) {
      t.probeAll((a, b) => ((a.length * 7 + Number(b.slice(1))) % 4 === one.slow ? 500 : 50));
      t.confirmAll();
    }
  }
  t.scene.advance(100_000);
  return t;
}

describe("the search in the parts of a pool", () => {
  it("decides what a search among all of them does, whatever the matchmaker and the rules", {
    timeout: 180_000,
  }, () => {
    const runs = fc.record({
      steps: fc.array(step, { minLength: 20, maxLength: 80 }),
      groupSize: fc.integer({ min: 2, max: 3 }),
      matchmaker: fc.constantFrom(...matchmakers),
      rules: fc.subarray([...given], { minLength: 1 }),
    });
    let proposals = 0;
    fc.assert(
      fc.property(runs, ({ steps, groupSize, matchmaker, rules }) => {
        const config = { groupSize, matchmaker: matchmaker() };
        const parted = play(steps, { ...config, rules: rulesOf(rules, false) });
        const whole = play(steps, { ...config, rules: rulesOf(rules, true) });
        expect(parted.scene.events).toEqual(whole.scene.events);
        proposals += parted.state.proposalsOpened;
      }),
      { numRuns: 300 },
    );
    expect(proposals).toBeGreaterThan(500);
  });

  it("forms the groups of a search among all, however many are asked about at once", () => {
    const people = fc.array(fc.record({ key: fc.constantFrom("a", "b", "b", null), asked: fc.boolean() }), {
      minLength: 2,
      maxLength: 14,
    });
    fc.assert(
      fc.property(
        people,
        fc.integer({ min: 2, max: 3 }),
        fc.constantFrom(...matchmakers),
        fc.func(fc.integer({ min: 0, max: 4 })),
        (some, groupSize, make, chanceOf) => {
          const pool = some.map(({ key }, i) => candidate(`p${i}`, { arrivedAt: i, attributes: { key } }));
          const asked = pool.filter((_, i) => some[i]?.asked);
          const keyOf = (c: Candidate) => c.attributes["key"];
          const matchmaker = make();
          const forbidden = (a: Candidate, b: Candidate) =>
            keyOf(a) == null || keyOf(a) !== keyOf(b) || chanceOf([a.arrivedAt, b.arrivedAt].sort()) === 0;
          const whole = contextFor(matchmaker, { forbidden });
          const parted: MatchContext = {
            ...whole,
            sharing: (c, list) =>
              list === pool ? pool.filter((other) => keyOf(c) != null && keyOf(other) === keyOf(c)) : list,
          };
          expect(matchmaker.findMatches(pool, groupSize, parted, asked)).toEqual(
            matchmaker.findMatches(pool, groupSize, whole, asked),
          );
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("looks at nobody who differs in what has to be equal", () => {
    let pairs = 0;
    class Counting extends FifoMatchmaker {
      override allowsPair(): boolean {
        pairs += 1;
        return true;
      }
    }
    const t = new TestScene({
      matchmaker: new Counting(),
      rules: rulesOf([sameAttribute("language")], false),
    });
    for (let i = 0; i < 500; i += 1) t.arrive(`p${i}`, { attributes: { language: `own ${i}` } });
    pairs = 0;
    t.arrive("ann", { attributes: { language: "en" } });
    t.arrive("bob", { attributes: { language: "en" } });
    expect(t.matches).toEqual([["ann", "bob"]]);
    expect(pairs).toBeLessThan(10);
  });
});

describe("a line's parts", () => {
  it("hold the same people as the line, in the same order, whatever came and went", () => {
    const item = fc.record({
      key: fc.constantFrom("a", "b", "c", null),
      priority: fc.integer({ min: 0, max: 2 }),
      atHead: fc.boolean(),
    });
    const keys = { keyOf: ({ key }: { readonly key: string | null }) => key };
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 30 }),
        fc.array(fc.nat(29)),
        fc.nat(30),
        (items, gone, first) => {
          const people = items.map((one, order) => ({ ...one, order }));
          const line = new Line<(typeof people)[number]>();
          for (const [i, p] of people.entries()) {
            if (i === first) line.part(keys, "a");
            line.add(p);
          }
          for (const i of gone) {
            const p = people[i];
            if (p !== undefined && line.has(p)) line.remove(p);
            else if (p !== undefined) line.add(p);
          }
          for (const key of ["a", "b", "c"]) {
            const expected = line.items.filter((p) => p.key === key);
            expect(line.part(keys, key).items).toEqual(expected);
            expect([...expected].sort(bySeniority)).toEqual(expected);
          }
        },
      ),
    );
  });
});
