import type { RttSummary } from "@probematch/shared";

/** What is known of where in the network somebody is. */
export interface Located {
  readonly serverRtt: RttSummary | null;
  readonly beaconRttMs: Readonly<Record<string, number>>;
}

/**
 * RTTs to landmarks (the beacons, and the server as one more), each landmark at its own index; `NaN` where one
 * was not measured.
 */
export type Place = readonly number[];

/** Gives every landmark its index, in the order in which they first occur. */
export class Landmarks {
  readonly #indices: Map<string, number>;

  constructor(names: readonly string[] = []) {
    this.#indices = new Map(names.map((name, i) => [name, i]));
  }

  /** In the order of their indices. */
  get names(): string[] {
    return [...this.#indices.keys()];
  }

  /** `null` when nothing was measured. */
  placeOf({ serverRtt, beaconRttMs }: Located): Place | null {
    const place: number[] = [];
    // A minimum shows the path, and beacons are reported as minima too.
    if (serverRtt !== null) place[this.#indexOf("server")] = serverRtt.minMs;
    for (const [beacon, rttMs] of Object.entries(beaconRttMs))
      place[this.#indexOf(`beacon ${beacon}`)] = rttMs;
    if (place.length === 0) return null;
    for (let i = 0; i < place.length; i += 1) place[i] ??= Number.NaN;
    return place;
  }

  #indexOf(name: string): number {
    const known = this.#indices.get(name);
    if (known !== undefined) return known;
    const index = this.#indices.size;
    this.#indices.set(name, index);
    return index;
  }
}

/** What two places have to say about the path between them, ms. */
export interface Bounds {
  /** How many landmarks both measured. */
  readonly landmarks: number;
  /** The shortest way over a landmark: an upper bound as far as the triangle inequality holds. */
  readonly aboveMs: number;
  /** The mean way over a landmark: how much of a choice the shortest one was. */
  readonly meanAboveMs: number;
  /** The three largest differences to one landmark (lower bounds), the largest first. */
  readonly below1Ms: number;
  readonly below2Ms: number;
  readonly below3Ms: number;
  /**
   * Standard deviation of the differences: without what both last miles add to every one of them, and near zero
   * for neighbours, however far they are from all landmarks.
   */
  readonly unlikeMs: number;
  /** How far the one that is nearer to some landmark is from it: near a landmark little is left to guess. */
  readonly remoteMs: number;
}

/** A path shorter than this is as good as this, ms: keeps ratios and logarithms sane. */
const SHORTEST_MS = 1;

/** `null` when the two have no landmark in common. */
export function boundsBetween(a: Place, b: Place): Bounds | null {
  const shared = Math.min(a.length, b.length);
  let landmarks = 0;
  let above = Number.POSITIVE_INFINITY;
  let ways = 0;
  let nearestToA = Number.POSITIVE_INFINITY;
  let nearestToB = Number.POSITIVE_INFINITY;
  let first = 0;
  let second = 0;
  let third = 0;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < shared; i += 1) {
    const x = a[i] ?? Number.NaN;
    const y = b[i] ?? Number.NaN;
    const difference = x - y;
    if (Number.isNaN(difference)) continue;
    landmarks += 1;
    above = Math.min(above, x + y);
    ways += x + y;
    nearestToA = Math.min(nearestToA, x);
    nearestToB = Math.min(nearestToB, y);
    sum += difference;
    squares += difference * difference;
    const size = Math.abs(difference);
    if (size > first) {
      third = second;
      second = first;
      first = size;
    } else if (size > second) {
      third = second;
      second = size;
    } else if (size > third) third = size;
  }
  if (landmarks === 0) return null;
  // With fewer than three landmarks the missing bounds are the best ones there are.
  if (landmarks < 2) second = first;
  if (landmarks < 3) third = second;
  const mean = sum / landmarks;
  return {
    landmarks,
    aboveMs: Math.max(SHORTEST_MS, above),
    meanAboveMs: Math.max(SHORTEST_MS, ways / landmarks),
    below1Ms: first,
    below2Ms: second,
    below3Ms: third,
    unlikeMs: Math.sqrt(Math.max(0, squares / landmarks - mean * mean)),
    remoteMs: Math.min(nearestToA, nearestToB),
  };
}
