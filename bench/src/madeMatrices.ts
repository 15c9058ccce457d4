import {
  type LatencyMatrix,
  normal,
  parseLatencyMatrix,
  seededRandom,
  worldPlaces,
} from "@probematch/server/core";
import { shuffled } from "./shuffled.js";

/** Round-trip times as they would be measured, ms: row = from, column = to, `NaN` = missing. */
type Cells = readonly (readonly number[])[];

/**
 * Kinds of made worlds. What is drawn within one follows from a seed. What landmarks say was fitted to worlds of the last four kinds, of
 * other seeds than any that figures are given for (`bench prior`); `devices` had no part in that.
 */
export const madeFamilies = ["devices", "continent", "apart", "damaged", "plane"] as const;
export type MadeFamily = (typeof madeFamilies)[number];

/** A matrix of RTTs that nobody measured, read by the same code as one that somebody did. */
export function madeMatrix(family: MadeFamily, seed: string): LatencyMatrix {
  const cells = generators[family](`${family}/${seed}`);
  const csv = cells.map((row) => row.map((ms) => (Number.isNaN(ms) ? "" : ms.toFixed(2))).join(","));
  return parseLatencyMatrix(csv.join("\n"));
}

const generators: Readonly<Record<MadeFamily, (seed: string) => Cells>> = {
  /**
   * Personal devices at home. As hard as a measured matrix of 99 such devices of which figures were published: what beacons
   * tell, how many probes first come first served needs, and whom an oracle matches (see the tests beside this file).
   */
  devices: (seed) => between(homes(seed, { count: 99, regions: volunteers }), seed),
  /** The same, but all of one continent: most pairs are near the limit, and the last mile decides. */
  continent: (seed) => {
    const [continent] = shuffled(
      ["North America", "Europe", "South America", "East Asia"],
      seededRandom(`${seed}/order`),
    );
    return between(homes(seed, { count: 120, regions: { [continent ?? "Europe"]: 1 } }), seed);
  },
  /** Five regions, of which every two are joined by a path of its own badness. */
  apart: (seed) => {
    const random = seededRandom(`${seed}/poor`);
    const poor = new Map<string, number>();
    const poorness = (a: Home, b: Home): number => {
      if (a.region === b.region) return 1;
      const pair = [a.region, b.region].sort().join();
      const known = poor.get(pair) ?? 1.2 + 1.8 * random();
      poor.set(pair, known);
      return known;
    };
    const regions = { "North America": 3, Europe: 2, "South Asia": 2, "South America": 2, "East Asia": 1 };
    return between(homes(seed, { count: 150, regions }), seed, poorness);
  },
  /** Servers of the whole world, measured badly: {@link damaged}. */
  damaged: (seed) => damaged(between(homes(seed, { count: 180, regions: null, accessMs: 1 }), seed), seed),
  /** Points of a square: no detours at all, and no clusters. */
  plane: (seed) => {
    const random = seededRandom(`${seed}/points`);
    const points = Array.from({ length: 150 }, () => [260 * random(), 260 * random()] as const);
    return points.map(([x, y]) => points.map(([u, v]) => 1 + Math.hypot(x - u, y - v)));
  },
};

/** Where those live who lend their own devices to a testbed. */
const volunteers = { "North America": 0.55, Europe: 0.38, "East Asia": 0.07 };

/** One device, and what its own line does to every path. */
interface Home {
  readonly place: number;
  readonly region: string;
  /** To the other places, ms. */
  readonly pathMs: Float64Array;
  readonly accessMs: number;
  /** Its provider's way round, as a factor. */
  readonly detour: number;
}

interface Homes {
  readonly count: number;
  /** Share of each region; `null` = by population. */
  readonly regions: Readonly<Record<string, number>> | null;
  /** Median of the access delay, ms; log-normal with a standard deviation of the logarithm of {@link ACCESS_SIGMA}. */
  readonly accessMs?: number;
}

