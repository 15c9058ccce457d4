import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../lobby/random.js";
import { type Belief, chanceBelieved, chanceOf } from "./belief.js";
import { Calibration } from "./calibration.js";
import { boundsBetween } from "./landmarks.js";
import { beliefFrom } from "./prior.js";

/** What landmarks say of two people who are so far from three of them. */
function belief(a: readonly number[], b: readonly number[], learned: Partial<Belief> = {}): Belief {
  const bounds = boundsBetween(a, b);
  if (bounds === null) throw new Error("no landmark in common");
  return { ...beliefFrom(bounds), ...learned };
}

const place = fc.array(fc.double({ min: 1, max: 400, noNaN: true }), { minLength: 3, maxLength: 3 });
const beliefs = fc
  .record({
    a: place,
    b: place,
    varianceLeft: fc.double({ min: 0.001, max: 1, noNaN: true }),
    moved: fc.double({ min: -20, max: 20, noNaN: true }),
    newShare: fc.double({ min: 0.03, max: 1, noNaN: true }),
    logRttMs: fc.double({ min: 0, max: 7, noNaN: true }),
  })
  .map(({ a, b, logRttMs, ...learned }) => {
    const repeats = [{ share: 1 - learned.newShare, logRttMs }];
    return belief(a, b, { ...learned, repeats });
  });
const limits = fc.double({ min: 1, max: 500, noNaN: true });
const history = fc.array(fc.tuple(beliefs, limits, fc.boolean()), { maxLength: 50 });

/** Lets `probes` probes of pairs of all kinds come true as often as `truth` says of what was said. */
function taught(truth: (said: number) => number, probes: number): Calibration {
  const random = seededRandom("calibration");
  const calibration = new Calibration();
  for (let i = 0; i < probes; i += 1) {
    const pair = anyPair(random);
    calibration.observe(pair, 100, random() < truth(chanceOf(pair, 100)));
  }
  return calibration;
}

function anyPair(random: () => number): Belief {
  const someone = () => Array.from({ length: 3 }, () => 10 + 140 * random());
  return belief(someone(), someone());
}

/** How far what is said of pairs of all kinds is from the truth, on average. */
function meanError(calibration: Calibration, truth: (said: number) => number): number {
  const random = seededRandom("others");
  const pairs = Array.from({ length: 400 }, () => anyPair(random));
  const errors = pairs.map((pair) => Math.abs(calibration.corrected(pair, 100) - truth(chanceOf(pair, 100))));
  return errors.reduce((a, b) => a + b, 0) / errors.length;
}

describe("calibration", () => {
  test("leaves what was said, before any probe", () => {
    fc.assert(
      fc.property(beliefs, limits, (pair, limitMs) => {
        const calibration = new Calibration();
        const said = chanceBelieved(pair, limitMs);
        expect(Math.abs(calibration.corrected(pair, limitMs) - said)).toBeLessThan(1e-5);
      }),
    );
  });

  test("learns that what is said to be unlikely is not", () => {
    expect(meanError(taught(Math.sqrt, 3_000), Math.sqrt)).toBeLessThan(0.04);
    expect(meanError(new Calibration(), Math.sqrt)).toBeGreaterThan(0.1);
  });

  test("learns that what is said is not sure enough", () => {
    const surer = (said: number) => said ** 3 / (said ** 3 + (1 - said) ** 3);
    expect(meanError(taught(surer, 3_000), surer)).toBeLessThan(0.04);
    expect(meanError(new Calibration(), surer)).toBeGreaterThan(0.08);
  });

  test("gives small chances up when none of them comes true", () => {
    const calibration = new Calibration();
    const pair = belief([70, 90, 90], [60, 80, 120]);
    const limitMs = Array.from({ length: 100 }, (_, ms) => ms + 1).findLast(
      (ms) => chanceOf(pair, ms) < 0.02,
    );
    if (limitMs === undefined) throw new Error("no limit is that unlikely to be kept");
    expect(calibration.corrected(pair, limitMs)).toBeGreaterThan(0.015);
    for (let i = 0; i < 200; i += 1) calibration.observe(pair, limitMs, false);
    expect(calibration.corrected(pair, limitMs)).toBeLessThan(0.015);
  });

  test("changes little for one probe", () => {
    const calibration = new Calibration();
    const pair = belief([60, 60, 90], [50, 70, 80]);
    const before = calibration.corrected(pair, 100);
    calibration.observe(belief([90, 60, 120], [30, 70, 60]), 100, true);
    expect(Math.abs(calibration.corrected(pair, 100) - before)).toBeLessThan(0.15);
  });

  test("gives a chance whatever it has seen, and never a smaller one for a larger limit", () => {
    fc.assert(
      fc.property(history, beliefs, limits, (list, pair, limitMs) => {
        const calibration = new Calibration();
        for (const [one, limit, isWithin] of list) calibration.observe(one, limit, isWithin);
        const corrected = calibration.corrected(pair, limitMs);
        expect(corrected).toBeGreaterThanOrEqual(0);
        expect(corrected).toBeLessThanOrEqual(1);
        expect(calibration.corrected(pair, limitMs * 1.1)).toBeGreaterThanOrEqual(corrected - 1e-12);
      }),
    );
  });

  test("says the same of what is kept a while until the probes have doubled", () => {
    const calibration = taught(Math.sqrt, 64);
    const pair = belief([60, 60, 90], [50, 70, 80]);
    const before = calibration.settled(pair, 100);
    const { generation } = calibration;
    expect(before).toBe(calibration.corrected(pair, 100));
    for (let i = 0; i < 63; i += 1) calibration.observe(pair, 100, false);
    expect(calibration.settled(pair, 100)).toBe(before);
    expect(calibration.generation).toBe(generation);
    calibration.observe(pair, 100, false);
    expect(calibration.generation).toBe(generation + 1);
    expect(calibration.settled(pair, 100)).toBe(calibration.corrected(pair, 100));
    expect(calibration.settled(pair, 100)).toBeLessThan(before);
  });

  test("goes on where it was saved", () => {
    const one = taught((said) => said / 2, 500);
    const other = new Calibration(one.save());
    const pair = belief([60, 60, 90], [50, 70, 80]);
    for (const calibration of [one, other]) calibration.observe(pair, 100, true);
    expect(other.save()).toEqual(one.save());
    expect(other.corrected(pair, 80)).toBe(one.corrected(pair, 80));
  });
});
