import { describe, expect, test } from "vitest";
import { worldCities } from "./worldCities.js";
import { greatCircleKm, worldPlaces } from "./worldLatency.js";

const { matrix, regions, weights } = worldPlaces("test");
const indexOf = (name: string) => worldCities.findIndex((city) => city.name === name);
const rttMs = (a: string, b: string) => matrix.rttMs[indexOf(a)]?.[indexOf(b)] ?? Number.NaN;

describe("the shipped world", () => {
  test("knows how far it is from Berlin to New York", () => {
    const [berlin, newYork] = [worldCities[indexOf("Berlin")], worldCities[indexOf("New York")]];
    if (berlin === undefined || newYork === undefined) throw new Error("no such city");
    expect(greatCircleKm(berlin, newYork)).toBeGreaterThan(6_350);
    expect(greatCircleKm(berlin, newYork)).toBeLessThan(6_420);
  });

  test.each([
    ["London", "Paris", 5, 25],
    ["London", "New York", 65, 110],
    ["Los Angeles", "Tokyo", 95, 170],
    ["Sydney", "London", 230, 360],
    ["São Paulo", "Miami", 85, 160],
    ["Singapore", "Sydney", 85, 160],
  ])("puts %s and %s as far apart as packets find them", (a, b, least, most) => {
    expect(rttMs(a, b)).toBeGreaterThan(least);
    expect(rttMs(a, b)).toBeLessThan(most);
  });

  test("has one RTT for both directions of every pair, none faster than light in a straight fibre", () => {
    for (const [i, a] of worldCities.entries()) {
      for (const [j, b] of worldCities.entries()) {
        const ms = matrix.rttMs[i]?.[j] ?? Number.NaN;
        expect(ms).toBe(matrix.rttMs[j]?.[i]);
        if (i !== j) expect(ms).toBeGreaterThanOrEqual(greatCircleKm(a, b) / 100);
      }
    }
  });

  test("is the same for the same seed, another one for another, and says where everybody lives", () => {
    expect(worldPlaces("test")).toEqual({ matrix, regions, weights });
    expect(worldPlaces("other").matrix).not.toEqual(matrix);
    expect(regions).toHaveLength(worldCities.length);
    expect(weights).toHaveLength(worldCities.length);
  });
});
