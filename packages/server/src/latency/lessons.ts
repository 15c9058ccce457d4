import * as v from "valibot";
import { noRepeats, type Repeat } from "./belief.js";
import type { Place } from "./landmarks.js";
import { MOST_SITES, type Sites } from "./sites.js";

/** By how much two measurements between the same two places differ, as a standard deviation of the logarithm. */
export const WITHIN_PLACES_SD = 0.03;
/** Share of an error that is that of the very place (a network, a building); the rest it has in common with its region. */
const PLACE_SHARE = 0.25;
/** Square of the distance, in units of noise, over which a place's own share fades (to a quarter), and that of its region. */
const PLACE_FADES2 = 1.5 ** 2;
const REGION_FADES2 = 4 ** 2;
/** A belief goes by so many lessons at most, the nearest: more of them add noise of the correlations, and take longer. */
const MOST_LESSONS = 6;
/** With so many, a site's way to the world is known well enough, and one to yet another site is not noted. */
const MOST_OF_SITE = 64;
/** Lessons with less to do with a pair than this are none. */
const LEAST_CORRELATION = 0.05;
/** What no correlation explains: keeps the equations far from singular. */
const NUGGET = 0.02;
const LEAST_PIVOT = 0.03;

/** So many measurements between two sites are remembered as they were, the last ones. */
const MOST_REPEATS = 4;
/** However well both sites are recognised: a path may have changed since, and what looks like one place may be two. */
const SURE_SAME_PATH = 0.97;
/** A path that is the same with a smaller probability is not counted. */
const LEAST_SAME_PATH = 0.02;
/** No path is shorter, whatever the last miles, ms. */
const SHORTEST_MS = 1;

/** Measurements between two sites, and how far they were from what the landmarks said. */
interface Lesson {
  readonly a: number;
  readonly b: number;
  count: number;
  /** Sum of the errors, as logarithms. */
  errors: number;
  /** Sum of the standard deviations the landmarks' belief had. */
  sds: number;
  /** What was measured the last times, ms, as if both ends had the last mile of their sites. */
  readonly rttsMs: number[];
}

/** What is known of the ways from one site. */
interface SiteLessons {
  readonly lessons: Lesson[];
  /** The site at the other end of each: most are not near whom it is about, and need no look at the lesson. */
  readonly others: number[];
}

const noLessons: SiteLessons = { lessons: [], others: [] };

/** What was learned, as plain JSON, in the order in which it was. */
export const savedLessonsSchema = v.array(
  v.object({
    a: v.number(),
    b: v.number(),
    count: v.number(),
    errors: v.number(),
    sds: v.number(),
    rttsMs: v.array(v.number()),
  }),
);
export type SavedLessons = v.InferOutput<typeof savedLessonsSchema>;

/** What a probe brought. */
export interface Measured {
  readonly rttMs: number;
  /** How far its logarithm was from what the landmarks said. */
  readonly error: number;
  /** What the landmarks' belief thought possible, as a standard deviation. */
  readonly sd: number;
}

/** What the lessons say of a pair, relative to what the landmarks say. */
export interface Learned {
  /** Expected error of the landmarks' belief, in its standard deviations. */
  readonly error: number;
  /** The share of its variance that is left, 0 to 1. */
  readonly varianceLeft: number;
  /** What was measured between the places that the two may be at; none where that is nothing. */
  readonly repeats: readonly Repeat[];
  /** The probability that this path is none of these. */
  readonly newShare: number;
}

/**
 * What a scene's own probes taught about the paths between places: the errors of the landmarks' belief are alike where
 * both ends are near each other. Kriging (Krige 1951; Rasmussen and Williams 2006, ch. 2) of these errors with the few
 * nearest lessons, each in units of what the landmarks' belief thought possible.
 *
 * Where somebody was measured before between the same two places, that is remembered as it was.
 *
 * The correlation is that of a place, long-tailed, and of its region; how much of each, and how far they
 * reach, was chosen on halves of public matrices and made ones, by the likelihood of what each probe brought, and
 * checked on the other halves.
 */
export class Lessons {
  readonly #sites: Sites;
  readonly #bySites = new Map<number, Lesson>();
  /** The lessons of a site, at its index. */
  readonly #ofSite: SiteLessons[] = [];

