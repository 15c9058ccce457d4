import { describe, expect, it } from "vitest";
import { clusterRun } from "./clusterRun.js";
import { violationKinds } from "./invariants.js";
import { plantedBugs } from "./plantedBugs.js";

/** `CLUSTER_SEEDS=5000` runs so many; `pnpm chaos` many more, on all processors. */
const seeds = Array.from({ length: Number(process.env["CLUSTER_SEEDS"] ?? 150) }, (_, i) => `s${i}`);

describe("several nodes over one journal, under accidents of every kind,", () => {
  it("never break the scene's promises, whatever the seed", { timeout: 600_000 }, () => {
    let matches = 0;
    let crashes = 0;
    const broken: string[] = [];
    for (const seed of seeds) {
      const result = clusterRun(seed);
      matches += result.matches;
      crashes += result.crashes;
      for (const v of result.violations) broken.push(`${seed}: ${v.kind} (${v.what}) at ${v.at}`);
    }
    expect(broken).toEqual([]);
    // A run in which nothing happens keeps every promise: make sure that something did.
    expect(matches).toBeGreaterThan(seeds.length);
    expect(crashes).toBeGreaterThan(seeds.length);
  });

  it("happen in the same way every time for the same seed", () => {
    const [first, second] = [clusterRun("again"), clusterRun("again")];
    expect(second.log).toEqual(first.log);
  });

  const planted = violationKinds.flatMap((kind) =>
    kind in plantedBugs ? [kind as keyof typeof plantedBugs] : [],
  );
  it.each(planted)("show a planted mistake of the kind %s within 200 seeds", { timeout: 120_000 }, (kind) => {
    const found = Array.from({ length: 200 }, (_, i) => `s${i}`).find((seed) =>
      clusterRun(seed, "small", plantedBugs[kind]).violations.some((violation) => violation.kind === kind),
    );
    expect(found).toBeDefined();
  });
});
