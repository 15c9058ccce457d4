import { describe, expect, it } from "vitest";
import { chaosRun } from "./chaosRun.js";

/** `CHAOS_SEED=abc` runs one seed alone, `CHAOS_SEEDS=20000` so many. */
const one = process.env["CHAOS_SEED"];
const seeds =
  one === undefined
    ? Array.from({ length: Number(process.env["CHAOS_SEEDS"] ?? 1500) }, (_, i) => `s${i}`)
    : [one];

describe("a scene under accidents of every kind", () => {
  it("never breaks its promises, whatever the seed", { timeout: 600_000 }, () => {
    let participants = 0;
    let matches = 0;
    let crashes = 0;
    const broken: string[] = [];
    for (const seed of seeds) {
      const result = chaosRun(seed);
      participants += result.participants;
      matches += result.matches;
      crashes += result.crashes;
      for (const v of result.violations) broken.push(`CHAOS_SEED=${seed}: ${v.kind} (${v.what}) at ${v.at}`);
    }
    expect(broken).toEqual([]);
    // A run in which nothing happens keeps every promise: make sure that something did.
    expect({ participants, matches, crashes: one === undefined ? crashes : 1 }).toEqual({
      participants: expect.toSatisfy((n: number) => n >= seeds.length),
      matches: expect.toSatisfy((n: number) => one !== undefined || n >= seeds.length),
      crashes: expect.toSatisfy((n: number) => n > 0),
    });
  });

  it("happens in the same way every time for the same seed", () => {
    const [first, second] = [chaosRun("again"), chaosRun("again")];
    expect(second.log).toEqual(first.log);
  });
});
