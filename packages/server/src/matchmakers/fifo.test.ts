import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allGroups, candidate, contextFor, greedyGroups, randomPool } from "../../test/pools.js";
import type { Candidate } from "./candidate.js";
import { FifoMatchmaker } from "./fifo.js";

const fifo = new FifoMatchmaker();
const ids = (groups: readonly (readonly Candidate[])[]) => groups.map((g) => g.map((c) => c.participantId));
const people = (count: number): Candidate[] =>
  Array.from({ length: count }, (_, i) => candidate(`p${i}`, { arrivedAt: i }));

describe("FIFO", () => {
  test("matches the longest-waiting ones first", () => {
    const pool = people(5);
    expect(ids(fifo.findMatches(pool, 2, contextFor(fifo), pool))).toEqual([
      ["p0", "p1"],
      ["p2", "p3"],
    ]);
  });

  test("passes over a pair that is forbidden and takes the next in line", () => {
    const pool = people(3);
    const [p0, p1, p2] = pool as [Candidate, Candidate, Candidate];
    const forbidden = (a: Candidate, b: Candidate) => [a, b].includes(p0) && [a, b].includes(p1);
    const context = contextFor(fifo, { forbidden });
    expect(ids(fifo.findMatches(pool, 2, context, [p2]))).toEqual([["p0", "p2"]]);
    expect(fifo.findMatch(p2, [p0, p1], 2, context)).toEqual([p0, p2]);
    expect(fifo.findMatch(p1, [p0], 2, context)).toBeNull();
  });

  test("gives the senior group the member that two groups want", () => {
    // Both newcomers complete a group with somebody who waits; p4's group is the senior one.
    const pool = people(5);
    const pairs = new Set(["p1 p3", "p0 p4", "p3 p4"]);
    const forbidden = (a: Candidate, b: Candidate) =>
      !pairs.has([a.participantId, b.participantId].sort().join(" "));
    const asked = pool.slice(3);
    expect(ids(fifo.findMatches(pool, 2, contextFor(fifo, { forbidden }), asked))).toEqual([
      ["p0", "p4"],
      ["p1", "p3"],
    ]);
  });

  test("finds the same groups as the definition: the first possible one in seniority, again and again", () => {
    fc.assert(
      fc.property(randomPool, ({ pool, groupSize, forbidden }) => {
        const context = contextFor(fifo, { forbidden });
        const groups = fifo.findMatches(pool, groupSize, context, pool);
        expect(groups).toEqual(greedyGroups(pool, groupSize, context.allowed));
      }),
    );
  });

  test("finds those groups also when it is asked about newcomers only", () => {
    fc.assert(
      fc.property(randomPool, fc.integer({ min: 1, max: 5 }), ({ pool, groupSize, forbidden }, newcomers) => {
        const context = contextFor(fifo, { forbidden });
        const settled = pool.slice(0, -newcomers);
        const matched = new Set(greedyGroups(settled, groupSize, context.allowed).flat());
        const left = pool.filter((c) => !matched.has(c));
        const asked = pool.slice(-newcomers);
        const groups = fifo.findMatches(left, groupSize, context, asked);
        const byDefinition = greedyGroups(left, groupSize, context.allowed);
        expect([...groups]).toEqual(byDefinition);
      }),
    );
  });

  test("returns groups of distinct members of the pool that are allowed pair by pair, in none twice", () => {
    fc.assert(
      fc.property(randomPool, fc.nat(14), ({ pool, groupSize, forbidden }, from) => {
        const context = contextFor(fifo, { forbidden });
        const groups = fifo.findMatches(pool, groupSize, context, pool.slice(from));
        const members = groups.flat();
        expect(new Set(members).size).toBe(members.length);
        for (const group of groups) {
          expect(group).toHaveLength(groupSize);
          expect(allGroups(group, groupSize, context.allowed)).toHaveLength(1);
          expect(group.every((c) => pool.includes(c))).toBe(true);
        }
      }),
    );
  });

  test("asked for one candidate, returns the first group with that candidate in it", () => {
    fc.assert(
      fc.property(randomPool, ({ pool, groupSize, forbidden }) => {
        const arriving = pool.at(-1);
        if (arriving === undefined) return;
        const context = contextFor(fifo, { forbidden });
        const group = fifo.findMatch(arriving, pool.slice(0, -1), groupSize, context);
        const truth = allGroups(pool, groupSize, context.allowed).find((g) => g.includes(arriving)) ?? null;
        expect(group).toEqual(truth);
      }),
    );
  });

  test("looks at as few pairs as a group needs when everybody may be with everybody", () => {
    const pool = people(10_000);
    let looked = 0;
    const context = contextFor(fifo, {
      forbidden: () => {
        looked += 1;
        return false;
      },
    });
    expect(fifo.findMatches(pool, 4, context, pool.slice(-1))).toHaveLength(1);
    expect(looked).toBe(6);
  });

  test("looks at no more than twice the pool when 10,000 wait and nothing is possible", () => {
    const pool = people(10_000);
    let looked = 0;
    const context = contextFor(fifo, {
      forbidden: () => {
        looked += 1;
        return true;
      },
    });
    expect(fifo.findMatches(pool, 2, context, pool.slice(-1))).toEqual([]);
    expect(looked).toBeLessThanOrEqual(20_000);
    looked = 0;
    expect(fifo.findMatches(pool, 2, context, pool)).toEqual([]);
    expect(looked).toBeLessThanOrEqual(510_000);
  });

  test("gives up a search that would take exponential time", () => {
    // Only members of different camps may be together, and a group of eight is asked of seven camps.
    const pool = people(2_000);
    const camp = (c: Candidate) => c.arrivedAt % 7;
    let looked = 0;
    const context = contextFor(fifo, {
      forbidden: (a, b) => {
        looked += 1;
        return camp(a) === camp(b);
      },
    });
    expect(fifo.findMatches(pool, 8, context, pool.slice(-1))).toEqual([]);
    expect(looked).toBeLessThan(5_100);
  });

  test("knows that departures make nothing possible", () => {
    expect(fifo.looksAtWholePool).toBe(false);
  });

  test("refuses a limit that is none", () => {
    expect(() => new FifoMatchmaker({ maxP2pRttMs: -1 })).toThrow("0 or more");
    expect(() => new FifoMatchmaker({ maxP2pRttMs: Number.NaN })).toThrow("maxP2pRttMs");
  });
});

describe("the limit on the measured RTT", () => {
  const limited = new FifoMatchmaker({ maxP2pRttMs: 150 });

  test("is inclusive: 150 passes at 150, 150.1 does not", () => {
    expect(limited.shouldRejectForRtt(150)).toBe(false);
    expect(limited.shouldRejectForRtt(150.1)).toBe(true);
  });

  test("turns a missing measurement down where there is a limit, and nothing where there is none", () => {
    expect(limited.shouldRejectForRtt(null)).toBe(true);
    expect(fifo.shouldRejectForRtt(null)).toBe(false);
    expect(fifo.shouldRejectForRtt(5_000)).toBe(false);
  });
});
