import * as v from "valibot";
import { type Belief, chanceOf, LOGISTIC_SD, nothingKnown, quantileBelieved } from "./belief.js";
import { Calibration, savedCalibrationSchema } from "./calibration.js";
import { type Edge, unknownEdge } from "./edge.js";
import { ExcessMisses } from "./excessMisses.js";
import { boundsBetween, Landmarks, type Located, type Place } from "./landmarks.js";
import { Lessons, savedLessonsSchema, WITHIN_PLACES_SD } from "./lessons.js";
import { beliefFrom } from "./prior.js";
import { type CrowdMember, Prospects } from "./prospects.js";
import { Sites } from "./sites.js";

/** Scale of the logarithm of a pair's RTT, measured a second time within minutes. */
const AGAIN_SCALE = 0.04;

/**
 * So many probes may wait to be learned from, which takes up to a tenth of a millisecond each: a matchmaker that never asks costs
 * nothing, and the first question after a long silence does not have the server stand still.
 */
const MOST_UNLEARNED = 256;

/** What a probe brought. Places are those of its time: people may be measured anew before it is learned from. */
interface Observation {
  readonly a: Place;
  readonly b: Place;
  readonly rttMs: number;
  readonly limitMs: number | null;
}

interface Known {
  readonly serverRtt: Located["serverRtt"];
  readonly beaconRttMs: Located["beaconRttMs"];
  readonly place: Place | null;
}

/** What a model has learned, as plain JSON. */
export const savedLatencySchema = v.object({
  /** Names, in the order in which they first occurred. */
  landmarks: v.array(v.string()),
  /** RTT to each landmark, ms (`null` where it was not measured), and of how many visits that is the mean. */
  sites: v.array(v.object({ place: v.array(v.nullable(v.number())), visits: v.number() })),
  lessons: savedLessonsSchema,
  /** `null` before any probe. */
  calibration: v.nullable(savedCalibrationSchema),
  excessMisses: v.number(),
});
type SavedLatency = v.InferOutput<typeof savedLatencySchema>;
const nothingLearned: SavedLatency = {
  landmarks: [],
  sites: [],
  lessons: [],
  calibration: null,
  excessMisses: 0,
};

/**
 * What a scene believes of the latency between two participants: first from the RTTs both have to the same
 * landmarks, then more and more from the scene's own probes between people at the same places.
 *
 * It follows from what it was told, in the order it was told: deterministic, no clock, no chance. It orders; a pair
 * is accepted or rejected by measurement only.
 *
 * The landmarks' part is a regression on the triangle's bounds (see `prior.ts`). The scene's own part is the errors of that
 * regression between places nearby (`lessons.ts`), and what became of what was said (`calibration.ts`).
 */
export class LatencyModel {
  readonly #landmarks: Landmarks;
  readonly #sites: Sites;
  readonly #lessons: Lessons;
  readonly #calibration: Calibration;
  readonly #misses: ExcessMisses;
  readonly #known = new WeakMap<Located, Known>();
  readonly #prospects = new WeakMap<readonly CrowdMember[], Prospects>();
  /** In the order of the log; learned from when somebody asks. What is learned does not depend on when that is. */
  readonly #unlearned: Observation[] = [];
  /** So many of the first ones were learned from. */
  #learned = 0;
  readonly #mostUnlearned: number;

