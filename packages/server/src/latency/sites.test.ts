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

/** One of a place's own visits: another last mile, and what a measurement is off by. */
function visitor(place: Place, random: () => number, lastMileMs = 40 * random()): Place {
  return place.map((rttMs) => lastMileMs + rttMs * (1 + 0.02 * (random() - 0.5)));
}

const oslo = [10, 12, 15, 30, 95, 170];
const bergen = [18, 26, 9, 42, 110, 190];
const lima = [210, 200, 190, 230, 120, 60];

describe("Sites", () => {
  it("finds the neighbours of a place that comparing it with every single site finds", () => {
    const places = madePlaces(400);
    const sites = new Sites(places.map((place) => ({ place, visits: 1 })));
    let neighbours = 0;
    for (const [i, place] of places.entries()) {
      const nearest = places
        .map((_, site) => ({ site, distance2: sites.distance2(i, site) }))
        .filter(({ distance2 }) => distance2 < 49)
        .sort((a, b) => a.distance2 - b.distance2 || a.site - b.site)
        .slice(0, 24);
      expect(sites.near(place).map(({ site, distance2 }) => ({ site, distance2 }))).toEqual(nearest);
      neighbours += nearest.length;
    }
    expect(neighbours).toBeGreaterThan(2 * places.length);
    expect(neighbours).toBeLessThan(20 * places.length);
  });

  it("takes two visits for ones from one place, however far from the truth a landmark far away was measured", () => {
    const sites = new Sites([{ place: [10, 12, 15, 300], visits: 1 }]);
    const lastMile = 20;
    expect(sites.settle([10, 12, 15, 310].map((rttMs) => rttMs + lastMile))).toBe(0);
    expect(sites.settle([10, 12, 25, 300].map((rttMs) => rttMs + lastMile))).toBe(1);
  });

  it("says after any number of visits what it says of those sites when asked for the first time", () => {
    const places = madePlaces(600);
    const asked = places.slice(0, 40);
    const sites = new Sites();
    for (const [i, place] of places.entries()) {
      sites.settle(place);
      if (i % 3 === 0) for (const one of asked) sites.near(one);
    }
    const fresh = new Sites(sites.save());
    expect(fresh.save().some(({ visits }) => visits > 1)).toBe(true);
    for (const one of asked) {
      expect(sites.near(one)).toEqual(fresh.near(one));
      expect(sites.likely(one)).toEqual(fresh.likely(one));
    }
  });

  it("comes to the same sites, asked or not", () => {
    const [asked, left] = [new Sites(), new Sites()];
    for (const place of madePlaces(300)) {
      asked.near(place);
      for (const sites of [asked, left]) sites.settle(place);
    }
    expect(left.save()).toEqual(asked.save());
  });

  it("recognises a place it knows from its visits, and by how much the last mile differs", () => {
    const random = seededRandom("visits");
    const sites = new Sites();
    for (let i = 0; i < 10; i += 1)
      for (const place of [oslo, bergen, lima]) sites.settle(visitor(place, random));
    expect(sites.save()).toHaveLength(3);
    const [first] = sites.save();
    const lastMileMs = 25 + (first?.place[0] ?? 0) - (oslo[0] ?? 0);
    const [likely, ...others] = sites.likely(visitor(oslo, random, lastMileMs));
    expect(likely).toMatchObject({ site: 0 });
    expect(likely?.share).toBeGreaterThan(0.9);
    expect(Math.abs((likely?.lastMileMs ?? 0) - 25)).toBeLessThan(2);
    expect(others.length).toBeLessThan(2);
  });

  it("is in doubt between two places that look alike, and surer of what looks like a single one", () => {
    const sites = new Sites([oslo, oslo.map((rttMs) => rttMs * 1.01)].map((place) => ({ place, visits: 5 })));
    const shares = sites.likely(oslo).map(({ share }) => share);
    expect(shares).toHaveLength(2);
    expect(Math.max(...shares)).toBeLessThan(0.7);
    expect(new Sites([{ place: oslo, visits: 5 }]).likely(oslo)[0]?.share).toBeGreaterThan(0.95);
  });

  it("thinks that somebody is where nobody was, rather than at a place it does not fit", () => {
    const sites = new Sites([{ place: oslo, visits: 5 }]);
    expect(sites.near(bergen)).toHaveLength(1);
    expect(sites.likely(bergen)).toEqual([]);
    expect(sites.settle(bergen)).toBe(1);
  });

  it("takes who is a hundred ms further from everywhere for somebody elsewhere", () => {
    const sites = new Sites([{ place: oslo, visits: 5 }]);
    const further = (ms: number) => sites.likely(oslo.map((rttMs) => rttMs + ms)).length;
    expect([0, 10, 20].map(further)).toEqual([1, 1, 1]);
    expect(further(100)).toBe(0);
  });

  it("cannot tell places by one or two landmarks", () => {
    const sites = new Sites();
    for (const place of [oslo, bergen, oslo]) sites.settle(place.slice(0, 2));
    expect(sites.save()).toHaveLength(3);
    expect(sites.near(oslo.slice(0, 2))).toEqual([]);
  });

  it("knows a landmark that only a later visit has measured", () => {
    const sites = new Sites();
    sites.settle([...oslo.slice(0, 5), Number.NaN]);
    sites.settle(oslo);
    expect(sites.save()).toEqual([{ place: oslo, visits: 2 }]);
  });
});
