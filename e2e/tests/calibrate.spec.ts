import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "@playwright/test";

const run = promisify(execFile);
const server = createRequire(import.meta.url).resolve("@probematch/server");
const command = join(dirname(server), "cli/main.js");

/** The command starts browsers of its own, which a busy machine takes more than 20 s for; nothing here is about that. */
const patience = { timeout: 80_000 };
test.describe.configure({ timeout: 90_000 });

test("calibrate compares what is measured with delays of known truth, and prints one JSON object", async () => {
  const args = ["calibrate", "--json", "--pair", "chromium-chromium", "--rtt", "300", "--probes", "2"];
  const { stdout, stderr } = await run(process.execPath, [command, ...args], patience);
  const { rows } = JSON.parse(stdout) as { rows: Record<string, unknown>[] };
  expect(rows).toEqual([
    {
      pair: "chromium-chromium",
      injectedRttMs: 300,
      jitterMs: 0,
      lossRatio: 0,
      condition: "idle",
      probes: 2,
      biasMs: expect.any(Number),
      medianAbsErrorMs: expect.any(Number),
      p95AbsErrorMs: expect.any(Number),
      coverage95: expect.any(Number),
      rawMedianAbsErrorMs: expect.any(Number),
      intervalHalfMs: expect.any(Number),
    },
  ]);
  // The machine may be busy with anything: what is shown here is that truth and measurement are of the same thing.
  expect(rows[0]?.["medianAbsErrorMs"]).toBeLessThan(100);
  expect(stderr).toContain("1/1");
});

test("calibrate measures a page in the background in Chromium too", async () => {
  const args = ["calibrate", "--json", "--pair", "chromium-chromium", "--rtt", "40", "--probes", "1"];
  const background = [...args, "--condition", "background"];
  const { stdout, stderr } = await run(process.execPath, [command, ...background], patience);
  const { rows } = JSON.parse(stdout) as { rows: unknown[] };
  expect(rows).toMatchObject([{ pair: "chromium-chromium", condition: "background", probes: 1 }]);
  expect(stderr).not.toContain("left out");
});

test("calibrate that is told to end stops after the probe under way, and prints what it has", async () => {
  const args = ["calibrate", "--json", "--pair", "chromium-chromium", "--rtt", "20,100,50", "--probes", "2"];
  const child = spawn(process.execPath, [command, ...args]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  await expect.poll(() => stderr, { ...patience, intervals: [20] }).toContain("1/3");
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([0, null]);
  expect(JSON.parse(stdout).rows[0]).toMatchObject({ injectedRttMs: 20, probes: 2 });
  // Of the one that was under way there may be a probe; the last one was never begun.
  expect(stderr).not.toContain("3/3");
  expect(stderr).not.toContain("bug");
});
