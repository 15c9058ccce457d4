import { describe, expect, test } from "vitest";
import type { LobbyConfig } from "../../lobby/config.js";
import type { StoredEvent } from "../../lobby/events.js";
import { seededRandom } from "../../lobby/random.js";
import { FifoMatchmaker } from "../../matchmakers/fifo.js";
import { plainConfig } from "../qualityRun.js";
import { benchmarkWorld, type QualityOptions, QualityWorld } from "../qualityWorld.js";
import { StudyRun } from "../studyRun.js";
import { worldPlaces } from "../worldLatency.js";
import { arrivalPatternOf, atMeanRate, drawArrivals, meanRate } from "./arrivals.js";
import { type HoldOut, holdOut } from "./holdOut.js";
import { learn } from "./learn.js";
import { LeavingCurve } from "./leaving.js";
import { readPilot } from "./pilot.js";
import { PilotWorld } from "./pilotWorld.js";

describe("the pattern of arrivals", () => {
  const draw = (rates: readonly number[], count: number, seed: string) =>
    drawArrivals({ partMs: 600_000, rates }, count, seededRandom(seed));

  test("is one rate where people come as evenly as chance has it", () => {
    const patterns = Array.from({ length: 50 }, (_, i) => arrivalPatternOf(draw([0.001], 400, `even ${i}`)));
    // A test at 1 %.
    expect(patterns.filter(({ rates }) => rates.length > 1).length).toBeLessThanOrEqual(3);
    for (const pattern of patterns) expect(meanRate(pattern)).toBeCloseTo(0.001, 3);
  });

  test("has the shape of waves that were sent", () => {
    const times = draw([0.0006, 0.00006], 700, "waves");
    const { rates, partMs } = arrivalPatternOf(times);
    expect(rates.length).toBeGreaterThan(4);
    const at = (ms: number) => rates[Math.floor(ms / partMs)] ?? Number.NaN;
    expect(at(300_000) / at(900_000)).toBeGreaterThan(4);
    expect(at(1_500_000) / at(900_000)).toBeGreaterThan(4);
    expect(meanRate(atMeanRate({ rates, partMs }, 0.01))).toBeCloseTo(0.01);
  });
});

describe("the curve of leaving", () => {
  test("takes a match for the end of what is known, not for staying", () => {
    const curve = new LeavingCurve([
      { ms: 10, left: true },
      { ms: 20, left: false },
      { ms: 30, left: true },
      { ms: 40, left: false },
    ]);
    // Kaplan and Meier by hand: 3/4 after 10, half of those after 30.
    expect([curve.goneAfter(9), curve.goneAfter(10), curve.goneAfter(35)]).toEqual([0, 0.25, 0.625]);
    expect([curve.draw(0), curve.draw(0.3), curve.draw(0.7)]).toEqual([10, 30, null]);
  });

  test("has nobody leave where nobody did", () => {
    expect(new LeavingCurve([{ ms: 10, left: false }]).draw(0.999)).toBe(null);
  });
});

/** A log of the shipped world, in which everything is known. */
function logOf(changes: Partial<QualityOptions> = {}, seed = "test") {
  const places = worldPlaces(seed);
  const options = { ...benchmarkWorld, participants: 400, dropout: 0.4, weights: places.weights, ...changes };
  const world = new QualityWorld(places.matrix, options, seed);
  const config = plainConfig(options, new FifoMatchmaker({ maxP2pRttMs: 120 }));
  const events: StoredEvent[] = [];
  const run = new StudyRun({
    world,
    config,
    seed,
    startAt: 1.7e12,
    onEvent: (_, event) => events.push(event),
  });
  run.advance();
  return { world, config, events, figures: run.tally.figures() };
}

function heldOut(events: readonly StoredEvent[], config: LobbyConfig) {
  const steps = holdOut(readPilot(events), config, "test");
  const shares: number[] = [];
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) shares.push(step.value);
  return { result: step.value as HoldOut, shares };
}

