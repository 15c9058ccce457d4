import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Located } from "./landmarks.js";
import { LatencyModel } from "./latencyModel.js";

const at = (...rttMs: readonly number[]): Located => ({
  serverRtt: null,
  beaconRttMs: Object.fromEntries(rttMs.map((ms, i) => [`b${i}`, ms])),
});

const located = fc
  .array(fc.double({ min: 1, max: 400, noNaN: true }), { minLength: 5, maxLength: 5 })
  .map((rttMs) => at(...rttMs));

describe("the latency model", () => {
  test("knows nothing of somebody without a landmark, and says so", () => {
    const model = new LatencyModel();
    expect(model.edge(at(), at(10, 20, 30))).toMatchObject({ status: "unknown", rttMs: null });
    expect(model.chance(at(), at(10, 20, 30), 130)).toBeCloseTo(0.5);
  });

  test("expects neighbours of one beacon to be near each other, and antipodes far apart", () => {
    const model = new LatencyModel();
    const paris = at(5, 90, 240, 150, 30);
    const lyon = at(9, 96, 246, 155, 36);
    const sydney = at(280, 200, 6, 120, 290);
    expect(model.chance(paris, lyon, 60)).toBeGreaterThan(0.95);
    expect(model.chance(paris, sydney, 150)).toBeLessThan(0.05);
    expect(model.edge(paris, sydney)).toMatchObject({ status: "predicted" });
  });

  test("is the same in both directions, more likely with a larger limit, and always a probability", () => {
    const model = new LatencyModel();
    fc.assert(
      fc.property(located, located, fc.double({ min: 1, max: 500, noNaN: true }), (a, b, limitMs) => {
        const chance = model.chance(a, b, limitMs);
        expect(chance).toBeGreaterThanOrEqual(0);
        expect(chance).toBeLessThanOrEqual(1);
        expect(model.chance(b, a, limitMs)).toBeCloseTo(chance, 9);
        expect(model.chance(a, b, limitMs * 1.5)).toBeGreaterThanOrEqual(chance);
        const { lowMs, rttMs, highMs } = model.edge(a, b);
        expect(lowMs).toBeLessThanOrEqual(rttMs ?? 0);
        expect(highMs).toBeGreaterThanOrEqual(rttMs ?? 0);
      }),
    );
  });

  test("learns from a probe for the next people at the same two places, whatever their last miles add", () => {
    const model = new LatencyModel();
    const far = at(150, 200, 250, 300, 220);
    const alsoFar = at(180, 260, 210, 320, 190);
    const before = model.chance(far, alsoFar, 100);
    model.observe(far, alsoFar, 30, 100);
    const neighbour = at(160, 210, 260, 310, 230);
    expect(before).toBeLessThan(0.5);
    expect(model.chance(neighbour, alsoFar, 100)).toBeGreaterThan(0.9);
  });

  test("expects of a path that was measured for others what it was, with the last miles of these", () => {
    const model = new LatencyModel();
    const east = (lastMileMs: number) => at(...[20, 90, 150, 200, 60].map((ms) => ms + lastMileMs));
    const west = (lastMileMs: number) => at(...[180, 60, 40, 110, 170].map((ms) => ms + lastMileMs));
    model.observe(east(40), west(40), 160, 100);
    const { lowMs, rttMs, highMs } = model.edge(east(5), west(10));
    expect(Math.abs((rttMs ?? 0) - 95)).toBeLessThan(2);
    expect(lowMs).toBeGreaterThan(85);
    expect(highMs).toBeGreaterThan(96);
    expect(model.chance(east(5), west(10), 105)).toBeGreaterThan(0.8);
    expect(model.chance(east(25), west(10), 105)).toBeLessThan(0.2);
  });

  test("learns the bad as well as the good", () => {
    const model = new LatencyModel();
    const a = at(20, 90, 150, 200, 60);
    const b = at(25, 95, 140, 190, 70);
    expect(model.chance(a, b, 80)).toBeGreaterThan(0.8);
    model.observe(a, b, 190, 100);
    expect(model.chance(a, b, 80)).toBeLessThan(0.1);
  });

  test("leaves other places alone", () => {
    const model = new LatencyModel();
    const elsewhere = [at(5, 90, 240, 150, 30), at(9, 96, 246, 155, 36)] as const;
    const before = model.chance(...elsewhere, 60);
    model.observe(at(150, 200, 20, 300, 220), at(180, 260, 60, 320, 190), 30, 100);
    expect(model.chance(...elsewhere, 60)).toBeCloseTo(before, 3);
  });

  test("comes to the same after the same observations", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(located, located, fc.double({ min: 1, max: 500, noNaN: true })), { maxLength: 20 }),
        located,
        located,
        (observations, a, b) => {
          const [one, other] = [new LatencyModel(), new LatencyModel()];
          for (const model of [one, other])
            for (const [x, y, rttMs] of observations) model.observe(x, y, rttMs, 100);
          expect(other.chance(a, b, 100)).toBe(one.chance(a, b, 100));
        },
      ),
    );
  });

  test("learns the same whenever it is asked, also of people who were measured anew since", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(located, located, fc.double({ min: 1, max: 500, noNaN: true }), fc.boolean()), {
          maxLength: 20,
        }),
        fc.nat({ max: 5 }),
        (observations, mostUnlearned) => {
          const moving = { ...at(5, 90, 240, 150, 30) };
          const [asked, late] = [new LatencyModel(), new LatencyModel(undefined, { mostUnlearned })];
          for (const [x, y, rttMs, asks] of observations) {
            Object.assign(moving, x);
            for (const model of [asked, late]) model.observe(moving, y, rttMs, 100);
            asked.edge(x, y);
            if (asks) expect(late.chance(x, y, 100)).toBe(asked.chance(x, y, 100));
          }
          expect(late.save()).toEqual(asked.save());
        },
      ),
    );
  });

  test("takes in new RTTs of somebody it knows", () => {
    const model = new LatencyModel();
    const moved = { ...at(5, 90, 240, 150, 30) };
    const other = at(280, 200, 6, 120, 290);
    const before = model.chance(moved, other, 80);
    Object.assign(moved, at(275, 190, 9, 115, 285));
    expect(model.chance(moved, other, 80)).toBeGreaterThan(before);
  });
});
