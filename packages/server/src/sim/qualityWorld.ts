import { seededRandom } from "../lobby/random.js";
import { type LatencyMatrix, medianNodes } from "./latencyMatrix.js";

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

export interface SimulatedPerson {
  readonly id: string;
  readonly arrivesAt: number;
  readonly node: number;
  readonly lastMileMs: number;
  readonly beaconRttMs: Readonly<Record<string, number>>;
  readonly serverRttMs: number;
}

/** People at the nodes of a matrix: everything about them follows from the seed. */
export class QualityWorld {
  readonly people: readonly SimulatedPerson[];
  readonly #matrix: LatencyMatrix;
  readonly #byId: ReadonlyMap<string, SimulatedPerson>;
  readonly #options: QualityOptions;
  readonly #chance: () => number;

  constructor(matrix: LatencyMatrix, options: QualityOptions, seed: string) {
    this.#matrix = matrix;
    this.#options = options;
    const random = seededRandom(`${seed}/people`);
    this.#chance = seededRandom(`${seed}/probes`);
    const beacons = medianNodes(matrix, options.beacons);
    const [server = 0] = medianNodes(matrix, 1);
    const noisy = (rttMs: number) => Math.max(0.1, rttMs * (1 + options.noise * normal(random)));
    let arrivesAt = 0;
    this.people = Array.from({ length: options.participants }, (_, i) => {
      arrivesAt += (-Math.log(1 - random()) / options.arrivalsPerSecond) * 1000;
      const node = Math.floor(random() * matrix.rttMs.length);
      const lastMileMs = options.lastMileMs * Math.exp(options.lastMileSigma * normal(random));
      const to = (other: number) => noisy((matrix.rttMs[node]?.[other] ?? 0) + lastMileMs);
      return {
        id: `p${i}`,
        arrivesAt,
        node,
        lastMileMs,
        beaconRttMs: Object.fromEntries(beacons.map((beacon) => [`b${beacon}`, to(beacon)])),
        serverRttMs: to(server),
      };
    });
    this.#byId = new Map(this.people.map((person) => [person.id, person]));
  }

  /** The true RTT of a pair, last miles included, ms. */
  rttMs(a: string, b: string): number {
    const [x, y] = [this.#byId.get(a), this.#byId.get(b)];
    if (x === undefined || y === undefined) return Number.POSITIVE_INFINITY;
    return (this.#matrix.rttMs[x.node]?.[y.node] ?? 0) + x.lastMileMs + y.lastMileMs;
  }

  /** Does this probe fail for no reason? */
  probeFails(): boolean {
    return this.#chance() < this.#options.probeFailures;
  }
}

/** A standard normal number (Box and Muller 1958). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
