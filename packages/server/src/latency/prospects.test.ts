import { describe, expect, it } from "vitest";
import { LatencyModel } from "./latencyModel.js";
import { type CrowdMember, meet } from "./prospects.js";

/** Somebody on a line, at the ends of which the beacons stand. */
const at = (ms: number) => ({
  serverRtt: null,
  beaconRttMs: { west: 5 + ms, east: 5 + (300 - ms), north: 155 },
});

/** Lets people come one after the other; what the last one can expect. */
function lastOf(model: LatencyModel, places: readonly (readonly [string, number])[]): readonly number[] {
  let crowd: readonly CrowdMember[] = [];
  let chances: readonly number[] = [];
  for (const [id, ms] of places) {
    const somebody = at(ms);
    const place = model.locate(somebody);
    if (place === null) throw new Error("nowhere");
    const met = meet(crowd, id, place);
    crowd = met.crowd;
    chances = model.prospects(somebody, met.others, 100);
  }
  return chances;
}

describe("what somebody can expect of those still to come", () => {
  it("is what it would have had with those before, best first", () => {
    const chances = lastOf(new LatencyModel(), [
      ["far", 290],
      ["near", 10],
      ["middle", 150],
      ["west", 0],
    ]);
    expect(chances).toHaveLength(3);
    expect(chances).toEqual([...chances].sort((a, b) => b - a));
    expect(chances[0]).toBeGreaterThan(0.9);
    expect(chances[2]).toBeLessThan(0.1);
  });

  it("goes by the last 64, and never by itself", () => {
    const many = Array.from({ length: 100 }, (_, i) => [`p${i}`, i] as const);
    expect(lastOf(new LatencyModel(), [...many, ["last", 20]])).toHaveLength(64);
    expect(
      lastOf(new LatencyModel(), [
        ["first", 20],
        ["first", 21],
      ]),
    ).toEqual([]);
  });

  it("is nothing where nothing was measured", () => {
    const nowhere = { serverRtt: null, beaconRttMs: {} };
    const model = new LatencyModel();
    expect(model.locate(nowhere)).toBeNull();
    expect(model.prospects(nowhere, [{ participantId: "a", place: [10] }], 100)).toEqual([]);
  });
});
