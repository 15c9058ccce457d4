import { seededRandom } from "../../lobby/random.js";
import type { SimulatedPerson, SimulatedProbe, SimulatedWorld } from "../simulatedWorld.js";
import type { Lesson } from "./learn.js";

/** Somebody who comes at a time. */
export interface PilotArrival {
  /** ms from the beginning. */
  readonly at: number;
  /** Who it is: a place in the lesson's people. Default: any of them. */
  readonly person?: number;
  /** When this one leaves, ms from the beginning; `null` = does not. Default: drawn. */
  readonly leavesAt?: number | null;
}

/** People like those of a log, and between them paths like those of a log. All chance follows from the seed. */
export class PilotWorld implements SimulatedWorld {
  readonly people: readonly SimulatedPerson[];
  readonly #lesson: Lesson;
  readonly #models: readonly number[];
  readonly #chance: () => number;
  readonly #salt: number;
  readonly #rtts = new Map<number, number>();

  constructor(lesson: Lesson, arrivals: readonly PilotArrival[], seed: string) {
    const random = seededRandom(`${seed}/people`);
    this.#lesson = lesson;
    this.#chance = seededRandom(`${seed}/probes`);
    this.#salt = Math.floor(random() * 2 ** 32);
    const models: number[] = [];
    this.people = arrivals.map((arrival, i) => {
      const [who, stays] = [random(), random()];
      const model = arrival.person ?? Math.floor(who * lesson.people.length);
      const leavesAfterMs = lesson.leaving.draw(stays);
      const drawn = leavesAfterMs === null ? null : arrival.at + leavesAfterMs;
      models.push(model);
      return personLike(lesson, model, {
        id: `p${i}`,
        arrivesAt: arrival.at,
        leavesAt: arrival.leavesAt === undefined ? drawn : arrival.leavesAt,
      });
    });
    this.#models = models;
  }

  rttMs(a: string, b: string): number {
    const [i, j] = [Number(a.slice(1)), Number(b.slice(1))].sort((x, y) => x - y) as [number, number];
    const key = i * this.#models.length + j;
    const known = this.#rtts.get(key);
    if (known !== undefined) return known;
    const [x, y] = [this.#models[i], this.#models[j]];
    if (x === undefined || y === undefined) return Number.POSITIVE_INFINITY;
    const rttMs = this.#lesson.latencies.draw(x, y, uniform(this.#salt, i, j));
    this.#rtts.set(key, rttMs);
    return rttMs;
  }

  /**
   * Copies of one person never meet. They would be the nearest of neighbours, and just those who have no other would find
   * one there: in the pilot each of them was there once.
   */
  mayMeet(a: string, b: string): boolean {
    return this.#models[Number(a.slice(1))] !== this.#models[Number(b.slice(1))];
  }

  probe(a: string, b: string): SimulatedProbe {
    const { failedShare, failedMs, measuredMs } = this.#lesson.probes;
    const [fails, took] = [this.#chance() < failedShare, this.#chance()];
    if (fails) return { status: "failed", tookMs: oneOf(failedMs, took) };
    return { status: "measured", rttMs: this.rttMs(a, b), tookMs: oneOf(measuredMs, took) };
  }
}

/** For a log without probes: what setting up and measuring a link takes on a long path. */
export const UNKNOWN_PROBE_MS = 1_500;

const oneOf = (times: readonly number[], u: number): number =>
  times[Math.floor(u * times.length)] ?? UNKNOWN_PROBE_MS;

function personLike(
  { people }: Lesson,
  model: number,
  own: Pick<SimulatedPerson, "id" | "arrivesAt" | "leavesAt">,
): SimulatedPerson {
  const person = people[model];
  return {
    ...own,
    attributes: person?.attributes ?? {},
    webrtc: person?.webrtc ?? true,
    region: null,
    beaconRttMs: person?.beaconRttMs ?? {},
    serverRtt: person?.serverRtt ?? null,
    measuredAfterMs: person?.measuredAfterMs ?? 0,
  };
}

/** A number in (0, 1) for a pair, the same whenever it is asked for (MurmurHash3's finalizer over both). */
function uniform(salt: number, i: number, j: number): number {
  let h = salt ^ Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(j + 1, 0x85ebca77);
  for (let round = 0; round < 2; round += 1) {
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h = (h ^ (h >>> 16) ^ Math.imul(j, 0x27d4eb2f)) >>> 0;
  }
  return ((h >>> 0) + 0.5) / 2 ** 32;
}
