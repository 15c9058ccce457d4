import {
  type Bounds,
  benchmarkWorld,
  boundsBetween,
  drawLastMileMs,
  type LatencyMatrix,
  medianNodes,
  seededRandom,
  submatrix,
  withNoise,
} from "@probematch/server/core";
import { shuffled } from "../shuffled.js";

/** Two people: what landmarks have to say about the path between them, and how long it is. */
export interface Pair {
  readonly bounds: Bounds;
  readonly rttMs: number;
}

/** A matrix in two, by nodes: what is fitted on one half is checked on the other. */
export function halvesOf(matrix: LatencyMatrix): readonly [LatencyMatrix, LatencyMatrix] {
  const order = shuffled(nodesOf(matrix), seededRandom("split"));
  const middle = order.length >> 1;
  return [submatrix(matrix, order.slice(0, middle)), submatrix(matrix, order.slice(middle))];
}

/**
 * Pairs of people as the quality benchmark has them (last mile, noise). Landmarks stand at k-median nodes of one half of the
 * matrix, drawn by the seed, and people live at nodes of the other: nobody is at a landmark by construction.
 */
export function drawPairs(
  matrix: LatencyMatrix,
  landmarks: number,
  seed: string,
  count: number,
): readonly Pair[] {
  const random = seededRandom(seed);
  const order = shuffled(nodesOf(matrix), random);
  const middle = order.length >> 1;
  const beacons = medianNodes(matrix, landmarks, { candidates: order.slice(0, middle) });
  const homes = order.slice(middle);
  const rttMs = (a: number, b: number) => matrix.rttMs[a]?.[b] ?? Number.NaN;
  const drawPerson = () => {
    const node = homes[Math.floor(random() * homes.length)] ?? 0;
    const ownMs = drawLastMileMs(benchmarkWorld, random);
    const to = (beacon: number) => withNoise(rttMs(node, beacon) + ownMs, benchmarkWorld, random);
    return { node, ownMs, place: beacons.map(to) };
  };
  return Array.from({ length: count }, () => {
    const [a, b] = [drawPerson(), drawPerson()];
    const bounds = boundsBetween(a.place, b.place);
    if (bounds?.landmarks !== landmarks)
      throw new Error(`a matrix of ${matrix.rttMs.length} nodes has no room for ${landmarks} landmarks`);
    return { bounds, rttMs: rttMs(a.node, b.node) + a.ownMs + b.ownMs };
  });
}

const nodesOf = ({ rttMs }: LatencyMatrix): readonly number[] => rttMs.map((_, node) => node);
