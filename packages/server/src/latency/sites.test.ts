import { describe, expect, it } from "vitest";
import { seededRandom } from "../lobby/random.js";
import type { Place } from "./landmarks.js";
import { Sites } from "./sites.js";

/** Places around a few towns, some with landmarks that were not measured. */
function madePlaces(count: number): Place[] {
  const random = seededRandom("sites");
  const towns = Array.from({ length: 30 }, () => Array.from({ length: 6 }, () => 5 + 250 * random()));
  return Array.from({ length: count }, () => {
    const town = towns[Math.floor(towns.length * random())] ?? [];
    const lastMile = 30 * random();
    return town.map((rttMs) =>
      random() < 0.05 ? Number.NaN : lastMile + rttMs * (1 + 0.3 * (random() - 0.5)),
    );
  });
}

describe("Sites", () => {
  it("finds the neighbours of a place that comparing it with every single site finds", () => {
    const places = madePlaces(400);
    const sites = new Sites(places);
    let neighbours = 0;
    for (const [i, place] of places.entries()) {
      const all = places.map((_, site) => ({ site, distance2: sites.distance2(i, site) }));
      const nearest = all
        .filter(({ distance2 }) => distance2 < 25)
        .sort((a, b) => a.distance2 - b.distance2 || a.site - b.site)
        .slice(0, 24);
      expect(sites.near(place)).toEqual(nearest);
      neighbours += nearest.length;
    }
    expect(neighbours).toBeGreaterThan(2 * places.length);
    expect(neighbours).toBeLessThan(20 * places.length);
  });

  it("takes two visits for ones from one place, however far from the truth a landmark far away was measured", () => {
    const sites = new Sites([[10, 12, 15, 300]]);
    const lastMile = 20;
    expect(sites.settle([10, 12, 15, 310].map((rttMs) => rttMs + lastMile))).toBe(0);
    expect(sites.settle([10, 12, 25, 300].map((rttMs) => rttMs + lastMile))).toBe(1);
  });

  it("finds those that came after it was asked the last time too", () => {
    const [first, ...later] = madePlaces(200);
    if (first === undefined) throw new Error("there are no places");
    const grown = new Sites([first]);
    for (const place of later) {
      grown.settle(place);
      grown.near(first);
    }
    expect(grown.near(first)).toEqual(new Sites(grown.places).near(first));
  });
});
