import type { Attributes } from "@probematch/shared";
import { seededRandom } from "../lobby/random.js";
import { type LatencyMatrix, medianNodes } from "./latencyMatrix.js";
import {
  type SimulatedPerson,
  type SimulatedProbe,
  type SimulatedWorld,
  steadyRtt,
} from "./simulatedWorld.js";

/** How the people of a simulated study come and where they are. */
export interface QualityOptions {
  readonly participants: number;
  readonly arrivalsPerSecond: number;
  readonly groupSize: number;
  readonly maxP2pRttMs: number;
  /** From the proposal to both reports. */
  readonly probeMs: number;
  readonly patienceMs: number;
  readonly beacons: number;
  /** Median of the log-normal last mile a participant adds to every path, ms. */
  readonly lastMileMs: number;
  /** Standard deviation of its logarithm. */
  readonly lastMileSigma: number;
  /** Relative noise of every beacon and server RTT. */
  readonly noise: number;
  /** Share of probes that fail for no reason. */
  readonly probeFailures: number;
  /** Share of people who leave at some time of their patience if they are not matched by then. Default: 0. */
  readonly dropout?: number;
  /** What a side adds to a probe's RTT, ms, in the mean (exponential, drawn anew for every probe). Default: 0. */
  readonly jitterMs?: number;
  /** How often a participant is drawn from each node. Default: all alike. */
  readonly weights?: readonly number[];
  /** The region of each node. Default: none. */
  readonly regions?: readonly string[];
  /** Who arrives when, ms from the beginning, in order. Default: Poisson arrivals. */
  readonly arrivals?: readonly PlannedArrival[];
  /** What attributes people have: for each one of these is drawn, in proportion to the weights. Default: none. */
  readonly attributes?: readonly WeightedAttributes[];
}

export interface PlannedArrival {
  readonly at: number;
  readonly attributes: Attributes;
}

export interface WeightedAttributes {
  readonly attributes: Attributes;
  readonly weight: number;
}

/** The world of the quality benchmark. */
export const benchmarkWorld: QualityOptions = {
  participants: 5_000,
  arrivalsPerSecond: 0.2,
  groupSize: 2,
  maxP2pRttMs: 100,
  probeMs: 5_000,
  patienceMs: 300_000,
  beacons: 5,
  lastMileMs: 8,
  lastMileSigma: 0.6,
  noise: 0.02,
  probeFailures: 0.03,
};

/** The nodes that stand at these places of a matrix. */
interface WorldLandmarks {
  readonly beacons: readonly number[];
  readonly server: number;
}

interface Inhabitant extends SimulatedPerson {
  readonly node: number;
  readonly lastMileMs: number;
}

/** People at the nodes of a matrix: everything about them follows from the seed. */
export class QualityWorld implements SimulatedWorld {
  readonly people: readonly Inhabitant[];
  /** What everybody measures: beacon `b7` is at node 7. */
  readonly landmarks: WorldLandmarks;
  readonly #matrix: LatencyMatrix;
  readonly #byId: ReadonlyMap<string, Inhabitant>;
  readonly #options: QualityOptions;
  readonly #chance: () => number;
  readonly #jitter: () => number;

  constructor(matrix: LatencyMatrix, options: QualityOptions, seed: string) {
    this.#matrix = matrix;
    this.#options = options;
    this.#chance = seededRandom(`${seed}/probes`);
    this.#jitter = seededRandom(`${seed}/jitter`);
    this.landmarks = landmarksOf(matrix, options);
    this.people = peopleOf(matrix, options, this.landmarks, seed);
    this.#byId = new Map(this.people.map((person) => [person.id, person]));
  }

  rttMs(a: string, b: string): number {
    const [x, y] = [this.#byId.get(a), this.#byId.get(b)];
    if (x === undefined || y === undefined) return Number.POSITIVE_INFINITY;
    return (this.#matrix.rttMs[x.node]?.[y.node] ?? 0) + x.lastMileMs + y.lastMileMs;
  }

  probe(a: string, b: string): SimulatedProbe {
    const { probeFailures, probeMs: tookMs, jitterMs = 0 } = this.#options;
    if (this.#chance() < probeFailures) return { status: "failed", tookMs };
    const exponential = () => -jitterMs * Math.log(1 - this.#jitter());
    const rttMs = this.rttMs(a, b) + (jitterMs === 0 ? 0 : exponential() + exponential());
    return { status: "measured", rttMs, tookMs };
  }
}

function landmarksOf(matrix: LatencyMatrix, { beacons, weights }: QualityOptions): WorldLandmarks {
  const where = weights === undefined ? {} : { weights };
  const [server = 0] = medianNodes(matrix, 1, where);
  return { beacons: medianNodes(matrix, beacons, where), server };
}

/** What somebody adds to every path, ms. */
export const drawLastMileMs = (
  { lastMileMs, lastMileSigma }: Pick<QualityOptions, "lastMileMs" | "lastMileSigma">,
  random: () => number,
): number => lastMileMs * Math.exp(lastMileSigma * normal(random));

/** The RTT to a landmark as a page would measure it, ms. */
export const withNoise = (
  rttMs: number,
  { noise }: Pick<QualityOptions, "noise">,
  random: () => number,
): number => Math.max(0.1, rttMs * (1 + noise * normal(random)));

function peopleOf(
  matrix: LatencyMatrix,
  options: QualityOptions,
  { beacons, server }: WorldLandmarks,
  seed: string,
): Inhabitant[] {
  const { arrivals, regions, attributes: kinds = [], dropout = 0 } = options;
  const weights = options.weights ?? matrix.rttMs.map(() => 1);
  const random = seededRandom(`${seed}/people`);
  const leaving = seededRandom(`${seed}/leaving`);
  const kind = seededRandom(`${seed}/attributes`);
  const nodeAt = drawerOf(weights);
  const kindAt = drawerOf(kinds.map(({ weight }) => weight));
  let drawnAt = 0;
  return Array.from({ length: options.participants }, (_, i) => {
    drawnAt += (-Math.log(1 - random()) / options.arrivalsPerSecond) * 1000;
    const planned = arrivals?.[i];
    const arrivesAt = planned?.at ?? drawnAt;
    const [leaves, when] = [leaving() < dropout, leaving()];
    const node = nodeAt(random());
    const lastMileMs = drawLastMileMs(options, random);
    const to = (other: number) => withNoise((matrix.rttMs[node]?.[other] ?? 0) + lastMileMs, options, random);
    return {
      id: `p${i}`,
      arrivesAt,
      leavesAt: leaves ? arrivesAt + when * options.patienceMs : null,
      attributes: { ...kinds[kindAt(kind())]?.attributes, ...planned?.attributes },
      webrtc: true,
      region: regions?.[node] ?? null,
      node,
      lastMileMs,
      beaconRttMs: Object.fromEntries(beacons.map((beacon) => [`b${beacon}`, to(beacon)])),
      serverRtt: steadyRtt(to(server)),
      measuredAfterMs: 0,
    };
  });
}

/** Maps a number from [0, 1) to an index, in proportion to the weights. */
function drawerOf(weights: readonly number[]): (at: number) => number {
  const total = weights.reduce((a, b) => a + b, 0);
  let sum = 0;
  const ends = weights.map((weight) => {
    sum += weight;
    return sum;
  });
  return (at) => {
    const found = ends.findIndex((end) => at * total < end);
    return found === -1 ? weights.length - 1 : found;
  };
}

/** A standard normal number (Box and Muller 1958). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