const ACCESS_SIGMA = 1;
/** Some devices are far from everybody: satellite, a tunnel home, a line that is always full. */
const ISOLATED_SHARE = 0.045;
const ISOLATED_MS = 110;
const DETOUR_SIGMA = 0.15;

function homes(seed: string, { count, regions, accessMs = 12 }: Homes): readonly Home[] {
  const { matrix, regions: regionOf, weights: millions } = worldPlaces(seed);
  const random = seededRandom(`${seed}/homes`);
  const inRegion = (region: string) =>
    millions.reduce((sum, weight, i) => (regionOf[i] === region ? sum + weight : sum), 0);
  const weights = millions.map((weight, i) => {
    const region = regionOf[i] ?? "";
    return regions === null ? weight : ((regions[region] ?? 0) * weight) / inRegion(region);
  });
  const total = weights.reduce((a, b) => a + b, 0);
  const drawPlace = (): number => {
    let left = random() * total;
    const place = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    return Math.max(0, place);
  };
  return Array.from({ length: count }, () => {
    const place = drawPlace();
    const isolatedMs = random() < ISOLATED_SHARE ? ISOLATED_MS : 0;
    return {
      place,
      region: regionOf[place] ?? "",
      pathMs: matrix.rttMs[place] ?? new Float64Array(),
      accessMs: isolatedMs + accessMs * Math.exp(ACCESS_SIGMA * normal(random)),
      detour: Math.exp(DETOUR_SIGMA * Math.abs(normal(random))),
    };
  });
}

/** Pairs whose packets go a way of their own, up to {@link MOST_DETOUR} times as long. */
const DETOUR_SHARE = 0.06;
const MOST_DETOUR = 2.5;
/** What else makes one pair unlike the next, as a standard deviation of the logarithm. */
const PAIR_SIGMA = 0.08;

function between(
  all: readonly Home[],
  seed: string,
  poorness: (a: Home, b: Home) => number = () => 1,
): Cells {
  const random = seededRandom(`${seed}/pairs`);
  const cells = all.map(() => new Array<number>(all.length).fill(Number.NaN));
  for (const [i, a] of all.entries()) {
    for (const [j, b] of all.entries()) {
      if (j <= i) continue;
      const own = random() < DETOUR_SHARE ? 1 + (MOST_DETOUR - 1) * random() : 1;
      const pathMs = (a.pathMs[b.place] ?? 0) * a.detour * b.detour * own * poorness(a, b);
      const ms = (pathMs + a.accessMs + b.accessMs) * Math.exp(PAIR_SIGMA * normal(random));
      set(cells, i, j, ms);
      set(cells, j, i, ms);
    }
  }
  return cells;
}

const DEAD_SHARE = 0.05;
const MISSING_SHARE = 0.1;
const OUTLIER_SHARE = 0.01;
const ASYMMETRY_SIGMA = 0.08;
const GRID_MS = 10;

/** Dead nodes (nothing, or seconds to everybody), missing cells, two directions that differ, outliers, and a clock of 10 ms. */
function damaged(cells: Cells, seed: string): Cells {
  const random = seededRandom(`${seed}/damage`);
  const dead = cells.map(() => (random() < DEAD_SHARE ? (random() < 0.5 ? "silent" : "slow") : "alive"));
  return cells.map((row, i) =>
    row.map((ms, j) => {
      const [missing, outlier, slow] = [random() < MISSING_SHARE, random() < OUTLIER_SHARE, random()];
      const asMeasured = ms * Math.exp(ASYMMETRY_SIGMA * normal(random)) * (outlier ? 4 + 8 * random() : 1);
      if (missing || dead[i] === "silent" || dead[j] === "silent") return Number.NaN;
      if (dead[i] === "slow" || dead[j] === "slow") return 2_000 + 6_000 * slow;
      return Math.max(GRID_MS, GRID_MS * Math.round(asMeasured / GRID_MS));
    }),
  );
}

function set(cells: number[][], i: number, j: number, ms: number): void {
  const row = cells[i];
  if (row !== undefined) row[j] = ms;
}
