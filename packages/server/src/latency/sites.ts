import type { Place } from "./landmarks.js";

/** A site that somebody is near. */
export interface Neighbour {
  readonly site: number;
  /** Mean square of the differences between the two, in units of noise. */
  readonly distance2: number;
}

/** Noise of one landmark RTT, ms and as a share of it: what two visits from one place differ by. */
const NOISE_MS = 1;
const NOISE_SHARE = 0.025;
/** In units of noise, squared: places closer than this are one site. */
const SAME_SITE2 = 1;
/** Beyond this a site says nothing. */
const NEAR_SITE2 = 25;
/** Nobody has more neighbours than this, the nearest. */
const MOST_NEIGHBOURS = 24;
/** Then the sites known are all there are; a scene that large has seen the world. */
export const MOST_SITES = 4_000;

/**
 * The places participants were at when they were measured, so that what was learned about one participant's paths
 * helps the next one from there. Two people of one place differ in their last mile, which adds the same to every
 * landmark's RTT; so places are compared by how the differences of their RTTs vary from landmark to landmark.
 */
export class Sites {
  readonly #places: Place[] = [];
  /** The same, for comparing them quickly. */
  readonly #numbers: Float64Array[] = [];
  /** What was found when there were `from` sites: only later ones are looked at again. */
  readonly #near = new WeakMap<Place, { readonly neighbours: readonly Neighbour[]; readonly from: number }>();

  constructor(places: readonly Place[] = []) {
    for (const place of places) this.#add(place);
  }

  get places(): readonly Place[] {
    return this.#places;
  }

  /** The sites a place is near, nearest first. */
  near(place: Place): readonly Neighbour[] {
    const { neighbours: known = [], from = 0 } = this.#near.get(place) ?? {};
    const size = this.#places.length;
    if (from === size) return known;
    const found: Neighbour[] = [];
    const numbers = Float64Array.from(place);
    for (let site = from; site < size; site += 1) {
      const distance2 = distance2Between(numbers, this.#numbers[site] ?? nowhere);
      if (distance2 < NEAR_SITE2) found.push({ site, distance2 });
    }
    const neighbours =
      found.length === 0
        ? known
        : [...known, ...found]
            .sort((a, b) => a.distance2 - b.distance2 || a.site - b.site)
            .slice(0, MOST_NEIGHBOURS);
    this.#near.set(place, { neighbours, from: size });
    return neighbours;
  }

  /** The site of a place, a new one where there was none; `null` when there is no room for more. */
  settle(place: Place): number | null {
    const [nearest] = this.near(place);
    if (nearest !== undefined && nearest.distance2 < SAME_SITE2) return nearest.site;
    if (this.#places.length >= MOST_SITES) return nearest?.site ?? null;
    return this.#add(place);
  }

  /** Mean square of the differences of two sites, in units of noise. */
  distance2(a: number, b: number): number {
    return a === b ? 0 : distance2Between(this.#numbers[a] ?? nowhere, this.#numbers[b] ?? nowhere);
  }

  #add(place: Place): number {
    this.#places.push(place);
    this.#numbers.push(Float64Array.from(place));
    return this.#places.length - 1;
  }
}

const nowhere = new Float64Array(0);

/**
 * Infinite where the two have too little in common to tell. The last mile that explains the differences best is not counted: their mean,
 * by how sure each of them is. One pass and no lists, as this is asked for every newcomer and every site.
 */
function distance2Between(a: Float64Array, b: Float64Array): number {
  const shared = Math.min(a.length, b.length);
  let count = 0;
  let weights = 0;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < shared; i += 1) {
    const x = a[i] ?? Number.NaN;
    const y = b[i] ?? Number.NaN;
    const difference = x - y;
    if (Number.isNaN(difference)) continue;
    const noise = noiseOf(x + y);
    const weight = 1 / (noise * noise);
    count += 1;
    weights += weight;
    sum += weight * difference;
    squares += weight * difference * difference;
  }
  // One or two landmarks cannot tell a last mile from a place: too many places look the same over them.
  return count < 3 ? Number.POSITIVE_INFINITY : Math.max(0, squares - (sum * sum) / weights) / count;
}

/** Of two RTTs to one landmark with this sum, ms. */
const noiseOf = (sumMs: number): number => NOISE_MS + (NOISE_SHARE * sumMs) / 2;
