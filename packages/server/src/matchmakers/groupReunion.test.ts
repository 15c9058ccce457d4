import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { candidate, contextFor } from "../../test/pools.js";
import type { Candidate } from "./candidate.js";
import { FifoMatchmaker } from "./fifo.js";
import { GroupReunionMatchmaker } from "./groupReunion.js";
import { LatencyFifoMatchmaker } from "./latencyFifo.js";
import type { Matchmaker } from "./matchmaker.js";

const met = (participantId: string, partners: readonly string[], arrivedAt = 0): Candidate =>
  candidate(participantId, { arrivedAt, history: { partners, matches: partners.length === 0 ? 0 : 1 } });

function groupsOf(matchmaker: Matchmaker, pool: readonly Candidate[], groupSize: number, now = 0) {
  const groups = matchmaker.findMatches(pool, groupSize, contextFor(matchmaker, { now }), pool);
  return groups.map((group) => group.map((c) => c.participantId));
}

describe("group reunion", () => {
  const strict = new GroupReunionMatchmaker();
  const orFifo = new GroupReunionMatchmaker({ fallback: "fifo" });
  const patient = new GroupReunionMatchmaker({ fallback: "fifo", waitForPartnersMs: 60_000 });
  const impatient = new GroupReunionMatchmaker({ waitForPartnersMs: 60_000 });

  test("brings previous partners together, past those who came first", () => {
    const pool = [met("a", ["d"]), met("x", []), met("b", ["c"]), met("c", ["b"]), met("d", ["a"])];
    expect(groupsOf(strict, pool, 2)).toEqual([
      ["a", "d"],
      ["b", "c"],
    ]);
  });

  test("brings four together whatever order their histories name each other in", () => {
    const pool = [
      met("a", ["b", "c", "d"]),
      met("b", ["d", "a", "c"]),
      met("c", ["a", "b", "d"]),
      met("d", ["c", "b", "a"]),
    ];
    expect(groupsOf(strict, pool, 4)).toEqual([["a", "b", "c", "d"]]);
    expect(groupsOf(strict, pool.slice(1), 4)).toEqual([]);
  });

  test("means the most recent match: who has since played with another is waited for by that one", () => {
    const pool = [met("a", ["b"]), met("b", ["c", "a"]), met("c", ["b"])];
    expect(groupsOf(strict, pool, 2)).toEqual([["b", "c"]]);
  });

  test("finds the waiting partner when only the newcomer is asked about", () => {
    const pool = [met("a", ["b"]), met("b", ["a"])];
    const groups = strict.findMatches(pool, 2, contextFor(strict), pool.slice(1));
    expect(groups).toEqual([pool]);
    const [a, b] = pool as [Candidate, Candidate];
    expect(strict.findMatch(b, [a], 2, contextFor(strict))).toEqual([b, a]);
  });

  test("does not propose a pair that may not be together now", () => {
    const pool = [met("a", ["b"]), met("b", ["a"])];
    const context = contextFor(strict, { forbidden: () => true });
    expect(strict.findMatches(pool, 2, context, pool)).toEqual([]);
  });

  test("without a fallback, leaves those without partners waiting", () => {
    expect(groupsOf(strict, [met("a", []), met("b", [])], 2, 1e9)).toEqual([]);
  });

  test("with a fallback, matches those without a history at once, and those whose partners are missing", () => {
    expect(groupsOf(orFifo, [met("a", []), met("b", ["z"]), met("c", [])], 2)).toEqual([["a", "b"]]);
  });

  test("with a fallback and a time limit, waits for partners that long and falls back at that very time", () => {
    const pool = [met("a", ["z"], 1_000), met("b", [], 2_000)];
    expect(groupsOf(patient, pool, 2, 60_999)).toEqual([]);
    expect(groupsOf(patient, pool, 2, 61_000)).toEqual([["a", "b"]]);
  });

  test("asks to be asked again when the wait for partners ends", () => {
    expect(patient.relaxesAt(met("a", ["z"], 1_000), { now: 5_000 })).toBe(61_000);
    expect(patient.relaxesAt(met("a", ["z"], 1_000), { now: 61_000 })).toBeNull();
    expect(patient.relaxesAt(met("a", []), { now: 5_000 })).toBeNull();
    expect(strict.relaxesAt(met("a", ["z"]), { now: 0 })).toBeNull();
  });

  test("still reunites somebody who has gone to the fallback and was not matched yet", () => {
    const pool = [met("a", ["b"], 0), met("b", ["a"], 90_000)];
    expect(groupsOf(patient, pool, 2, 90_000)).toEqual([["a", "b"]]);
  });

  test("prefers a reunion to a senior stranger", () => {
    const pool = [met("x", [], 0), met("a", ["b"], 1), met("b", ["a"], 2)];
    expect(groupsOf(orFifo, pool, 2)).toEqual([["a", "b"]]);
  });

  test("without a fallback, ends the wait as partner_lost", () => {
    expect(impatient.givesUpAt(met("a", ["z"], 1_000))).toEqual({ at: 61_000, outcome: "partner_lost" });
    expect(impatient.givesUpAt(met("a", []))).toBeNull();
    expect(strict.givesUpAt(met("a", ["z"]))).toBeNull();
    expect(patient.givesUpAt(met("a", ["z"]))).toBeNull();
  });

  test("is recorded as GroupReunion, other groups under the fallback's name", () => {
    expect(orFifo.nameFor([met("a", ["b"]), met("b", ["a"])])).toBe("GroupReunion");
    expect(orFifo.nameFor([met("a", ["b"]), met("b", ["c"])])).toBe("FIFO");
    expect(strict.nameFor([met("a", ["b"]), met("b", ["a"])])).toBe("GroupReunion");
  });

  test("does not hold a reunion to the fallback's rule about pairs, but everybody else", () => {
    const fallback = new LatencyFifoMatchmaker({ maxServerRttMs: 100, maxP2pRttMs: 80 });
    const reunion = new GroupReunionMatchmaker({ fallback });
    const rtt = { medianMs: 90, minMs: 90, p95Ms: 90, jitterMs: 0, samples: 5, lost: 0, measuredAt: 0 };
    const far = (id: string, partners: string[]) => ({ ...met(id, partners), serverRtt: rtt });
    expect(groupsOf(reunion, [far("a", ["b"]), far("b", ["a"])], 2)).toEqual([["a", "b"]]);
    expect(groupsOf(reunion, [far("a", []), far("b", [])], 2)).toEqual([]);
    expect(reunion.maxP2pRttMs).toBe(80);
    expect(new GroupReunionMatchmaker({ fallback, maxP2pRttMs: 120 }).maxP2pRttMs).toBe(120);
  });

  test("needs to look at the whole pool only where its fallback does", () => {
    expect(orFifo.looksAtWholePool).toBe(false);
    expect(strict.looksAtWholePool).toBe(false);
  });

  test("refuses options without meaning", () => {
    // @ts-expect-error: what a page in plain JavaScript might write
    expect(() => new GroupReunionMatchmaker({ fallback: "random" })).toThrow('"random"');
    expect(() => new GroupReunionMatchmaker({ waitForPartnersMs: -1 })).toThrow("waitForPartnersMs");
  });

  test("returns groups of the right size, nobody in two, whatever the histories say", () => {
    const ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
    fc.assert(
      fc.property(
        fc.subarray(ids),
        fc.array(fc.shuffledSubarray(ids), { minLength: 8, maxLength: 8 }),
        fc.integer({ min: 2, max: 4 }),
        fc.constantFrom(strict, orFifo, patient),
        (here, histories, groupSize, matchmaker) => {
          const pool = here.map((id, i) =>
            met(
              id,
              (histories[i] ?? []).filter((other) => other !== id),
            ),
          );
          const groups = groupsOf(matchmaker, pool, groupSize);
          expect(new Set(groups.flat()).size).toBe(groups.flat().length);
          expect(groups.every((group) => group.length === groupSize)).toBe(true);
          expect(groups.flat().every((id) => here.includes(id))).toBe(true);
        },
      ),
    );
  });

  test("with a fallback leaves nobody waiting whom plain FIFO would match", () => {
    const fifo = new FifoMatchmaker();
    const pool = [met("a", ["z"]), met("b", ["y"]), met("c", []), met("d", ["a"])];
    expect(groupsOf(orFifo, pool, 2)).toHaveLength(groupsOf(fifo, pool, 2).length);
  });
});
