import type { Place } from "./landmarks.js";

/** A site that somebody is near. */
export interface Neighbour {
  readonly site: number;
  /** Mean square of the differences between the two, in units of noise. */
  readonly distance2: number;
  /** So many landmarks they are the mean of. */
  readonly landmarks: number;
  /** By how much more, ms, the place's last mile adds than that of the site. */
  readonly lastMileMs: number;
}

/** A site that somebody may well be at. */
export interface LikelySite {
  readonly site: number;
  /** The probability that it is this one and neither another one nor one where nobody was before. */
  readonly share: number;
  /** See {@link Neighbour}. */
  readonly lastMileMs: number;
}

/** What is known of a site, as plain JSON. */
export interface SavedSite {
  /** RTT to each landmark, ms: the mean of its visits, as if they all had the last mile of the first. */
  readonly place: Place;
  /** How many visits that is the mean of. */
  readonly visits: number;
}

/** Noise of one landmark RTT, ms and as a share of it. Against endpoints that note their delays, pages were off by a millisecond or two (docs/beacons.md). */
const NOISE_MS = 1;
const NOISE_SHARE = 0.02;
/**
 * What two people's last miles differ by, ms, as a standard deviation: a place that is the same but for a hundred more to everywhere is
 * another one, further down the same cable.
 */
const LAST_MILE_MS = 15;
const LAST_MILE_WEIGHT = 1 / LAST_MILE_MS ** 2;
/** In units of noise, squared, per landmark: a visit that fits no site better is from a new one. */
const NEW_SITE2 = 2.3;
/** Fewer landmarks cannot tell a last mile from a place: too many places look the same over them. */
const LEAST_LANDMARKS = 3;
/** Beyond this a site says nothing. */
const NEAR_SITE2 = 49;
/** Nobody has more neighbours than this, the nearest. */
const MOST_NEIGHBOURS = 24;
/** A site is where its first visits were in the mean: so many of them. Then it stays. */
const MOST_VISITS = 16;
/** Sites that somebody is at with a smaller probability are left out, and so are more of them. */
const LEAST_SHARE = 0.03;
const MOST_LIKELY = 6;
/** Then the sites known are all there are; a scene that large has seen the world. */
export const MOST_SITES = 4_000;

interface Site {
  readonly place: Float64Array;
  visits: number;
}

interface Near {
  readonly neighbours: readonly Neighbour[];
  readonly likely: readonly LikelySite[];
  /** The probability that nobody was there before. */
  readonly newShare: number;
  /** How many changes of sites this goes by. */
  asOf: number;
}

/**
 * The places participants were at when they were measured, so that what was learned about one participant's paths
 * helps the next one from there. Two people of one place differ in their last mile, which adds the same to every
 * landmark's RTT; so places are compared by how the differences of their RTTs vary from landmark to landmark.
 *
 * The figures above were chosen by the likelihood of what probes brought in simulated studies, on both measured matrices and on other made
 * ones than any that figures are given for. None of them is critical: half or twice as much changes that by a few per cent.
 */
export class Sites {
  readonly #sites: Site[] = [];
  /** Which site was new or has moved, in the order in which that was: what was found before is set right by these. */
  readonly #changes: number[] = [];
  readonly #near = new WeakMap<Place, Near>();

  constructor(saved: readonly SavedSite[] = []) {
    for (const { place, visits } of saved) this.#add(place, visits);
  }

  save(): readonly SavedSite[] {
    return this.#sites.map(({ place, visits }) => ({ place: [...place], visits }));
  }

  /** The sites a place is near, nearest first. */
  near(place: Place): readonly Neighbour[] {
    return this.#look(place).neighbours;
  }

  /** The sites somebody at a place may well be at, the most likely first. */
  likely(place: Place): readonly LikelySite[] {
    return this.#look(place).likely;
  }

  /** Somebody was at a place: the site that it belongs to, a new one where there was none; `null` when there is no room for more. */
  settle(place: Place): number | null {
    const {
      likely: [best],
      newShare,
      neighbours: [nearest],
    } = this.#look(place);
    if (best !== undefined && best.share > newShare) {
      this.#visit(best, place);
      return best.site;
    }
    if (this.#sites.length >= MOST_SITES) return nearest?.site ?? null;
    return this.#add(place, 1);
  }

  /** By how much more, ms, a place's last mile adds than that of a site; 0 where that cannot be told. */
  lastMileMs(place: Place, site: number): number {
    return this.#compare(place, site) ? compared.lastMileMs : 0;
  }

  /** Mean square of the differences of two sites, in units of noise. */
  distance2(a: number, b: number): number {
    if (a === b) return 0;
    return this.#compare(this.#sites[a]?.place ?? nowhere, b) ? compared.distance2 : Number.POSITIVE_INFINITY;
  }

  #look(place: Place): Near {
    const known = this.#near.get(place);
    const asOf = this.#changes.length;
    if (known?.asOf === asOf) return known;
    const changed = known === undefined ? null : this.#changedNear(place, known);
    if (known !== undefined && changed?.size === 0) {
      known.asOf = asOf;
      return known;
    }
    const mended = known === undefined || changed === null ? null : this.#mended(place, known, changed);
    const neighbours = mended ?? this.#search(place);
    const near = { neighbours, ...this.#likelyAmong(neighbours, landmarksOf(place)), asOf };
    this.#near.set(place, near);
    return near;
  }

  /**
   * Sites that have changed since and are near, or were: most changes are far away, and those who wait are asked about again and
   * again. `null` = so many that it is as well to search for them all.
   */
  #changedNear(place: Place, { neighbours, asOf }: Near): ReadonlySet<number> | null {
    const changes = this.#changes;
    if (changes.length - asOf > this.#sites.length) return null;
    const changed = new Set<number>();
    for (let i = asOf; i < changes.length; i += 1) {
      const site = changes[i] ?? 0;
      const isNear = this.#compare(place, site) && compared.distance2 < NEAR_SITE2;
      if (isNear || neighbours.some((neighbour) => neighbour.site === site)) changed.add(site);
    }
    return changed;
  }

  #search(place: Place): readonly Neighbour[] {
    const found: Neighbour[] = [];
    for (let site = 0; site < this.#sites.length; site += 1) this.#findNear(place, site, found);
    return found.sort(byDistance).slice(0, MOST_NEIGHBOURS);
  }

  /** What was found before, with the sites that have changed since; `null` where it has to be searched for anew. */
  #mended(place: Place, known: Near, changed: ReadonlySet<number>): readonly Neighbour[] | null {
    const found = known.neighbours.filter(({ site }) => !changed.has(site));
    for (const site of changed) this.#findNear(place, site, found);
    const neighbours = found.sort(byDistance).slice(0, MOST_NEIGHBOURS);
    // Where there had been too many, others that were left out may be nearer than what has gone away.
    const last = known.neighbours[MOST_NEIGHBOURS - 1];
    if (last === undefined) return neighbours;
    const newLast = neighbours[MOST_NEIGHBOURS - 1];
    return newLast !== undefined && byDistance(newLast, last) <= 0 ? neighbours : null;
  }

