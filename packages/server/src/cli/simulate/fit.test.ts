import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { cli } from "../../../test/cliRun.js";
import { measured } from "../../lobby/testing/scene.js";
import { FifoMatchmaker } from "../../matchmakers/fifo.js";
import { createProbematch } from "../../server.js";
import { plainConfig } from "../../sim/qualityRun.js";
import { benchmarkWorld, QualityWorld } from "../../sim/qualityWorld.js";
import { steadyRtt } from "../../sim/simulatedWorld.js";
import type { SimulationRow } from "../../sim/simulation.js";
import { StudyRun } from "../../sim/studyRun.js";
import { worldPlaces } from "../../sim/worldLatency.js";
import type { FitReport } from "./fitReport.js";

const cwd = mkdtempSync(join(tmpdir(), "fit-"));
afterAll(() => rmSync(cwd, { recursive: true }));
const fit = (...args: string[]) => cli(["simulate", "--fit", ...args], { cwd });
const read = (out: string) => JSON.parse(out) as { rows: SimulationRow[]; fit: FitReport };

/** The journal of a simulated study of people with languages. */
function writeLog(name: string, participants: number): string {
  const places = worldPlaces("fit");
  const attributes = [
    { attributes: { language: "en" }, weight: 2 },
    { attributes: { language: "fr" }, weight: 1 },
  ];
  const options = { ...benchmarkWorld, participants, dropout: 0.2, weights: places.weights, attributes };
  const lines: string[] = [];
  const world = new QualityWorld(places.matrix, options, "fit");
  const config = plainConfig(options, new FifoMatchmaker({ maxP2pRttMs: 150 }));
  const onEvent = (_: unknown, event: object) => void lines.push(`${JSON.stringify(event)}\n`);
  new StudyRun({ world, config, seed: "fit", startAt: 1.7e12, onEvent }).advance();
  writeFileSync(join(cwd, name), lines.join(""));
  return name;
}

describe("probematch simulate --fit, on a journal", { timeout: 180_000 }, () => {
  const log = writeLog("pilot_journal.jsonl", 60);

  it("says what it learned and how well it predicts, and simulates under the pilot's rules and limit", async () => {
    const { code, out, err } = await fit(log, "--json");
    expect([code, err]).toEqual([0, ""]);
    const { rows, fit: report } = read(out);
    expect(report).toMatchObject({ sceneId: "simulated", people: 60 });
    expect(report.holdOut?.people).toEqual({ learnedFrom: 31, predicted: 29 });
    expect(report.notes[0]).toMatch(/of all pairs were never probed/);
    expect(rows[0]).toMatchObject({ matchmaker: "fifo", maxP2pRttMs: 150, participants: 60 });
    expect(rows.map((row) => row.matchmaker)).toEqual(["fifo", "lowest-latency", "latency-fifo", "oracle"]);
    expect(rows[0]?.excluded.map(({ by }) => by)).toEqual(["language", "language"]);
    expect((await fit(log, "--json")).out).toBe(out);
  });

  it("tries other limits, rates and rules on the pilot's people", async () => {
    const rules = [{ rule: "same-attribute", attribute: "language" }];
    const matchmaking = { matchmaker: { name: "fifo", maxP2pRttMs: 150 }, rules };
    writeFileSync(join(cwd, "study.json"), JSON.stringify({ scenes: [{ id: "simulated", matchmaking }] }));
    const faster = ["--arrivals-per-second", "0.5", "--participants", "60"];
    const { code, out } = await fit(
      log,
      "--config",
      "study.json",
      "--sweep",
      "max-p2p-rtt=80:160:80",
      ...faster,
    );
    expect(code).toBe(0);
    expect(out).toMatch(/Learned from 60 people who came to simulated/);
    expect(out).toMatch(/The second half \(29 people\), predicted from the first \(31\)/);
    expect(out).toMatch(/Note: The log ends under another configuration than the one given/);
    expect(out).toMatch(/Not matched by fifo at 80 ms, by language/);
  });

  it("reads the log that a simulation writes, which is the one its figures are of", async () => {
    const args = ["simulate", "--participants", "40", "--matchmaker", "fifo", "--json"];
    const made = await cli([...args, "--journal", "made.jsonl"], { cwd });
    expect(made.out).toBe((await cli(args, { cwd })).out);
    const events = readFileSync(join(cwd, "made.jsonl"), "utf8");
    expect(events.match(/"match\.committed"/g)?.length).toBe(read(made.out).rows[0]?.matches);
    expect(read((await fit("made.jsonl", "--json")).out).fit.people).toBe(40);
  });

  it("leaves out an unfinished end, and names a line that is damaged", async () => {
    const whole = readFileSync(join(cwd, log), "utf8");
    writeFileSync(join(cwd, "torn_journal.jsonl"), whole);
    appendFileSync(join(cwd, "torn_journal.jsonl"), '{"seq":999');
    const torn = await fit("torn_journal.jsonl", "--json");
    expect(read(torn.out).fit.people).toBe(60);

    const lines = whole.split("\n");
    writeFileSync(join(cwd, "damaged_journal.jsonl"), [lines[0], "{}", ...lines.slice(2)].join("\n"));
    const { code, out, err } = await fit("damaged_journal.jsonl");
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/^probematch: damaged_journal\.jsonl, line 2 is damaged: [^\n]*\n$/);
  });

  it.each([
    [["nothing_journal.jsonl"], 2, /the log nothing_journal\.jsonl cannot be read/],
    [[log, "--dropout", "0.2"], 2, /cannot be used with option '--dropout/],
    [[log, "--scene", "pairs"], 2, /is the log of "simulated", not of "pairs"/],
    [[writeLog("few_journal.jsonl", 8)], 2, /too little to learn from: 8 people came/],
    [["."], 1, /is not a data folder of Probematch/],
  ])("says in one line what is wrong with %j", async (args, code, message) => {
    const result = await fit(...args);
    expect([result.code, result.out]).toEqual([code, ""]);
    expect(result.err).toMatch(message);
    expect(result.err).toMatch(/^[^\n]+\n$/);
  });
});

