import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { builtFile } from "../../../test/built.js";
import { cli } from "../../../test/cliRun.js";
import type { SimulationRow } from "../../sim/simulation.js";

const cwd = mkdtempSync(join(tmpdir(), "simulate-"));
afterAll(() => rmSync(cwd, { recursive: true }));
function file(name: string, content: string): string {
  writeFileSync(join(cwd, name), content);
  return name;
}

const simulate = (...args: string[]) => cli(["simulate", "--participants", "120", ...args], { cwd });
const rowsOf = (out: string) => (JSON.parse(out) as { rows: (SimulationRow & { matrix: string })[] }).rows;

describe("probematch simulate", { timeout: 180_000 }, () => {
  it("prints the same figures for the same seed, beside the ones of the comparison", async () => {
    const [first, second] = [await simulate("--json"), await simulate("--json")];
    expect([first.code, first.err]).toEqual([0, ""]);
    expect(second.out).toBe(first.out);
    const rows = rowsOf(first.out);
    expect(rows.map((row) => row.matchmaker)).toEqual(["lowest-latency", "fifo", "latency-fifo", "oracle"]);
    for (const row of rows) {
      expect(row).toMatchObject({ matrix: "world", groupSize: 2, maxP2pRttMs: 100, participants: 120 });
      expect(row.cost.probes).toBeGreaterThan(0);
      const shares = [row.matchedShare, row.timedOutShare, row.leftShare];
      expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
      const regions = row.excluded.filter(({ by }) => by === "region");
      expect(regions.reduce((n, region) => n + region.participants, 0)).toBe(120);
      const unmatched = regions.reduce((n, region) => n + region.unmatchedShare * region.participants, 0);
      expect(unmatched / 120).toBeCloseTo(1 - row.matchedShare, 6);
    }
  });

  it("keeps every match within each limit of a sweep, under a scene's configuration too", async () => {
    const matchmaker = { name: "lowest-latency", maxP2pRttMs: 80 };
    const study = { scenes: [{ id: "trio", groupSize: 3, matchmaking: { matchmaker } }] };
    const config = file("trio.json", JSON.stringify(study));
    const sweep = ["--sweep", "max-p2p-rtt=60:120:60", "--dropout", "0.3"];
    const { code, out } = await simulate("--json", ...sweep, "--config", config);
    expect(code).toBe(0);
    const rows = rowsOf(out);
    expect(rows.map((row) => row.maxP2pRttMs)).toEqual([60, 60, 60, 60, 120, 120, 120, 120]);
    for (const row of rows) {
      expect(row.groupSize).toBe(3);
      expect(row.achievedRttMs.p95 ?? 0).toBeLessThanOrEqual(row.maxP2pRttMs);
      expect(row.leftShare).toBeGreaterThan(0);
    }
  });

  it("goes by a limit that relaxes, as the scene has it, or by the one that is typed", async () => {
    const maxP2pRttMs = { startMs: 30, steps: [{ afterMs: 20_000, limitMs: 90 }] };
    const matchmaking = { matchmaker: { name: "fifo", maxP2pRttMs } };
    const config = file("relaxing.json", JSON.stringify({ scenes: [{ id: "pairs", matchmaking }] }));
    const [relaxing, strict] = [
      rowsOf((await simulate("--config", config, "--json")).out)[0],
      rowsOf((await simulate("--config", config, "--max-p2p-rtt", "30", "--json")).out)[0],
    ];
    expect([relaxing?.maxP2pRttMs, strict?.maxP2pRttMs]).toEqual([90, 30]);
    expect(strict?.achievedRttMs.p95).toBeLessThanOrEqual(30);
    expect(relaxing?.achievedRttMs.p95).toBeGreaterThan(30);
    expect(relaxing?.achievedRttMs.p95).toBeLessThanOrEqual(90);
    expect(relaxing?.matchedShare).toBeGreaterThan(strict?.matchedShare ?? 1);
  });

  it("tells whom a scene's rules leave out, where people have attributes", async () => {
    const rules = [{ rule: "same-attribute", attribute: "language" }];
    const matchmaking = { matchmaker: { name: "fifo", maxP2pRttMs: 400 }, rules };
    const config = file("languages.json", JSON.stringify({ scenes: [{ id: "pairs", matchmaking }] }));
    const without = await simulate("--config", config);
    expect(without.err).toMatch(/no attributes \(--attributes\): the rules are left out/);

    const attributes = file("panel.csv", "language,weight\nen,60\nfr,39\nsv,1\n");
    const { err, out } = await simulate("--config", config, "--attributes", attributes, "--json");
    expect(err).toBe("");
    const [row] = rowsOf(out);
    const languages = row?.excluded.filter(({ by }) => by === "language") ?? [];
    expect(languages.reduce((n, { participants }) => n + participants, 0)).toBe(120);
    expect(languages.map(({ value }) => value).sort()).toEqual(["en", "fr", "sv"]);
    expect(languages[0]).toMatchObject({ value: "sv", unmatchedShare: 1 });

    const lines = Array.from({ length: 60 }, (_, i) => `${4 * i},${i % 2 === 0 ? "en" : "fr"}`);
    const arrivals = file("arrivals.csv", ["seconds,language", ...lines].join("\n"));
    const arrived = await cli(["simulate", "--config", config, "--arrivals", arrivals, "--json"], { cwd });
    expect(rowsOf(arrived.out)[0]?.excluded.find(({ value }) => value === "fr")?.participants).toBe(30);
  });

  it("leaves out no more of those who have few people near them than first come, first served does", async () => {
    const rows = rowsOf((await simulate("--json", "--participants", "2000")).out);
    const leftOut = (name: string, region: string) =>
      rows
        .find((row) => row.matchmaker === name)
        ?.excluded.find(({ by, value }) => by === "region" && value === region)?.unmatchedShare ?? Number.NaN;
    for (const region of ["Oceania", "Africa", "South America"])
      expect(leftOut("lowest-latency", region)).toBeLessThan(leftOut("fifo", region) + 0.08);
  });

  it("reads a matrix of measured RTTs, and names its rows", async () => {
    const latency = file("towns.csv", "0,20,,30\n20,0,,150\n,,,\n30,150,,0\n");
    const labels = file("towns.txt", "Aachen\nBremen\nnowhere\nCottbus\n");
    const { err, out } = await simulate("--latency", latency, "--labels", labels, "--json", "--beacons", "1");
    expect(err).toBe("towns.csv: 1 rows left out, 0 missing pairs filled in.\n");
    const [row] = rowsOf(out);
    expect(row?.matrix).toBe("towns");
    expect(row?.excluded.map(({ value }) => value).sort()).toEqual(["Aachen", "Bremen", "Cottbus"]);
  });

  it("recruits from some regions of the world only", async () => {
    const { out } = await simulate("--region", "Europe, Oceania", "--json");
    const regions = rowsOf(out)[0]?.excluded.map(({ value }) => value);
    expect(regions?.sort()).toEqual(["Europe", "Oceania"]);
  });

  it("draws a sweep and a single limit", async () => {
    for (const [name, limits] of [
      ["sweep.svg", ["--sweep", "max-p2p-rtt=60:120:60"]],
      ["one.svg", ["--max-p2p-rtt", "100"]],
    ] as const) {
      expect((await simulate("--plot", name, ...limits)).code).toBe(0);
      const svg = readFileSync(join(cwd, name), "utf8");
      expect(svg).toMatch(/^<svg [^>]*viewBox=/);
      for (const text of ["Matched, share of all participants", "oracle", "by region", "South America"])
        expect(svg).toContain(text);
    }
  });

  it("draws a bar for whoever watches, and takes it away at the end", async () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
    const { code, out, err } = await cli(["simulate", "--participants", "120", "--json"], { cwd, terminal });
    expect([code, err]).toEqual([0, ""]);
    expect(rowsOf(out)).toHaveLength(4);
    // All that was written: without a length, Node 26 hands out one write at a time.
    const drawn = String(terminal.read(terminal.readableLength));
    expect(drawn).toContain("0 %");
    expect(drawn.endsWith("\u001B[2K")).toBe(true);
  });

  it("comes to the same on several threads, and tells there what goes wrong in one", async () => {
    const args = ["simulate", "--participants", "120", "--sweep", "max-p2p-rtt=80:120:20", "--json"];
    const inThreads = (...more: string[]) =>
      spawnSync(process.execPath, [builtFile("cli/main.js"), ...args, "--threads", "3", ...more], {
        cwd,
        encoding: "utf8",
      });
    const { status, stdout, stderr } = inThreads();
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toBe((await cli(args, { cwd })).out);
    const restless = file(
      "restless.mjs",
      `const { FifoMatchmaker } = await import(${JSON.stringify(pathToFileURL(builtFile("index.js")).href)});
      class Restless extends FifoMatchmaker {
        relaxesAt(candidate, context) { return context.now + 0.001; }
        findMatches() { return []; }
      }
      export default { scenes: [{ id: "s", matchmaking: { matchmaker: new Restless({ maxP2pRttMs: 100 }) } }] };`,
    );
    const stuck = inThreads("--config", restless);
    expect([stuck.status, stuck.stdout]).toEqual([1, ""]);
    expect(stuck.stderr).toMatch(/^probematch: .*nothing new came of \d+ looks/);
  });

  it("prints nothing when it was stopped before the end", async () => {
    const { code, out, err } = await cli(["simulate", "--participants", "2000"], {
      cwd,
      stop: AbortSignal.abort(),
    });
    expect([code, out, err]).toEqual([1, "", "probematch: stopped before the end, nothing is printed.\n"]);
  });

  it.each([
    [["--dropout", "2"], /Wanted a share from 0 to 1/],
    [["--sweep", "max-p2p-rtt=300:50:25"], /Wanted max-p2p-rtt=from:to:step/],
    [["--sweep", "max-p2p-rtt=50:90:20", "--max-p2p-rtt", "80"], /cannot be used with/],
    [["--matchmaker", "fastest"], /no matchmaker named "fastest"/],
    [["--matchmaker", "{name:1}"], /not valid JSON/],
    [["--latency", "none.csv"], /the latencies in none\.csv cannot be read/],
    [["--scene", "trio"], /--scene needs --config/],
    [["--region", "Atlantis"], /no region "Atlantis"\. There are North America, /],
    [["--plot", "nowhere/limits.svg"], /nowhere\/limits\.svg cannot be written: ENOENT/],
    [["--labels", "towns.txt"], /give one with --latency/],
    [
      ["--arrivals", file("late.csv", "3\nlater\n")],
      /late\.csv, line 2: wanted a time in seconds .* given "later"/,
    ],
    [
      ["--arrivals", file("columns.csv", "time,age\n3,40\n")],
      /wanted a column "seconds", but its columns are time, age/,
    ],
    [
      ["--attributes", file("light.csv", "age,weight\n40,none\n")],
      /light\.csv, line 2: wanted a weight above 0/,
    ],
    [["--attributes", file("ragged.csv", "age,weight\n40\n")], /ragged\.csv is no CSV: .*line 2/],
  ])("says in one line what is wrong with %j", async (args, message) => {
    const { code, out, err } = await simulate("--json", ...args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(message);
    expect(err).toMatch(/^[^\n]+\n$/);
  });
});
