import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findOnPath } from "@probematch/testbed";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { madeMatrix } from "./madeMatrices.js";

const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "probematch-bench-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bench = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });

describe("bench", () => {
  it.each([
    [["quality", "--latency", "no-such-folder"], "no such file or directory"],
    [["quality"], "give --latency DIR, --made, or both"],
    [["prior"], "required option '--latency <dir>' not specified"],
    [["prior", "--latency", "no-such-folder"], "no such file or directory"],
    [["quality", "--made", "0"], "Wanted a whole number of at least 1"],
    [["quality", "--latency", ".", "--seeds", "0"], "Wanted a whole number of at least 1"],
    [["quality", "--latency", ".", "--participants", "-5"], "Wanted a whole number of at least 2"],
    [["quality", "--latency", ".", "--group-size", "9"], "Wanted a whole number from 2 to 8"],
    [["load", "--setup", "abacus"], "Allowed choices are bare-socket.io, file, redis-1, redis-3"],
    [
      ["quality", "--matchmakers", "fifo,fofo"],
      "Allowed choices are fifo, latency-fifo, lowest-latency, oracle",
    ],
    [["load", "--rate", "fast"], "Wanted a whole number of at least 1"],
    [["load", "--waiting", "100", "many"], "Wanted a whole number of at least 1"],
    [["probe", "--rtt", "20,near"], "Wanted numbers above 0"],
    [["probe", "--runs", "NaN"], "Wanted a whole number of at least 1"],
    [["match", "--runs", "1.5"], "Wanted a whole number of at least 1"],
  ])("refuses %j before it does anything, in words", (args, words) => {
    const { status, stdout, stderr } = bench(...args, "--json");
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("    at ");
  });

  it("says so when a folder has no matrix, instead of printing no figures", () => {
    writeFileSync(join(folder, "places.csv"), "Ghent,51.05\nOslo,59.91,10.75\n");
    const { status, stdout, stderr } = bench("quality", "--latency", folder, "--json");
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain("places.csv is left out");
    expect(stderr).toContain("has no matrix");
  });

  it("prints one JSON object for every matrix of a folder", () => {
    const csv = ["0,10,20,30,", "11,0,,25,", "20,,0,15,", "30,25,15,0,", ",,,,"].join("\n");
    writeFileSync(join(folder, "four.csv"), csv);
    const { status, stdout, stderr } = bench(
      "quality",
      "--latency",
      folder,
      "--json",
      ...["--participants", "20", "--seeds", "1"],
    );
    expect(status).toBe(0);
    expect(stderr).toContain("four.csv: 1 dead nodes left out, 1 missing pairs filled in");
    const { rows, prediction } = JSON.parse(stdout);
    expect(rows).toHaveLength(8);
    expect(rows[2]).toEqual({
      matrix: "four",
      groupSize: 2,
      matchmaker: "lowest-latency",
      matchedShare: 1,
      probesPerMatch: expect.any(Number),
      waitMs: { p50: expect.any(Number), p95: expect.any(Number) },
    });
    expect(prediction.at(-1)).toEqual({
      matrix: "four",
      beacons: 5,
      auc: null,
      calibrationError: expect.any(Number),
      afterStudy: { auc: null, calibrationError: expect.any(Number) },
    });
  });

  it("makes as many matrices of each kind as it is told, and counts on how many the aims are met", () => {
    const run = ["--made", "1", "--matchmakers", "lowest-latency,oracle", "--participants", "60"];
    const { status, stdout } = bench("quality", "--json", ...run, ...["--seeds", "1", "--group-size", "2"]);
    expect(status).toBe(0);
    const { rows, aims } = JSON.parse(stdout);
    const kinds = ["devices", "continent", "apart", "damaged", "plane"];
    expect(rows.map((row: { matrix: string }) => row.matrix)).toEqual(
      kinds.flatMap((kind) => [`${kind} 1/1`, `${kind} 1/1`]),
    );
    expect(aims.map((row: { kind: string; matrices: number }) => [row.kind, row.matrices])).toEqual(
      kinds.map((kind) => [kind, 1]),
    );
  });

  it("fits the prior on the matrices of a folder and on made ones, and checks the one in use", () => {
    const measured = mkdtempSync(join(folder, "measured-"));
    const { rttMs } = madeMatrix("devices", "measured");
    writeFileSync(join(measured, "mine.csv"), rttMs.map((row) => row.join(",")).join("\n"));
    const { status, stdout, stderr } = bench("prior", "--latency", measured, "--pairs", "100", "--json");
    expect(status, stderr).toBe(0);
    const { fits, check, leaveOneOut } = JSON.parse(stdout);
    const made = ["devices", "continent", "apart", "damaged", "plane"];
    expect(fits.map((fit: { landmarks: number }) => fit.landmarks)).toEqual([1, 2, 3, 4, 5, 6, 8]);
    for (const { loss, lossInFile } of fits) expect(loss).toBeLessThan(lossInFile);
    expect(check.slice(0, 6).map((row: { kind: string }) => row.kind)).toEqual(["mine", ...made]);
    expect(leaveOneOut.map((row: { kind: string }) => row.kind)).toEqual(made);
    // So few pairs do not tell who is right, but a coin would have a loss of .69.
    for (const { logLoss } of check) expect(logLoss).toBeLessThan(0.69);
    expect(stderr).toContain("5 landmarks, mine, continent, apart, plane");
  });

  it("wants a matrix large enough for landmarks and people in both halves of it", () => {
    const { status, stdout, stderr } = bench("prior", "--latency", folder);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("four has 4 nodes: wanted at least 64");
  });

  it.skipIf(findOnPath("redis-server", "valkey-server") === null)(
    "that is told to end leaves no process and no file behind",
    async () => {
      const temporary = mkdtempSync(join(folder, "tmp-"));
      const child = spawn(process.execPath, [program, "load", "--setup", "redis-1"], {
        env: { ...process.env, TMPDIR: temporary },
        stdio: "ignore",
      });
      const files = () => readdirSync(temporary).map((name) => name.replace(/-[^-]*$/, ""));
      await expect.poll(files).toEqual(["probematch-load", "probematch-redis"]);
      const [redis = ""] = readdirSync(temporary).filter((name) => name.startsWith("probematch-redis"));
      const ofRedis = () =>
        readdirSync("/proc").filter((pid) => workingFolder(pid)?.startsWith(join(temporary, redis)));
      // Its folder is there before it is.
      if (process.platform === "linux") await expect.poll(() => ofRedis().length).toBe(1);
      child.kill("SIGTERM");
      expect(await once(child, "exit")).toEqual([143, null]);
      if (process.platform === "linux") await expect.poll(ofRedis).toEqual([]);
      expect(files()).toEqual([]);
    },
  );
});

function workingFolder(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}
