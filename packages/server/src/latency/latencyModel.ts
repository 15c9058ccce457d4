import * as v from "valibot";
import { type Edge, unknownEdge } from "./edge.js";
import { boundsBetween, Landmarks, type Located, type Place } from "./landmarks.js";
import { type Belief, beliefFrom, chanceOf, LOGISTIC_SD, nothingKnown } from "./prior.js";
import { type CrowdMember, Prospects } from "./prospects.js";
import { type Membership, Sites } from "./sites.js";

/** By how much two measurements between the same two sites differ, as a standard deviation of the logarithm. */
const WITHIN_SITES_SD = 0.08;
/** Scale of the logarithm of a pair's RTT, measured a second time within minutes. */
const AGAIN_SCALE = 0.04;
/** 5 % of a logistic distribution lie beyond this many scales on either side. */
const FIVE_PERCENT = Math.log(19);

interface Known {
  readonly serverRtt: Located["serverRtt"];
  readonly beaconRttMs: Located["beaconRttMs"];
  readonly place: Place | null;
  sitesThen: number;
  near: readonly Membership[];
}

/** Measurements between two sites: how many, and how far they were from what the landmarks said, in all. */
interface Lesson {
  count: number;
  sum: number;
}

/** What a model has learned, as plain JSON. */
export const savedLatencySchema = v.object({
  /** Names, in the order in which they first occurred. */
  landmarks: v.array(v.string()),
  /** RTT to each landmark, ms; `null` where it was not measured. */
  sites: v.array(v.array(v.nullable(v.number()))),
  lessons: v.array(v.tuple([v.number(), v.object({ count: v.number(), sum: v.number() })])),
});
type SavedLatency = v.InferOutput<typeof savedLatencySchema>;

/**
 * What a scene believes of the latency between two participants: first from the RTTs both have to the same
 * landmarks, then more and more from the scene's own probes between people at the same places.
 *
 * It follows from what it was told, in the order it was told: deterministic, no clock, no chance. It orders; a pair
 * is accepted or rejected by measurement only.
 *
 * The landmarks' part is a regression on the triangle's bounds (see `prior.ts`). The scene's own part is the mean error of
 * that regression between two sites, shrunk by how little is known (normal-normal, as for a random effect).
 */
export class LatencyModel {
  readonly #landmarks: Landmarks;
  readonly #sites: Sites;
  readonly #lessons: Map<number, Lesson>;
  readonly #known = new WeakMap<Located, Known>();
  readonly #prospects = new WeakMap<readonly CrowdMember[], Prospects>();

  /** @param saved what another model had learned: this one goes on there. What it knows of people is in themselves. */
  constructor(saved: SavedLatency = { landmarks: [], sites: [], lessons: [] }) {
    this.#landmarks = new Landmarks(saved.landmarks);
    this.#sites = new Sites(saved.sites.map((place) => place.map((rttMs) => rttMs ?? Number.NaN)));
    this.#lessons = new Map(saved.lessons.map(([sites, lesson]) => [sites, { ...lesson }]));
  }

