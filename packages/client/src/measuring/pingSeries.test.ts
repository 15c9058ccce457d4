import { defaultProbeParameters } from "@probematch/shared";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PingSeries, untilNext } from "./pingSeries.js";

/** Runs a series on a virtual clock; `rttOf` says how long each ping takes, `null` = it is lost. */
function run(
  series: PingSeries,
  rttOf: (seq: number) => number | null,
): { departures: number[]; endedAt: number } {
  const departures: number[] = [];
  let answers: { seq: number; at: number }[] = [];
  let now = 0;
  for (let steps = 0; !series.isOver; steps += 1) {
    if (steps > 10_000) throw new Error("the series does not end");
    for (const { seq, at } of answers.filter((a) => a.at <= now)) series.answered(seq, at);
    answers = answers.filter((a) => a.at > now);
    series.expire(now);
    const seq = series.due(now);
    if (seq !== null) {
      departures.push(now);
      const rttMs = rttOf(seq);
      series.departed(now);
      if (rttMs !== null) answers.push({ seq, at: now + rttMs });
    }
    if (series.isOver) break;
    const next = Math.min(series.wakeAt ?? Number.POSITIVE_INFINITY, ...answers.map((a) => a.at));
    now = Math.max(next, now + 0.5);
  }
  return { departures, endedAt: now };
}

const parameters = {
  ...defaultProbeParameters,
  pings: 5,
  spacingMs: 100,
  pingTimeoutMs: 2000,
  warmupPings: 1,
};

describe("PingSeries", () => {
  it("sends the warm-up and five pings 100 ms apart, without waiting for answers", () => {
    const series = new PingSeries(parameters, 0);
    expect(run(series, () => 1500).departures).toEqual([0, 100, 200, 300, 400, 500]);
    expect(series.samplesMs).toEqual([1500, 1500, 1500, 1500, 1500]);
  });

  it("shifts departures at random, by half the spacing and 2.5 ms at most, where it is given chance", () => {
    expect([untilNext(5, 0), untilNext(5, 0.5), untilNext(5, 1)]).toEqual([2.5, 5, 7.5]);
    expect([untilNext(100, 0), untilNext(100, 1), untilNext(0, 1)]).toEqual([97.5, 102.5, 0]);
    let draws = 0;
    const series = new PingSeries(parameters, 0, null, () => (draws++ % 2 === 0 ? 0 : 1));
    expect(run(series, () => 20).departures).toEqual([0, 97.5, 200, 297.5, 400, 497.5]);
  });

  it("does not count the warm-up ping, answered or lost", () => {
    const slowStart = new PingSeries(parameters, 0);
    run(slowStart, (seq) => (seq === 0 ? 900 : 20));
    expect(slowStart.samplesMs).toEqual([20, 20, 20, 20, 20]);
    const lostStart = new PingSeries(parameters, 0);
    run(lostStart, (seq) => (seq === 0 ? null : 20));
    expect([lostStart.samplesMs.length, lostStart.lost]).toEqual([5, 0]);
  });

  it("counts a ping without an answer as lost after the timeout, and only then ends", () => {
    const series = new PingSeries(parameters, 0);
    const { endedAt } = run(series, (seq) => (seq === 5 ? null : 20));
    expect([series.samplesMs.length, series.lost]).toEqual([4, 1]);
    expect(endedAt).toBeGreaterThan(2500);
  });

  it("waits far less for a lost ping once it knows how long answers take", () => {
    const series = new PingSeries({ ...parameters, pings: 20, spacingMs: 5 }, 0);
    const { endedAt } = run(series, (seq) => (seq === 18 ? null : 100));
    expect([series.samplesMs.length, series.lost]).toEqual([19, 1]);
    expect(endedAt).toBeLessThan(90 + 1.5 * 100 + 60);
  });

  it("ends early once it is certain on which side of the limit the path is, and tells what was lost by then", () => {
    const sequential = { ...parameters, pings: 20, minPings: 8, spacingMs: 5 };
    const far = new PingSeries(sequential, 0, 150);
    run(far, (seq) => (seq === 3 ? null : 20));
    expect([far.samplesMs.length, far.lost]).toEqual([8, 1]);
    for (const limitMs of [20.5, null]) {
      const near = new PingSeries(sequential, 0, limitMs);
      run(near, () => 20);
      expect(near.samplesMs.length).toBe(20);
    }
    const fixed = new PingSeries({ ...sequential, minPings: 20 }, 0, 150);
    run(fixed, () => 20);
    expect(fixed.samplesMs.length).toBe(20);
  });

  it("does not end early on the fast answers alone", () => {
    const series = new PingSeries({ ...parameters, pings: 20, minPings: 8, spacingMs: 5 }, 0, 500);
    // Every other answer takes twice as long: the ninth fast one is there long before the first slow one.
    run(series, (seq) => (seq % 2 === 0 ? 100 : 200));
    expect(series.samplesMs).toEqual([200, 100, 200, 100, 200, 100, 200, 100]);
  });

  it("counts an answer after the timeout as lost", () => {
    const series = new PingSeries(parameters, 0);
    run(series, () => 2001);
    expect([series.samplesMs.length, series.lost]).toEqual([0, 5]);
  });

  it("keeps the spacing after a late departure instead of catching up", () => {
    const series = new PingSeries(parameters, 0);
    series.departed(0);
    expect(series.due(450)).toBe(1);
    series.departed(450);
    expect(series.due(451)).toBeNull();
    expect(series.due(550)).toBe(2);
  });

  it("sends each ping on the answer to the one before it when the spacing is 0", () => {
    const series = new PingSeries({ ...parameters, spacingMs: 0 }, 0);
    expect(run(series, () => 30).departures).toEqual([0, 30, 60, 90, 120, 150]);
  });

  it("is spoiled by stalls that held up half of the answers, not by one that held up a single one", () => {
    const series = new PingSeries(parameters, 0);
    run(series, () => 20);
    expect(series.isSpoiledBy([{ from: 190, to: 260 }])).toBe(false);
    expect(series.isSpoiledBy([{ from: 190, to: 430 }])).toBe(true);
    expect(series.isSpoiledBy([])).toBe(false);
  });

  it("always ends, with every counted ping either answered or lost", () => {
    const outcome = fc.option(fc.double({ min: 0, max: 4000, noNaN: true }), { nil: null });
    fc.assert(
      fc.property(
        fc.record({
          pings: fc.integer({ min: 1, max: 20 }),
          spacingMs: fc.constantFrom(0, 1, 10, 100, 3000),
          pingTimeoutMs: fc.constantFrom(1, 50, 2000),
          warmupPings: fc.nat(4),
        }),
        fc.array(outcome, { minLength: 24, maxLength: 24 }),
        (any, rtts) => {
          const series = new PingSeries(any, 0);
          run(series, (seq) => rtts[seq] ?? null);
          expect(series.samplesMs.length + series.lost).toBe(any.pings);
        },
      ),
    );
  });
});