  /**
   * @param saved what another model had learned: this one goes on there. What it knows of people is in themselves.
   * @param options.mostUnlearned probes kept to be learned from when somebody asks; beyond, the oldest is learned from
   */
  constructor(
    saved: SavedLatency = nothingLearned,
    { mostUnlearned = MOST_UNLEARNED }: { readonly mostUnlearned?: number } = {},
  ) {
    this.#mostUnlearned = mostUnlearned;
    this.#landmarks = new Landmarks(saved.landmarks);
    this.#sites = new Sites(
      saved.sites.map(({ place, visits }) => ({ place: place.map((rttMs) => rttMs ?? Number.NaN), visits })),
    );
    this.#lessons = new Lessons(this.#sites, saved.lessons);
    this.#calibration = new Calibration(saved.calibration);
    this.#misses = new ExcessMisses(saved.excessMisses);
  }

  save(): SavedLatency {
    this.#learnAll();
    return {
      landmarks: this.#landmarks.names,
      sites: this.#sites.save().map(({ place, visits }) => ({
        place: place.map((rttMs) => (Number.isNaN(rttMs) ? null : rttMs)),
        visits,
      })),
      lessons: this.#lessons.save(),
      calibration: this.#calibration.save(),
      excessMisses: this.#misses.count,
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
   * come. From landmarks, calibrated by what was known when the number of probes had last doubled.
   *
   * @param crowd of this somebody, as it stays: the answer is kept with it
   */
  prospects(somebody: Located, crowd: readonly CrowdMember[], limitMs: number): readonly number[] {
    const { place } = this.#know(somebody);
    if (place === null || crowd.length === 0) return [];
    this.#learnAll();
    let prospects = this.#prospects.get(crowd);
    if (prospects === undefined) {
      prospects = new Prospects(place, crowd);
      this.#prospects.set(crowd, prospects);
    }
    return prospects.within(limitMs, this.#calibration);
  }

  /**
   * A probe between the two measured this RTT, ms, whether it was accepted or not.
   *
   * @param limitMs the limit that was in force for the two; `null` = none
   */
  observe(a: Located, b: Located, rttMs: number, limitMs: number | null): void {
    if (limitMs !== null) this.#misses.observe(rttMs <= limitMs);
    const placeA = this.#know(a).place;
    const placeB = this.#know(b).place;
    if (placeA === null || placeB === null || rttMs <= 0) return;
    this.#unlearned.push({ a: placeA, b: placeB, rttMs, limitMs });
    if (this.#unlearned.length - this.#learned > this.#mostUnlearned) this.#learnNext();
  }

  /** How many more probes missed their limit than the others make up for ({@link ExcessMisses}). */
  get excessMisses(): number {
    return this.#misses.count;
  }

  /** The probability that a measurement of the two comes out at `limitMs` or less. */
  chance(a: Located, b: Located, limitMs: number): number {
    const belief = this.#beliefOf(a, b);
    return belief === null ? chanceOf(nothingKnown, limitMs) : this.#calibration.corrected(belief, limitMs);
  }

  /** The expected RTT with the bounds that 90 % of measurements stay within; unknown without landmarks. */
  edge(a: Located, b: Located): Edge {
    const belief = this.#beliefOf(a, b);
    if (belief === null) return unknownEdge;
    return {
      ...unknownEdge,
      status: "predicted",
      rttMs: quantileBelieved(belief, 0.5),
      lowMs: quantileBelieved(belief, 0.05),
      highMs: quantileBelieved(belief, 0.95),
    };
  }

  #learnAll(): void {
    while (this.#unlearned.length > 0) this.#learnNext();
  }

  #learnNext(): void {
    const next = this.#unlearned[this.#learned];
    if (next === undefined) return;
    this.#learned += 1;
    // Together, as taking away the first one moves all others.
    if (this.#learned === this.#unlearned.length || this.#learned > this.#mostUnlearned)
      this.#forgetLearned();
    const { a, b, rttMs, limitMs } = next;
    const bounds = boundsBetween(a, b);
    if (bounds === null) return;
    const prior = beliefFrom(bounds);
    if (limitMs !== null) this.#calibration.observe(this.#taught(prior, a, b), limitMs, rttMs <= limitMs);
    const error = Math.log(rttMs) - prior.logRttMs;
    this.#lessons.learn(a, b, { rttMs, error, sd: prior.scale * LOGISTIC_SD });
  }

  #forgetLearned(): void {
    this.#unlearned.splice(0, this.#learned);
    this.#learned = 0;
  }

  /** `null` where the two have no landmark in common. */
  #beliefOf(a: Located, b: Located): Belief | null {
    this.#learnAll();
    const placeA = this.#know(a).place;
    const placeB = this.#know(b).place;
    if (placeA === null || placeB === null) return null;
    // Not kept: it takes a microsecond, and those who wait have millions of pairs.
    const bounds = boundsBetween(placeA, placeB);
    return bounds === null ? null : this.#taught(beliefFrom(bounds), placeA, placeB);
  }

  /** What landmarks say, with what the scene's own probes have to say to it. */
  #taught(prior: Belief, a: Place, b: Place): Belief {
    const learned = this.#lessons.about(a, b);
    if (learned === null) return prior;
    const sd = prior.scale * LOGISTIC_SD;
    return {
      logRttMs: prior.logRttMs + sd * learned.error,
      scale: Math.sqrt(sd ** 2 * learned.varianceLeft + WITHIN_PLACES_SD ** 2) / LOGISTIC_SD,
      odd: prior.odd * learned.varianceLeft,
      bounds: prior.bounds,
      varianceLeft: learned.varianceLeft,
      moved: learned.error,
      repeats: learned.repeats,
      newShare: learned.newShare,
    };
  }

  /** Kept as long as what was measured about somebody stays the same. */
  #know(somebody: Located): Known {
    const known = this.#known.get(somebody);
    if (known?.serverRtt === somebody.serverRtt && known.beaconRttMs === somebody.beaconRttMs) return known;
    const { serverRtt, beaconRttMs } = somebody;
    const fresh = { serverRtt, beaconRttMs, place: this.#landmarks.placeOf(somebody) };
    this.#known.set(somebody, fresh);
    return fresh;
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
