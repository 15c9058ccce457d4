import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cli } from "../../test/cliRun.js";

const cwd = mkdtempSync(join(tmpdir(), "calibration-"));
afterAll(() => rmSync(cwd, { recursive: true }));

const cell = { pair: "chromium-firefox", rttMs: 100, jitterMs: 0, lossRatio: 0, condition: "idle" };
const good = { cell, failure: null, rttMs: 101, rawRttMs: 102, trueRttMs: 100, interval95Ms: [99, 103] };
const failed = { cell, failure: "stalled" };

function write(name: string, probes: readonly object[]): string {
  writeFileSync(join(cwd, name), probes.map((probe) => `${JSON.stringify(probe)}\n`).join(""));
  return name;
}
const from = (...files: string[]) => cli(["calibrate", "--json", "--from", files.join(",")], { cwd });

describe("calibrate --from", () => {
  it("puts the probes of several runs together, those that failed left out", async () => {
    const { code, out } = await from(write("monday", [good, failed]), write("tuesday", [good, good]));
    expect(code).toBe(0);
    expect(JSON.parse(out).rows).toMatchObject([{ injectedRttMs: 100, probes: 3, biasMs: 1 }]);
  });

  it("takes a file of failures among others", async () => {
    const { code, out } = await from(write("bad", [failed]), write("good", [good]));
    expect([code, JSON.parse(out).rows.length]).toEqual([0, 1]);
  });

  it.each([
    ["an empty file", [write("empty", [])], /empty is empty: no probe was written to it\. Run calibrate/],
    [
      "an empty file among others",
      [write("one", [good]), write("blank", [])],
      /blank is empty: no probe was written to it/,
    ],
    [
      "nothing but failures",
      [write("failures", [failed, failed])],
      /no probe in .*failures gave a number: all failed\. Run calibrate again/,
    ],
    ["something else", [write("other", [{ a: 1 }])], /other, line 1: no probe of a calibration/],
  ])("of %s is a usage error that says what to do", async (_, files, message) => {
    const { code, out, err } = await from(...files);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(message);
    expect(err).toMatch(/^[^\n]+\n$/);
  });

  it.each([
    ["--rtt", "20"],
    ["--probes", "5"],
    ["--measure-in", "page"],
  ])("refuses %s, which only a new measurement can heed", async (option, value) => {
    const { code, err } = await cli(["calibrate", "--from", write("some", [good]), option, value], { cwd });
    expect(code).toBe(2);
    expect(err).toMatch(
      new RegExp(`^probematch: option '--from <files>' cannot be used with option '${option} `),
    );
  });
});