describe("what a log of a known world teaches", () => {
  const { world, events, figures } = logOf();
  const pilot = readPilot(events);
  const lesson = learn(pilot);

  test("is what became of everybody in it", () => {
    expect(pilot.tally.figures()).toEqual(figures);
    expect(pilot).toMatchObject({ groupSizes: [2], limitsMs: [120], matchmakers: ["FIFO"] });
  });

  test("is how often people came, how long probes took and how many failed", () => {
    // Four standard deviations of what so many draws give.
    expect(Math.abs(1000 * meanRate(lesson.arrivals) - 0.2)).toBeLessThan((4 * 0.2) / Math.sqrt(400));
    const probes = lesson.probes.measured + lesson.probes.failed;
    expect(Math.abs(lesson.probes.failedShare - 0.03)).toBeLessThan(4 * Math.sqrt((0.03 * 0.97) / probes));
    expect(new Set(lesson.probes.measuredMs)).toEqual(new Set([5_000]));
  });

  test("is when they left, although most were matched before", () => {
    // Two fifths leave, at any time of their five minutes.
    expect(lesson.leaving.goneAfter(60_000)).toBeGreaterThan(0.02);
    expect(lesson.leaving.goneAfter(60_000)).toBeLessThan(0.16);
    expect(lesson.leaving.goneAfter(30_000)).toBeLessThan(lesson.leaving.goneAfter(90_000));
  });

  test("is how far apart they are, pairs never probed included", () => {
    const errors: number[] = [];
    let [within, drawnWithin] = [0, 0];
    const random = seededRandom("pairs");
    for (let a = 0; a < 200; a += 1) {
      for (let b = a + 1; b < 200; b += 5) {
        const rttMs = world.rttMs(`p${a}`, `p${b}`);
        errors.push(Math.abs(Math.log(lesson.latencies.draw(a, b, 0.5) / rttMs)));
        if (rttMs <= 120) within += 1;
        if (lesson.latencies.draw(a, b, random()) <= 120) drawnWithin += 1;
      }
    }
    errors.sort((a, b) => a - b);
    expect(errors[errors.length >> 1]).toBeLessThan(0.15);
    expect(Math.abs(within - drawnWithin) / errors.length).toBeLessThan(0.05);
    expect(lesson.latencies.knowledge).toMatchObject({ landmarks: 6, unlocated: 0 });
  });

  test("predicts the second half from the first", () => {
    const { events: fewer, config: rules } = logOf({ participants: 200 });
    const { result, shares } = heldOut(fewer, rules);
    expect(shares.at(-1)).toBe(1);
    expect(result.people).toEqual({ learnedFrom: 101, predicted: 99 });
    const rowOf = (figure: string) => result.rows.find((row) => row.figure === figure);
    for (const figure of ["matchedShare", "timedOutShare", "leftShare"]) {
      const row = rowOf(figure);
      expect(Math.abs((row?.predicted.median ?? 1) - (row?.happened ?? 0)), figure).toBeLessThan(0.08);
    }
    const wait = rowOf("waitP50Ms");
    expect((wait?.predicted.median ?? 0) / (wait?.happened ?? 0)).toBeGreaterThan(0.7);
    expect((wait?.predicted.median ?? 0) / (wait?.happened ?? 0)).toBeLessThan(1.4);
  }, 180_000);

  test("makes the same people and paths of the same seed", () => {
    const worlds = [1, 2].map(() => new PilotWorld(lesson, [{ at: 0 }, { at: 10 }, { at: 20 }], "test"));
    expect(worlds[0]?.people).toEqual(worlds[1]?.people);
    expect(worlds[0]?.rttMs("p2", "p0")).toBe(worlds[1]?.rttMs("p0", "p2"));
    expect(worlds[0]?.rttMs("p0", "p1")).not.toBe(worlds[0]?.rttMs("p0", "p2"));
  });

  test("lets nobody be matched with a copy of itself, who would be the nearest of all", () => {
    const person = (at: number, who: number) => ({ at, person: who, leavesAt: null });
    const copies = new PilotWorld(lesson, [person(0, 7), person(10, 7), person(20, 7)], "test");
    expect(copies.mayMeet("p0", "p2")).toBe(false);
    const config = plainConfig(benchmarkWorld, new FifoMatchmaker({ maxP2pRttMs: 1_000 }));
    const alone = new StudyRun({ world: copies, config, seed: "test" });
    alone.advance();
    expect(alone.tally.figures()).toMatchObject({ matchedShare: 0, timedOutShare: 1 });
    const others = new PilotWorld(lesson, [person(0, 7), person(10, 7), person(20, 8)], "test");
    expect(others.mayMeet("p0", "p2")).toBe(true);
  });
});

test("at least seven tenths of what happens lie within the nine tenths that are predicted, over many made pilots", () => {
  const rows = Array.from({ length: 8 }, (_, i) => logOf({ participants: 70 }, `made ${i}`)).flatMap(
    ({ events, config }) => heldOut(events, config).result.rows,
  );
  const within = rows.filter(({ happened, predicted: { low, high } }) => {
    return happened !== null && low !== null && high !== null && happened >= low && happened <= high;
  });
  expect(rows).toHaveLength(56);
  // Of forty such pilots 82 % lie within. The seven figures of a pilot hang together, so that 56 of them vary as some 20 would.
  expect(within.length / rows.length).toBeGreaterThan(0.7);
}, 120_000);

test("without landmarks the paths of those never probed are drawn from all that were measured", () => {
  const { events } = logOf({ participants: 150 });
  const pilot = readPilot(events);
  const blind = { ...pilot, people: pilot.people.map((p) => ({ ...p, serverRtt: null, beaconRttMs: {} })) };
  const { latencies } = learn(blind);
  const measured = pilot.probes.flatMap(({ rttMs }) => (rttMs === null ? [] : [rttMs]));
  const probed = new Set(pilot.probes.map(({ a, b }) => `${Math.min(a, b)} ${Math.max(a, b)}`));
  const [a = 0, b = 0] = [...Array(150).keys()]
    .flatMap((x) => [...Array(150).keys()].map((y) => [x, y] as const))
    .find(([x, y]) => x < y && !probed.has(`${x} ${y}`)) ?? [0, 0];
  for (const u of [0.01, 0.5, 0.99]) expect(measured).toContain(latencies.draw(a, b, u));
  expect(latencies.knowledge).toMatchObject({ landmarks: 0, unlocated: 150, errorFactor: null });
});

test("a log of too few people teaches nothing", () => {
  const { events } = logOf({ participants: 9 });
  expect(() => learn(readPilot(events))).toThrow(/9 people came, wanted at least 10/);
});
