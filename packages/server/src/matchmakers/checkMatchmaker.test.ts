import { describe, expect, test } from "vitest";
import type { Candidate } from "./candidate.js";
import { isMatchmaker, problemsOfMatchmaker } from "./checkMatchmaker.js";
import { FifoMatchmaker } from "./fifo.js";
import { Matchmaker } from "./matchmaker.js";

class Own extends Matchmaker {
  override readonly name: string = "Own";
  findMatch(): readonly Candidate[] | null {
    return null;
  }
}

describe("checking a custom matchmaker", () => {
  test("finds nothing wrong with a class that extends the base", () => {
    expect(problemsOfMatchmaker(new Own())).toEqual([]);
    expect(problemsOfMatchmaker(new FifoMatchmaker({ maxP2pRttMs: 150 }))).toEqual([]);
  });

  test("accepts one from another copy of the package", () => {
    const methods = ["findMatch", "findMatches", "allowsPair", "rankCandidates", "shouldRejectForRtt"];
    const more = ["limitFor", "limitRelaxesAt", "relaxesAt", "givesUpAt", "nameFor", "describe"];
    const foreign = {
      name: "Foreign",
      maxP2pRttMs: null,
      ...Object.fromEntries([...methods, ...more].map((method) => [method, () => null])),
    };
    expect(isMatchmaker(foreign)).toBe(true);
  });

  test("says that a class was given instead of an object", () => {
    expect(problemsOfMatchmaker(Own)).toEqual([
      "The matchmaker is a class or function, not an object: write new Own(…) instead of Own.",
    ]);
  });

  test("says what a home-made object lacks", () => {
    const problems = problemsOfMatchmaker({ name: "Mine", maxP2pRttMs: null, findMatch: () => null });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("let its class extend Matchmaker");
    expect(problemsOfMatchmaker({})).toHaveLength(4);
  });

  test.each([[-1], [Number.NaN], ["150"], [undefined], [Number.POSITIVE_INFINITY]])(
    "refuses the limit %s",
    (maxP2pRttMs) => {
      const own = Object.assign(new Own(), { maxP2pRttMs });
      expect(problemsOfMatchmaker(own)[0]).toContain("maxP2pRttMs");
    },
  );

  test("refuses an empty or endless name", () => {
    expect(problemsOfMatchmaker(Object.assign(new Own(), { name: " " }))[0]).toContain("name");
    expect(problemsOfMatchmaker(Object.assign(new Own(), { name: "x".repeat(201) }))[0]).toContain("name");
  });

  test.each([[null], [undefined], ["fifo"], [7], [[]]])("refuses %j", (value) => {
    expect(problemsOfMatchmaker(value)).toHaveLength(1);
  });
});
