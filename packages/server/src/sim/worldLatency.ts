import { seededRandom } from "../lobby/random.js";
import { type LatencyMatrix, SAME_NODE_MS } from "./latencyMatrix.js";
import { normal } from "./qualityWorld.js";
import { type City, type Region, worldCities } from "./worldCities.js";

/** Light in glass, one way: two thirds of its speed in vacuum. */
const KM_PER_MS = 200;
const EARTH_RADIUS_KM = 6371;
/** Routers and switches on the way, ms per round trip. */
const EQUIPMENT_MS = 1;
/** How far a single pair's detour is from that of its regions, as a standard deviation of the logarithm. */
const DETOUR_SPREAD = 0.15;

/**
 * How much longer than the great circle the way is that packets take: over well-cabled oceans it is nearly straight, while
 * where there are few cables it goes over a third continent. Round figures; their medians were held against public
 * measurements between servers in 55 of these cities.
 */
const detours: readonly (readonly [Region, Partial<Record<Region, number>>])[] = [
  ["North America", { "North America": 1.75, "South America": 1.85, Europe: 1.6, "East Asia": 1.5 }],
  [
    "North America",
    { Africa: 1.9, "Middle East": 1.6, "South Asia": 1.9, "South-East Asia": 1.5, Oceania: 1.5 },
  ],
  ["Europe", { Europe: 2.2, "South America": 2, "Middle East": 2.5, Africa: 2.4, "South Asia": 2.6 }],
  ["Europe", { "South-East Asia": 2.3, "East Asia": 2.6, Oceania: 1.7 }],
  ["East Asia", { "East Asia": 2.5, "South-East Asia": 2.2, "South Asia": 3, Oceania: 1.9 }],
  ["East Asia", { "Middle East": 3.2, Africa: 2.6, "South America": 1.65 }],
  ["South-East Asia", { "South-East Asia": 2.2, "South Asia": 2.6, Oceania: 1.9, "Middle East": 3.5 }],
  ["South-East Asia", { Africa: 3.2, "South America": 2.1 }],
  ["South Asia", { "South Asia": 2.5, Oceania: 1.6, "Middle East": 4, Africa: 3.2, "South America": 2.2 }],
  ["Oceania", { Oceania: 1.4, "South America": 2.7, "Middle East": 2.1, Africa: 3.3 }],
  ["Middle East", { "Middle East": 5, Africa: 3.3, "South America": 2 }],
  ["Africa", { Africa: 2.5, "South America": 3.2 }],
  ["South America", { "South America": 2.6 }],
];

/** Where the table above says nothing. */
const USUAL_DETOUR = 2;

/** Where people may be: RTTs between places, and how many participants each sends. */
export interface SimulatedPlaces {
  readonly matrix: LatencyMatrix;
  /** One per place; participants are drawn in this proportion. */
  readonly weights: readonly number[];
  /** One per place: what it is reported under. */
  readonly regions: readonly string[];
}

/**
 * RTTs between the world's large cities: great circle times a detour by regions, at the speed of light in fibre, there
 * and back. Last miles and noise come with the participants. The same seed gives the same world.
 */
export function worldPlaces(seed: string): SimulatedPlaces {
  const random = seededRandom(`${seed}/world`);
  const rttMs = worldCities.map(() => new Float64Array(worldCities.length).fill(SAME_NODE_MS));
  for (const [i, a] of worldCities.entries()) {
    for (const [j, b] of worldCities.entries()) {
      if (j <= i) continue;
      const detour = Math.max(1, detourOf(a.region, b.region) * Math.exp(DETOUR_SPREAD * normal(random)));
      const ms = (2 * greatCircleKm(a, b) * detour) / KM_PER_MS + EQUIPMENT_MS;
      for (const [row, column] of [
        [i, j],
        [j, i],
      ] as const) {
        const cells = rttMs[row];
        if (cells !== undefined) cells[column] = ms;
      }
    }
  }
  return {
    matrix: { rttMs, nodes: rttMs.map((_, i) => i), repairs: { droppedNodes: 0, filledCells: 0 } },
    weights: worldCities.map((city) => city.millions),
    regions: worldCities.map((city) => city.region),
  };
}

/** Haversine formula on a sphere, km. */
export function greatCircleKm(
  a: Pick<City, "latitude" | "longitude">,
  b: Pick<City, "latitude" | "longitude">,
): number {
  const rad = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (degrees: number) => Math.sin(rad(degrees) / 2) ** 2;
  const h =
    half(b.latitude - a.latitude) +
    Math.cos(rad(a.latitude)) * Math.cos(rad(b.latitude)) * half(b.longitude - a.longitude);
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}

function detourOf(a: Region, b: Region): number {
  for (const [region, to] of detours) {
    const detour = region === a ? to[b] : region === b ? to[a] : undefined;
    if (detour !== undefined) return detour;
  }
  return USUAL_DETOUR;
}
