import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allGroups, candidate, contextFor, randomPool } from "../../test/pools.js";
import type { Candidate } from "./candidate.js";
import { LowestLatencyMatchmaker } from "./lowestLatency.js";

const matchmaker = new LowestLatencyMatchmaker({ maxP2pRttMs: 100 });
const ids = (group: readonly Candidate[] | null) => group?.map((c) => c.participantId).sort() ?? null;

/** Chances by pair, `"a b": 0.4`; pairs that are not named have none. */
const chances =
  (table: Readonly<Record<string, number>>) =>
  (a: Candidate, b: Candidate): number =>
    table[[a.participantId, b.participantId].sort().join(" ")] ?? 0;

const since = (participantId: string, arrivedAt: number) =>
  candidate(participantId, { arrivedAt, waitDeadlineAt: arrivedAt + 300_000 });

describe("LowestLatency", () => {
  const a = since("a", 0);
  const b = since("b", 1_000);
  const c = since("c", 2_000);

  test("has a newcomer probe with somebody who is likely near, not with whoever came first", () => {
    const context = contextFor(matchmaker, { now: 2_000, chance: chances({ "a c": 0.3, "b c": 0.95 }) });
    expect(ids(matchmaker.findMatch(c, [a, b], 2, context))).toEqual(["b", "c"]);
  });

  test("lets a newcomer wait rather than probe on a small chance", () => {
    const context = contextFor(matchmaker, { now: 2_000, chance: chances({ "a c": 0.5 }) });
    expect(matchmaker.findMatch(c, [a], 2, context)).toBeNull();
  });

  test("gives the longest-waiting of those who would do the newcomer", () => {
    const context = contextFor(matchmaker, { now: 2_000, chance: chances({ "a c": 0.96, "b c": 0.99 }) });
    expect(ids(matchmaker.findMatch(c, [a, b], 2, context))).toEqual(["a", "c"]);
  });

  test("lets nobody starve: at the end of the wait a small chance comes before a newcomer's large one", () => {
    const table = { "a new": 0.3, "b new": 0.99, "a b": 0 };
    const late = since("a", -285_000);
    const context = contextFor(matchmaker, { now: 1_000, chance: chances(table) });
    expect(ids(matchmaker.findMatch(since("new", 1_000), [late, b], 2, context))).toEqual(["a", "new"]);
    // Earlier it is not worth a probe that will probably be in vain.
    const early = since("a", -100_000);
    expect(ids(matchmaker.findMatch(since("new", 1_000), [early, b], 2, context))).toEqual(["b", "new"]);
  });

  test("has somebody who is far from everybody take early what is its best hope", () => {
    const chance = chances({ "a b": 0.2 });
    const found = (prospects: readonly number[], arrivalsPerSecond: number | null) => {
      const context = contextFor(matchmaker, {
        now: 20_000,
        chance,
        prospects: () => prospects,
        arrivalsPerSecond,
      });
      return matchmaker.findMatch(b, [a], 2, context) !== null;
    };
    const remote = [0.2, 0.15, ...Array<number>(62).fill(0.001)];
    const central = [...Array<number>(20).fill(0.97), ...Array<number>(44).fill(0.01)];
    expect(found(remote, 0.2)).toBe(true);
    expect(found(central, 0.2)).toBe(false);
    // Hardly anybody is still to come: what is here is the best there will be.
    expect(found(central, 0.001)).toBe(true);
    // Without knowing who will come, it waits for what others get.
    expect(found(remote, null)).toBe(false);
    expect(found([0.2], 0.2)).toBe(false);
  });

  test("gives the longest-waiting its most likely partner", () => {
    const context = contextFor(matchmaker, { now: 2_000, chance: chances({ "a b": 0.92, "a c": 0.99 }) });
    expect(ids(matchmaker.findMatch(a, [b, c], 2, context))).toEqual(["a", "c"]);
  });

  test("tries the one the scene prefers first, of those who are worth a probe", () => {
    const context = {
      ...contextFor(matchmaker, { now: 2_000, chance: chances({ "a c": 0.96, "b c": 0.99, "c d": 0.2 }) }),
      prefer: (_: Candidate, candidates: readonly Candidate[]) =>
        [...candidates].sort((x, y) => (x.participantId < y.participantId ? 1 : -1)),
    };
    expect(ids(matchmaker.findMatch(c, [a, b, since("d", 500)], 2, context))).toEqual(["b", "c"]);
  });

  test("searches wider the longer somebody waits, and asks to be asked again at each step", () => {
    const chance = chances({ "a b": 0.4 });
    const found = (now: number) =>
      matchmaker.findMatch(a, [b], 2, contextFor(matchmaker, { now, chance })) !== null;
    expect(found(100_000)).toBe(false);
    expect(found(250_000)).toBe(true);
    let now = 0;
    const times: number[] = [];
    for (let at = matchmaker.relaxesAt(a, { now }); at !== null; at = matchmaker.relaxesAt(a, { now })) {
      times.push(at);
      now = at;
    }
    expect(times).toHaveLength(20);
    expect(times.every((at, i) => i === 0 || at > (times[i - 1] ?? 0))).toBe(true);
    expect(times.some(found)).toBe(true);
  });

  test("near the end takes any chance that is worth the price of a probe", () => {
    const late = { now: 280_000, chance: chances({ "a b": 0.2 }) };
    expect(ids(matchmaker.findMatch(a, [b], 2, contextFor(matchmaker, late)))).toEqual(["a", "b"]);
    const hopeless = { now: 280_000, chance: chances({ "a b": 0.01 }) };
    expect(matchmaker.findMatch(a, [b], 2, contextFor(matchmaker, hopeless))).toBeNull();
  });

  test("takes fewer risks where the scene's probes were in vain too often, and sure partners as before", () => {
    const found = (likely: number, excessMisses: number) => {
      const options = { now: 280_000, chance: chances({ "a b": likely }), excessMisses };
      return matchmaker.findMatch(a, [b], 2, contextFor(matchmaker, options)) !== null;
    };
    expect(found(0.1, 100)).toBe(true);
    expect(found(0.1, 500)).toBe(false);
    expect(found(0.95, 500)).toBe(true);
  });

  test("never probes below the bound on the prediction, where the scene asks for one", () => {
    const bounded = new LowestLatencyMatchmaker({ maxP2pRttMs: 100, leastChance: 0.2 });
    const late = (p: number) => contextFor(bounded, { now: 280_000, chance: chances({ "a b": p }) });
    expect(bounded.findMatch(a, [b], 2, late(0.19))).toBeNull();
    expect(ids(bounded.findMatch(a, [b], 2, late(0.2)))).toEqual(["a", "b"]);
    const three = { "a b": 0.99, "a c": 0.99, "b c": 0.19 };
    const context = contextFor(bounded, { now: 280_000, chance: chances(three) });
    expect(bounded.findMatch(a, [b, c], 3, context)).toBeNull();
    expect(bounded.describe()).toMatchObject({ leastChance: 0.2 });
    expect(() => new LowestLatencyMatchmaker({ maxP2pRttMs: 100, leastChance: 2 })).toThrow("from 0 to 1");
  });

  test("collects the newcomers of a window, and proposes them together with whom they are likeliest to get on", () => {
    const batching = new LowestLatencyMatchmaker({ maxP2pRttMs: 100, batchWindowMs: 5_000 });
    const [first, second, third] = [since("first", 1_000), since("second", 2_000), since("third", 4_000)];
    const pool = [first, second, third];
    const chance = chances({ "first second": 0.5, "first third": 0.99, "second third": 0.5 });
    const groupsAt = (now: number) =>
      batching.findMatches(pool, 2, contextFor(batching, { now, chance }), pool).map(ids);
    expect(groupsAt(4_999)).toEqual([]);
    expect(batching.relaxesAt(first, { now: 1_000 })).toBe(5_000);
    expect(groupsAt(5_000)).toEqual([["first", "third"]]);
    // Somebody of the next window is nobody's partner yet.
    const late = since("late", 5_001);
    const context = contextFor(batching, { now: 6_000, chance: chances({ "late second": 0.99 }) });
    expect(batching.findMatch(second, [late], 2, context)).toBeNull();
    expect(batching.describe()).toMatchObject({ batchWindowMs: 5_000 });
    expect(() => new LowestLatencyMatchmaker({ maxP2pRttMs: 100, batchWindowMs: -1 })).toThrow(
      "batchWindowMs",
    );
  });

  test("never lets a measurement above the limit pass, however long somebody waited", () => {
    expect(matchmaker.shouldRejectForRtt(100)).toBe(false);
    expect(matchmaker.shouldRejectForRtt(100.1)).toBe(true);
    expect(matchmaker.shouldRejectForRtt(null)).toBe(true);
  });

  test("forms a group of those who are near each other, not only near the newcomer", () => {
    const d = since("d", 3_000);
    const table = { "a d": 0.99, "b d": 0.99, "c d": 0.99, "a b": 0.1, "a c": 0.99, "b c": 0.1 };
    const context = contextFor(matchmaker, { now: 3_000, chance: chances(table) });
    expect(ids(matchmaker.findMatch(d, [a, b, c], 3, context))).toEqual(["a", "c", "d"]);
  });

  test("holds a group's chance, that of all its pairs together, against the price of a probe", () => {
    const pool = ["a", "b", "c", "d"].map((id) => since(id, 0));
    const [first, ...others] = pool as [Candidate, ...Candidate[]];
    const found = (chance: number, size: number) => {
      const context = contextFor(matchmaker, { now: 270_000, chance: () => chance });
      return matchmaker.findMatch(first, others, size, context) !== null;
    };
    expect(found(0.5, 2)).toBe(true);
    expect(found(0.5, 4)).toBe(false);
    expect(found(0.9, 4)).toBe(true);
  });

  test("returns groups of distinct members of the pool that are allowed pair by pair", () => {
    fc.assert(
      fc.property(
        randomPool,
        fc.double({ min: 0, max: 1, noNaN: true }),
        ({ pool, groupSize, forbidden }, p) => {
          const context = contextFor(matchmaker, { now: 200_000, forbidden, chance: () => p });
          const groups = matchmaker.findMatches(pool, groupSize, context, pool);
          const members = groups.flat();
          expect(new Set(members).size).toBe(members.length);
          for (const group of groups) {
            expect(group.every((member) => pool.includes(member))).toBe(true);
            expect(allGroups(group, groupSize, context.allowed)).toHaveLength(1);
          }
        },
      ),
    );
  });

  test("matches every allowed pair there is when everybody is surely near", () => {
    fc.assert(
      fc.property(randomPool, ({ pool, forbidden }) => {
        const context = contextFor(matchmaker, { forbidden, chance: () => 1 });
        const matched = new Set(matchmaker.findMatches(pool, 2, context, pool).flat());
        const left = pool.filter((person) => !matched.has(person));
        expect(allGroups(left, 2, context.allowed)).toEqual([]);
      }),
    );
  });

  test("refuses options without meaning", () => {
    // @ts-expect-error: what a page in plain JavaScript might write
    expect(() => new LowestLatencyMatchmaker({})).toThrow("maxP2pRttMs");
    expect(() => new LowestLatencyMatchmaker({ maxP2pRttMs: 100, patienceMs: -1 })).toThrow("patienceMs");
  });
});
