import { chanceOf, nothingKnown } from "./belief.js";
import type { Calibration } from "./calibration.js";
import { boundsBetween, type Place } from "./landmarks.js";
import { beliefFrom } from "./prior.js";

/** Somebody's prospects are judged by so many people. */
const CROWD = 64;

/** Somebody who was located: one of a sample of those who will come next. */
export interface CrowdMember {
  readonly participantId: string;
  readonly place: Place;
}

/**
 * Takes somebody into the crowd of those who were located last, in the place of what was known of the same one before.
 *
 * @returns the crowd from now on, and the others in it
 */
export function meet(
  crowd: readonly CrowdMember[],
  participantId: string,
  place: Place,
): { readonly crowd: readonly CrowdMember[]; readonly others: readonly CrowdMember[] } {
  const others = crowd.filter((member) => member.participantId !== participantId);
  return { crowd: [...others.slice(1 - CROWD), { participantId, place }], others };
}

/** Somebody's chances with those who were there when it was located. Worked out when they are first asked for. */
export class Prospects {
  readonly #place: Place;
  readonly #others: readonly CrowdMember[];
  #limitMs = Number.NaN;
  #generation = -1;
  #chances: readonly number[] = [];

  constructor(place: Place, others: readonly CrowdMember[]) {
    this.#place = place;
    this.#others = others;
  }

  /** Best first; the very same list as long as the calibration's generation is the same. */
  within(limitMs: number, calibration: Calibration): readonly number[] {
    if (limitMs !== this.#limitMs || calibration.generation !== this.#generation) {
      const chances = this.#others.map(({ place }) => this.#chanceWith(place, limitMs, calibration));
      this.#chances = chances.sort((a, b) => b - a);
      this.#limitMs = limitMs;
      this.#generation = calibration.generation;
    }
    return this.#chances;
  }

  #chanceWith(place: Place, limitMs: number, calibration: Calibration): number {
    const bounds = boundsBetween(this.#place, place);
    return bounds === null
      ? chanceOf(nothingKnown, limitMs)
      : calibration.settled(beliefFrom(bounds), limitMs);
  }
}
