import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cli } from "../../../test/cliRun.js";
import { prepareDataFolder } from "../../journal/dataFolder.js";
import type { ReplayResult } from "../../lobby/replay.js";

const cwd = mkdtempSync(join(tmpdir(), "simulated-log-"));
afterAll(() => rmSync(cwd, { recursive: true }));

const matchmaking = { matchmaker: { name: "fifo", maxP2pRttMs: 400 } };
const auth = { mode: "open" };
writeFileSync(join(cwd, "study.json"), JSON.stringify({ auth, scenes: [{ id: "pairs", matchmaking }] }));

/** The log of a simulation, in a data folder of its own, and what making its decisions again under study.json comes to. */
async function simulateAndReplay(name: string, ...args: string[]): Promise<ReplayResult> {
  mkdirSync(join(cwd, name));
  await prepareDataFolder(join(cwd, name));
  const journal = join(name, "pairs_journal.jsonl");
  const made = await cli(["simulate", "--config", "study.json", "--journal", journal, ...args], { cwd });
  expect([made.code, made.err]).toEqual([0, ""]);
  const scene = ["--scene", "pairs", "--data", join(cwd, name)];
  const replayed = await cli(["journal", "replay", "--config", join(cwd, "study.json"), ...scene, "--json"], {
    cwd,
  });
  expect([replayed.code, replayed.err]).toEqual([0, ""]);
  return JSON.parse(replayed.out) as ReplayResult;
}

describe("the log of a simulation", { timeout: 180_000 }, () => {
  it("under a scene's rules as they are has that scene's decisions", async () => {
    const result = await simulateAndReplay("as-it-is", "--participants", "20");
    expect(result).toMatchObject({ compared: expect.any(Number), skipped: 0, differences: [] });
    expect(result.compared).toBeGreaterThan(20);
  });

  it.each([
    ["another group size", ["--group-size", "3"]],
    ["another limit", ["--max-p2p-rtt", "120"]],
    ["another wait limit", ["--patience-ms", "60000"]],
    ["another matchmaker", ["--matchmaker", "lowest-latency"]],
  ])("under %s does not pass for one of that scene", async (name, args) => {
    const result = await simulateAndReplay(name, "--participants", "20", ...args);
    expect(result).toMatchObject({ compared: 0, differences: [] });
    expect(result.skipped).toBeGreaterThan(20);
  });

  it("of a pilot's people, none of whom meets a copy of itself, does not pass for one of the pilot's scene", async () => {
    const often = ["--participants", "300", "--arrivals-per-second", "1"];
    const pilot = join("as-it-is", "pairs_journal.jsonl");
    const result = await simulateAndReplay("fitted", "--fit", pilot, ...often);
    expect(result).toMatchObject({ compared: 0, differences: [] });
    expect(result.skipped).toBeGreaterThan(300);
  });
});