describe("probematch simulate --fit, on a real server's data folder", { timeout: 180_000 }, () => {
  const dataDir = join(cwd, "data");
  const PEOPLE = 44;

  /** People on a line: the RTT of two is the distance between them. Every fifth goes away again. */
  beforeAll(async () => {
    const matchmaking = { matchmaker: { name: "fifo" as const, maxP2pRttMs: 60 } };
    const probematch = await createProbematch({
      auth: { mode: "open" },
      dataDir,
      logLevel: "silent",
      scenes: [{ id: "pairs", matchmaking }, { id: "unused" }],
    });
    const pairs = probematch.scenes.get("pairs");
    if (pairs === undefined) throw new Error("there is no scene");
    const place = (id: string) => 10 * (Number(id.slice(1)) % 11);
    pairs.onEffects((effects) => {
      for (const effect of effects) {
        if (effect.kind === "probePrepare") void pairs.probeReady(effect.participantId, effect.probeId);
        if (effect.kind === "confirm") void pairs.confirm(effect.participantId, effect.proposalId);
        if (effect.kind !== "probeStart") continue;
        const other = pairs.linkPeer(effect.participantId, effect.probeId)?.participantId ?? "";
        const rttMs = 5 + Math.abs(place(effect.participantId) - place(other));
        void pairs.probeReport(effect.participantId, effect.probeId, measured(rttMs));
      }
    });
    for (let i = 0; i < PEOPLE; i += 1) {
      const participantId = `p${i}`;
      await pairs.arrive({ participantId, attributes: {}, webrtc: true, priority: 0, fresh: true });
      await pairs.reportRtt(participantId, { serverRtt: { ...steadyRtt(20), measuredAt: 0 } });
      // Arrivals at different times are what this is about.
      await setTimeout(2);
      if (i % 5 === 4) await pairs.leave(participantId);
    }
    // As long as anything is waited for here: the second of `waitFor` measures the machine.
    await vi.waitFor(() => expect(pairs.overview().matchesCommitted).toBeGreaterThan(10), 20_000);
    await probematch.close();
  });

  it("learns from it and simulates", async () => {
    const { code, out, err } = await fit("data", "--scene", "pairs", "--json");
    expect([code, err]).toEqual([0, ""]);
    const { rows, fit: report } = read(out);
    expect(report).toMatchObject({ sceneId: "pairs", people: PEOPLE });
    expect(report.probes.measured).toBeGreaterThan(10);
    expect(report.latencies.landmarks).toBe(1);
    expect(report.notes.join(" ")).toMatch(/the RTT to one landmark, which tells little/);
    expect(rows[0]).toMatchObject({ matchmaker: "fifo", maxP2pRttMs: 60 });
    expect(rows[0]?.achievedRttMs.p95).toBeLessThanOrEqual(60);
  });

  it("asks which scene is meant, and whether it is there", async () => {
    const several = await fit("data");
    expect([several.code, several.err]).toMatchObject([
      2,
      expect.stringMatching(/several scenes: .*pairs, unused/),
    ]);
    const none = await fit("data", "--scene", "trios");
    expect([none.code, none.err]).toMatchObject([1, expect.stringMatching(/no logs of a scene trios/)]);
  });
});