  constructor(sites: Sites, saved: SavedLessons = []) {
    this.#sites = sites;
    for (const lesson of saved) this.#add(copyOf(lesson));
  }

  save(): SavedLessons {
    return [...this.#bySites.values()].map(copyOf);
  }

  /** A probe was measured. */
  learn(placeA: Place, placeB: Place, { rttMs, error, sd }: Measured): void {
    const a = this.#sites.settle(placeA);
    const b = this.#sites.settle(placeB);
    if (a === null || b === null) return;
    const known = this.#bySites.get(keyOf(a, b));
    if (known === undefined && (this.#isFull(a) || this.#isFull(b))) return;
    const lesson = known ?? this.#add({ a, b, count: 0, errors: 0, sds: 0, rttsMs: [] });
    lesson.count += 1;
    lesson.errors += error;
    lesson.sds += sd;
    const lastMilesMs = this.#sites.lastMileMs(placeA, a) + this.#sites.lastMileMs(placeB, b);
    if (lesson.rttsMs.push(rttMs - lastMilesMs) > MOST_REPEATS) lesson.rttsMs.shift();
  }

  /** `null` where nothing was learned near the two. */
  about(a: Place, b: Place): Learned | null {
    if (this.#bySites.size === 0) return null;
    const nearest = new Nearest();
    const nearB = this.#sites.near(b);
    for (const { site, distance2 } of nearB) nearness[site] = 1 + distance2;
    const closest = nearB[0]?.distance2 ?? Number.POSITIVE_INFINITY;
    /** Lessons whose other end is so far away have no more to do with the two than those that are found, nor will they. */
    let tooFar = Number.POSITIVE_INFINITY;
    for (const { site, distance2 } of this.#sites.near(a)) {
      // The next ones are further away still.
      if (correlation(distance2, closest) <= nearest.least) break;
      const known = this.#ofSite[site] ?? noLessons;
      for (let i = 0; i < known.others.length; i += 1) {
        const other = nearness[known.others[i] ?? -1] ?? 0;
        if (other === 0 || other >= tooFar) continue;
        const correlated = correlation(distance2, other - 1);
        const lesson = known.lessons[i];
        if (correlated <= nearest.least) tooFar = other;
        else if (lesson !== undefined) nearest.consider(lesson, correlated);
      }
    }
    for (const { site } of nearB) nearness[site] = 0;
    if (nearest.size === 0) return null;
    const { error, varianceLeft } = this.#krige(nearest);
    const { repeats, newShare } = this.#repeatsOf(a, b);
    return { error, varianceLeft, repeats, newShare };
  }

  /**
   * What was measured before between the very places that the two may be at, with their own last miles. That tells more than
   * all that is measured nearby: two networks in one city may have little in common.
   */
  #repeatsOf(a: Place, b: Place): Pick<Learned, "repeats" | "newShare"> {
    let repeats: Repeat[] | undefined;
    let newShare = 1;
    const likelyB = this.#sites.likely(b);
    for (const atA of this.#sites.likely(a)) {
      for (const atB of likelyB) {
        const share = SURE_SAME_PATH * atA.share * atB.share;
        if (share < LEAST_SAME_PATH) continue;
        const rttsMs = this.#bySites.get(keyOf(atA.site, atB.site))?.rttsMs;
        if (rttsMs === undefined) continue;
        newShare -= share;
        repeats ??= [];
        for (const siteRttMs of rttsMs) {
          const rttMs = Math.max(SHORTEST_MS, siteRttMs + atA.lastMileMs + atB.lastMileMs);
          repeats.push({ share: share / rttsMs.length, logRttMs: Math.log(rttMs) });
        }
      }
    }
    return { repeats: repeats ?? noRepeats, newShare };
  }

  #isFull(site: number): boolean {
    return (this.#ofSite[site]?.lessons.length ?? 0) >= MOST_OF_SITE;
  }

  #add(lesson: Lesson): Lesson {
    const { a, b } = lesson;
    this.#bySites.set(keyOf(a, b), lesson);
    for (const site of a === b ? [a] : [a, b]) {
      const known = this.#ofSite[site] ?? { lessons: [], others: [] };
      this.#ofSite[site] = known;
      known.lessons.push(lesson);
      known.others.push(site === a ? b : a);
    }
    return lesson;
  }

  /** A path is the same in both directions: the better way to lay one lesson over the other. */
  #correlationOf(p: Lesson, q: Lesson): number {
    const sites = this.#sites;
    return Math.max(
      correlation(sites.distance2(p.a, q.a), sites.distance2(p.b, q.b)),
      correlation(sites.distance2(p.a, q.b), sites.distance2(p.b, q.a)),
    );
  }

  /** Solves for the best linear prediction by the square root of the correlations (Cholesky), row by row. */
  #krige({ lessons, correlations, size }: Nearest): Pick<Learned, "error" | "varianceLeft"> {
    let error = 0;
    let varianceLeft = 1;
    for (let i = 0; i < size; i += 1) {
      const lesson = lessons[i];
      if (lesson === undefined) break;
      const row = i * MOST_LESSONS;
      for (let j = 0; j < i; j += 1) {
        let rest = this.#correlationOf(lesson, lessons[j] ?? lesson);
        for (let k = 0; k < j; k += 1) rest -= at(root, row + k) * at(root, j * MOST_LESSONS + k);
        root[row + j] = rest / at(root, j * MOST_LESSONS + j);
      }
      const noise = (WITHIN_PLACES_SD * lesson.count) / lesson.sds;
      let pivot = 1 + NUGGET + noise ** 2 / lesson.count;
      let pull = correlations[i] ?? 0;
      let surprise = lesson.errors / lesson.sds;
      for (let k = 0; k < i; k += 1) {
        pivot -= at(root, row + k) ** 2;
        pull -= at(root, row + k) * at(pulls, k);
        surprise -= at(root, row + k) * at(surprises, k);
      }
      const own = Math.sqrt(Math.max(LEAST_PIVOT, pivot));
      root[row + i] = own;
      pulls[i] = pull / own;
      surprises[i] = surprise / own;
      error += at(pulls, i) * at(surprises, i);
      varianceLeft -= at(pulls, i) ** 2;
    }
    return { error, varianceLeft: Math.max(0.001, varianceLeft) };
  }
}

