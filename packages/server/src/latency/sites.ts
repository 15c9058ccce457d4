import type { Place } from "./landmarks.js";

/** How much somebody belongs to a site, 0 to 1. */
export interface Membership {
  readonly site: number;
  readonly weight: number;
}

interface Site {
  readonly place: Place;
}

/** Noise of one landmark RTT, ms and as a share of it: what two visits from one place differ by. */
const NOISE_MS = 1.5;
const NOISE_SHARE = 0.03;
/** In units of noise: places closer than this are one site. */
const SAME_SITE = 0.9;
/** Beyond this many units a site says nothing. */
const NEAR_SITE = 5;
/** At this many units a site counts a quarter: a neighbouring city is better than nothing, but not much. */
const QUARTER_AT = 0.7;
/** Nobody belongs to more sites than this. */
const MOST_MEMBERSHIPS = 8;
/** Then the sites known are all there are; a scene that large has seen the world. */
const MOST_SITES = 4_000;

/**
 * The places participants were at when they were measured, so that what was learned about one participant's paths
 * helps the next one from there. Two people of one place differ in their last mile, which adds the same to every
 * landmark's RTT; so places are compared by how the differences of their RTTs vary from landmark to landmark.
 */
export class Sites {
  readonly #sites: Site[];
  /** Where places settled when there were `from` sites: who is probed often is not compared with all of them each time. */
  readonly #settled = new WeakMap<Place, { nearest: number | null; least: number; from: number }>();

  constructor(places: readonly Place[] = []) {
    this.#sites = places.map((place) => ({ place }));
  }

  get places(): Place[] {
    return this.#sites.map(({ place }) => place);
  }

  get size(): number {
    return this.#sites.length;
  }

  /**
   * The sites a place is near, nearest first.
   *
   * @param known what this said of the place when there were `from` sites; only later ones are looked at
   */
  near(place: Place, known: readonly Membership[] = [], from = 0): readonly Membership[] {
    const all: Membership[] = [];
    for (let site = from; site < this.#sites.length; site += 1) {
      const distance = distanceBetween(place, this.#sites[site]?.place ?? []);
      if (distance < NEAR_SITE) all.push({ site, weight: (1 + (distance / QUARTER_AT) ** 2) ** -2 });
    }
    if (all.length === 0) return known;
    return [...known, ...all]
      .sort((a, b) => b.weight - a.weight || a.site - b.site)
      .slice(0, MOST_MEMBERSHIPS);
  }

  /** The site of a place, a new one where there was none; `null` when there is no room for more. */
  settle(place: Place): number | null {
    const known = this.#settled.get(place);
    let nearest = known?.nearest ?? null;
    let least = known?.least ?? SAME_SITE;
    for (let site = known?.from ?? 0; site < this.#sites.length; site += 1) {
      const distance = distanceBetween(place, this.#sites[site]?.place ?? []);
      if (distance < least) [nearest, least] = [site, distance];
    }
    this.#settled.set(place, { nearest, least, from: this.#sites.length });
    if (nearest !== null || this.#sites.length >= MOST_SITES) return nearest;
    this.#sites.push({ place });
    return this.#sites.length - 1;
  }
}

/** In units of noise; infinite where the two have too little in common to tell. */
function distanceBetween(a: Place, b: Place): number {
  const shared = Math.min(a.length, b.length);
  let count = 0;
  let sum = 0;
  for (let i = 0; i < shared; i += 1) {
    const difference = (a[i] ?? Number.NaN) - (b[i] ?? Number.NaN);
    if (Number.isNaN(difference)) continue;
    count += 1;
    sum += difference;
  }
  // One or two landmarks cannot tell a last mile from a place: too many places look the same over them.
  if (count < 3) return Number.POSITIVE_INFINITY;
  const lastMile = sum / count;
  let squares = 0;
  for (let i = 0; i < shared; i += 1) {
    const x = a[i] ?? Number.NaN;
    const y = b[i] ?? Number.NaN;
    if (Number.isNaN(x - y)) continue;
    const noise = NOISE_MS + (NOISE_SHARE * (x + y)) / 2;
    squares += ((x - y - lastMile) / noise) ** 2;
  }
  return Math.sqrt(squares / count);
}