  save(): SavedLatency {
    return {
      landmarks: this.#landmarks.names,
      sites: this.#sites.places.map((place) => place.map((rttMs) => (Number.isNaN(rttMs) ? null : rttMs))),
      lessons: [...this.#lessons],
    };
  }

  /**
   * Somebody's RTTs were measured: what is known of the landmarks follows the log, not who asks when.
   *
   * @returns where that is; `null` when nothing was measured
   */
  locate(somebody: Located): Place | null {
    return this.#know(somebody).place;
  }

  /**
   * The chances somebody would have had with the people of a crowd, best first: what may be expected of those still to
   * come. From landmarks alone.
   *
   * @param crowd of this somebody, as it stays: the answer is kept with it
   */
  prospects(somebody: Located, crowd: readonly CrowdMember[], limitMs: number): readonly number[] {
    const { place } = this.#know(somebody);
    if (place === null || crowd.length === 0) return [];
    let prospects = this.#prospects.get(crowd);
    if (prospects === undefined) {
      prospects = new Prospects(place, crowd);
      this.#prospects.set(crowd, prospects);
    }
    return prospects.within(limitMs);
  }

  /** A probe between the two measured this RTT, ms, whether it was accepted or not. */
  observe(a: Located, b: Located, rttMs: number): void {
    const placeA = this.#know(a).place;
    const placeB = this.#know(b).place;
    if (placeA === null || placeB === null || rttMs <= 0) return;
    const siteA = this.#sites.settle(placeA);
    const siteB = this.#sites.settle(placeB);
    if (siteA === null || siteB === null) return;
    const error = Math.log(rttMs) - this.#fromLandmarks(placeA, placeB).logRttMs;
    const key = keyOf(siteA, siteB);
    const lesson = this.#lessons.get(key);
    if (lesson === undefined) this.#lessons.set(key, { count: 1, sum: error });
    else {
      lesson.count += 1;
      lesson.sum += error;
    }
  }

  /** The probability that a measurement of the two comes out at `limitMs` or less. */
  chance(a: Located, b: Located, limitMs: number): number {
    return chanceOf(this.#belief(a, b), limitMs);
  }

  /** The expected RTT with the bounds that 90 % of measurements stay within; unknown without landmarks. */
  edge(a: Located, b: Located): Edge {
    const belief = this.#belief(a, b);
    if (belief === nothingKnown) return unknownEdge;
    const spread = belief.scale * FIVE_PERCENT;
    return {
      ...unknownEdge,
      status: "predicted",
      rttMs: Math.exp(belief.logRttMs),
      lowMs: Math.exp(belief.logRttMs - spread),
      highMs: Math.exp(belief.logRttMs + spread),
    };
  }

  #belief(a: Located, b: Located): Belief {
    const knownA = this.#know(a);
    const knownB = this.#know(b);
    if (knownA.place === null || knownB.place === null) return nothingKnown;
    const prior = this.#fromLandmarks(knownA.place, knownB.place);
    if (this.#lessons.size === 0) return prior;
    let weight = 0;
    let sum = 0;
    for (const memberA of this.#near(knownA, knownA.place)) {
      for (const memberB of this.#near(knownB, knownB.place)) {
        const lesson = this.#lessons.get(keyOf(memberA.site, memberB.site));
        if (lesson === undefined) continue;
        weight += memberA.weight * memberB.weight * lesson.count;
        sum += memberA.weight * memberB.weight * lesson.sum;
      }
    }
    if (weight === 0) return prior;
    const priorVariance = (prior.scale * LOGISTIC_SD) ** 2;
    const withinVariance = WITHIN_SITES_SD ** 2;
    const shrink = withinVariance / priorVariance;
    return {
      logRttMs: prior.logRttMs + sum / (weight + shrink),
      scale: Math.sqrt(withinVariance + (priorVariance * shrink) / (weight + shrink)) / LOGISTIC_SD,
      odd: prior.odd * Math.max(0, 1 - weight),
    };
  }

  #fromLandmarks(a: Place, b: Place): Belief {
    // Not kept: it takes less than a microsecond, and those who wait have millions of pairs.
    const bounds = boundsBetween(a, b);
    return bounds === null ? nothingKnown : beliefFrom(bounds);
  }

  /** Kept as long as what was measured about somebody stays the same. */
  #know(somebody: Located): Known {
    const known = this.#known.get(somebody);
    if (known?.serverRtt === somebody.serverRtt && known.beaconRttMs === somebody.beaconRttMs) return known;
    const { serverRtt, beaconRttMs } = somebody;
    const fresh = {
      serverRtt,
      beaconRttMs,
      place: this.#landmarks.placeOf(somebody),
      sitesThen: 0,
      near: [],
    };
    this.#known.set(somebody, fresh);
    return fresh;
  }

  #near(known: Known, place: Place): readonly Membership[] {
    if (known.sitesThen !== this.#sites.size) {
      known.near = this.#sites.near(place, known.near, known.sitesThen);
      known.sitesThen = this.#sites.size;
    }
    return known.near;
  }
}

/**
 * The probability that a pair which has just been measured comes out at `limitMs` or less when it is measured again.
 *
 * @returns `undefined` where it has not been measured
 */
export function chanceAfter(rttMs: number | undefined, limitMs: number): number | undefined {
  if (rttMs === undefined) return undefined;
  return chanceOf({ logRttMs: Math.log(Math.max(1, rttMs)), scale: AGAIN_SCALE, odd: 0 }, limitMs);
}

const keyOf = (a: number, b: number): number => (a < b ? a * 65_536 + b : b * 65_536 + a);