/** Room to calculate in: a decision asks about thousands of pairs, one after the other. */
const root = new Float64Array(MOST_LESSONS * MOST_LESSONS);
const pulls = new Float64Array(MOST_LESSONS);
const surprises = new Float64Array(MOST_LESSONS);
/** For each site near one of two places 1 + its distance from there, 0 for all others. */
const nearness = new Float64Array(MOST_SITES);
const at = (numbers: Float64Array, i: number): number => numbers[i] ?? 0;

/** How alike the errors of two paths are whose ends are so far from each other, 0 to 1. */
function correlation(distance2A: number, distance2B: number): number {
  const place = 1 / ((1 + distance2A / PLACE_FADES2) * (1 + distance2B / PLACE_FADES2)) ** 2;
  const region = Math.exp((-0.5 * (distance2A + distance2B)) / REGION_FADES2);
  return PLACE_SHARE * place + (1 - PLACE_SHARE) * region;
}

/** The lessons that have most to do with a pair, first the one that has most. */
class Nearest {
  readonly lessons: Lesson[] = [];
  readonly correlations: number[] = [];

  get size(): number {
    return this.lessons.length;
  }

  /** What has no more to do with the pair than this is not wanted. */
  get least(): number {
    return this.correlations[MOST_LESSONS - 1] ?? LEAST_CORRELATION;
  }

  consider(lesson: Lesson, correlated: number): void {
    if (correlated <= this.least) return;
    const { lessons, correlations } = this;
    // Both ends of a lesson may be near the same one of the two: it counts once, the way it lies nearer.
    const known = lessons.indexOf(lesson);
    if (known !== -1 && (correlations[known] ?? 0) >= correlated) return;
    let place = known === -1 ? Math.min(this.size, MOST_LESSONS - 1) : known;
    for (; place > 0 && (correlations[place - 1] ?? 0) < correlated; place -= 1) {
      lessons[place] = lessons[place - 1] ?? lesson;
      correlations[place] = correlations[place - 1] ?? 0;
    }
    lessons[place] = lesson;
    correlations[place] = correlated;
  }
}

const copyOf = <T extends { readonly rttsMs: readonly number[] }>(lesson: T) => ({
  ...lesson,
  rttsMs: [...lesson.rttsMs],
});

const keyOf = (a: number, b: number): number => (a < b ? a * 65_536 + b : b * 65_536 + a);
