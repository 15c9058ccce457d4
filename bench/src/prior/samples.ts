import {
  type Bounds,
  benchmarkWorld,
  boundsBetween,
  type LatencyMatrix,
  medianNodes,
  normal,
  seededRandom,
  submatrix,
} from "@probematch/server/core";

/** Two people: what landmarks have to say about the path between them, and how long it is. */
export interface Pair {
  readonly bounds: Bounds;
  readonly rttMs: number;
}

/** A matrix in two, by nodes: what is fitted on one half is checked on the other. */
export function halvesOf(matrix: LatencyMatrix): readonly [LatencyMatrix, LatencyMatrix] {
  const order = shuffledNodes(matrix, seededRandom("split"));
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
  const { lastMileMs, lastMileSigma, noise } = benchmarkWorld;
  const order = shuffledNodes(matrix, random);
  const middle = order.length >> 1;
  const beacons = medianNodes(matrix, landmarks, { candidates: order.slice(0, middle) });
  const homes = order.slice(middle);
  const rttMs = (a: number, b: number) => matrix.rttMs[a]?.[b] ?? Number.NaN;
  const drawPerson = () => {
    const node = homes[Math.floor(random() * homes.length)] ?? 0;
    const ownMs = lastMileMs * Math.exp(lastMileSigma * normal(random));
    const noisy = (ms: number) => Math.max(0.1, ms * (1 + noise * normal(random)));
    return { node, ownMs, place: beacons.map((beacon) => noisy(rttMs(node, beacon) + ownMs)) };
  };
  return Array.from({ length: count }, () => {
    const [a, b] = [drawPerson(), drawPerson()];
    const bounds = boundsBetween(a.place, b.place);
    if (bounds?.landmarks !== landmarks)
      throw new Error(`a matrix of ${matrix.rttMs.length} nodes has no room for ${landmarks} landmarks`);
    return { bounds, rttMs: rttMs(a.node, b.node) + a.ownMs + b.ownMs };
  });
}

/** In an order of chance. */
function shuffledNodes({ rttMs }: LatencyMatrix, random: () => number): readonly number[] {
  return rttMs
    .map((_, node) => ({ node, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ node }) => node);
}
