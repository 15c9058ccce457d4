import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const program = fileURLToPath(new URL("../../../../scripts/chaos.mjs", import.meta.url));
const chaos = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });

describe("pnpm chaos", { timeout: 120_000 }, () => {
  it("prints one JSON object and ends with 0 where every promise is kept", () => {
    const { status, stdout } = chaos("--seeds", "2", "--json");
    expect(status).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ seeds: 2, participants: expect.any(Number), matches: expect.any(Number) });
    expect(result.violations).toMatchObject({
      doubleMatched: 0,
      lost: 0,
      heldPastDeadline: 0,
      twoOutcomes: 0,
      seniorityBroken: 0,
      replayDiffers: 0,
    });
    expect(result).not.toHaveProperty("failingSeeds");
  });

  it("ends with 1 and lists the failing seeds where one is broken, and the same one alone fails again", () => {
    const all = chaos("--seeds", "10", "--plant", "lost", "--json");
    expect(all.status).toBe(1);
    const { violations, failingSeeds } = JSON.parse(all.stdout);
    expect(violations.lost).toBeGreaterThan(0);
    const [seed] = failingSeeds;
    expect(all.stderr).toContain(`seed ${seed}: several nodes, lost: `);
    const alone = chaos("--seeds", "1", "--seed", `${seed}`, "--plant", "lost", "--json");
    expect([alone.status, JSON.parse(alone.stdout).failingSeeds]).toEqual([1, [seed]]);
  });

  it.each([
    [["--seeds", "0"], "--seeds: wanted a whole number of at least 1"],
    [["--seed", "s17"], "--seed: wanted a whole number of at least 0"],
    [["--plant", "weeds"], "--plant: wanted one of doubleMatched, lost, "],
  ])("used wrongly (%j) it ends with 2 and says why", (args, words) => {
    const { status, stdout, stderr } = chaos(...args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(words);
  });
});