  #findNear(place: Place, site: number, found: Neighbour[]): void {
    if (!this.#compare(place, site) || compared.distance2 >= NEAR_SITE2) return;
    const { distance2, landmarks, lastMileMs } = compared;
    found.push({ site, distance2, landmarks, lastMileMs });
  }

  #likelyAmong(neighbours: readonly Neighbour[], landmarks: number): Pick<Near, "likely" | "newShare"> {
    if (neighbours.length === 0) return nobodyThere;
    const fresh = newSiteLikelihood(landmarks);
    const likelihoods = neighbours.map((neighbour) => this.#likelihoodOf(neighbour));
    const sum = likelihoods.reduce((a, b) => a + b, fresh);
    const likely = neighbours
      .map(({ site, lastMileMs }, i) => ({ site, lastMileMs, share: (likelihoods[i] ?? 0) / sum }))
      .filter(({ share }) => share >= LEAST_SHARE)
      .sort((a, b) => b.share - a.share)
      .slice(0, MOST_LIKELY);
    return { likely, newShare: fresh / sum };
  }

  /** How well a visit fits a site: the likelihood of their differences, with the noise of both, against that of none. */
  #likelihoodOf({ site, distance2, landmarks }: Neighbour): number {
    const visits = this.#sites[site]?.visits ?? 1;
    return Math.exp((-0.5 * landmarks * distance2) / (1 + 1 / visits));
  }

  #add(place: Place, visits: number): number {
    this.#sites.push({ place: Float64Array.from(place), visits });
    this.#changes.push(this.#sites.length - 1);
    return this.#sites.length - 1;
  }

  /** Moves a site to the mean of its visits. */
  #visit({ site: index, lastMileMs }: LikelySite, place: Place): void {
    const site = this.#sites[index];
    if (site === undefined || site.visits >= MOST_VISITS) return;
    site.visits += 1;
    for (let i = 0; i < site.place.length; i += 1) {
      const before = site.place[i] ?? Number.NaN;
      const visit = (place[i] ?? Number.NaN) - lastMileMs;
      // A landmark that was not measured before is known from now on.
      if (Number.isNaN(before)) site.place[i] = visit;
      else if (!Number.isNaN(visit)) site.place[i] = before + (visit - before) / site.visits;
    }
    this.#changes.push(index);
  }

  /** Writes down in {@link compared} how a place differs from a site. @returns whether they have enough in common to tell */
  #compare(place: Place | Float64Array, site: number): boolean {
    return compare(place, this.#sites[site]?.place ?? nowhere);
  }
}

const nowhere = new Float64Array(0);
const nobodyThere: Pick<Near, "likely" | "newShare"> = { likely: [], newShare: 1 };

const byDistance = (a: Neighbour, b: Neighbour): number => a.distance2 - b.distance2 || a.site - b.site;

function landmarksOf(place: Place): number {
  let count = 0;
  for (let i = 0; i < place.length; i += 1) if (!Number.isNaN(place[i])) count += 1;
  return count;
}

/** How likely it is that a visit is from a place where nobody was before, on the scale of `#likelihoodOf`. */
const newSiteLikelihood = (landmarks: number): number => Math.exp(-0.5 * NEW_SITE2 * landmarks);

/** What came of the last comparison: no object for each, as this is asked for every newcomer and every site. */
const compared = { distance2: 0, landmarks: 0, lastMileMs: 0 };

/**
 * How two places differ. The last mile that explains the differences best is not counted, but for how unusual it is: their mean, by how
 * sure each of them is, and a little less. One pass and no lists.
 *
 * @returns whether the two have enough landmarks in common to tell
 */
function compare(a: Place | Float64Array, b: Float64Array): boolean {
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
  if (count < LEAST_LANDMARKS) return false;
  const precision = weights + LAST_MILE_WEIGHT;
  compared.distance2 = Math.max(0, squares - (sum * sum) / precision) / count;
  compared.landmarks = count;
  compared.lastMileMs = sum / precision;
  return true;
}

/** Of two RTTs to one landmark with this sum, ms. */
const noiseOf = (sumMs: number): number => NOISE_MS + (NOISE_SHARE * sumMs) / 2;
