import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundsBetween, Landmarks } from "./landmarks.js";

const rtt = (minMs: number) => ({
  medianMs: minMs + 5,
  minMs,
  p95Ms: minMs + 9,
  jitterMs: 1,
  samples: 5,
  lost: 0,
  measuredAt: 0,
});

const place = fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { minLength: 1, maxLength: 8 });

describe("a place", () => {
  test("holds the server's and the beacons' RTTs, each landmark at its own index", () => {
    const landmarks = new Landmarks();
    const first = landmarks.placeOf({ serverRtt: rtt(40), beaconRttMs: { paris: 20 } });
    const second = landmarks.placeOf({ serverRtt: null, beaconRttMs: { tokyo: 90, paris: 30 } });
    expect(first).toEqual([40, 20]);
    expect(second).toEqual([Number.NaN, 30, 90]);
  });

  test("is unknown where nothing was measured", () => {
    expect(new Landmarks().placeOf({ serverRtt: null, beaconRttMs: {} })).toBeNull();
  });
});

describe("the bounds between two places", () => {
  test("are the ways over a landmark, the shortest and the mean, and the largest differences", () => {
    expect(boundsBetween([10, 100, 50], [40, 90, 70])).toEqual({
      landmarks: 3,
      aboveMs: 50,
      meanAboveMs: 120,
      below1Ms: 30,
      below2Ms: 20,
      below3Ms: 10,
      unlikeMs: expect.closeTo(16.997, 3),
      remoteMs: 10,
    });
  });

  test("leave out a landmark only one of them has measured", () => {
    expect(boundsBetween([10, Number.NaN, 50], [Number.NaN, 90, 70])).toMatchObject({
      landmarks: 1,
      aboveMs: 120,
    });
    expect(boundsBetween([10], [Number.NaN, 90])).toBeNull();
  });

  test("do not see what a last mile adds to all of one side's RTTs as a difference of places", () => {
    const bounds = boundsBetween([20, 80, 140], [50, 110, 170]);
    expect(bounds?.unlikeMs).toBeCloseTo(0);
    expect(bounds?.below1Ms).toBe(30);
  });

  test("are the same from both sides", () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        const there = boundsBetween(a, b);
        const back = boundsBetween(b, a);
        expect(back?.aboveMs).toBe(there?.aboveMs);
        expect(back?.below1Ms).toBe(there?.below1Ms);
        expect(back?.below2Ms).toBe(there?.below2Ms);
        expect(back?.below3Ms).toBe(there?.below3Ms);
        expect(back?.unlikeMs).toBeCloseTo(there?.unlikeMs ?? 0, 6);
      }),
    );
  });
});
