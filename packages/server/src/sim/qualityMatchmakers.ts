import type { Candidate } from "../matchmakers/candidate.js";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { LatencyFifoMatchmaker } from "../matchmakers/latencyFifo.js";
import { LowestLatencyMatchmaker } from "../matchmakers/lowestLatency.js";
import type { Matchmaker } from "../matchmakers/matchmaker.js";
import type { QualityOptions } from "./qualityWorld.js";
import type { SimulatedWorld } from "./simulatedWorld.js";

/** What the quality benchmark compares. */
export const comparedMatchmakers = ["fifo", "latency-fifo", "lowest-latency", "oracle"] as const;
export type ComparedMatchmaker = (typeof comparedMatchmakers)[number];

/** A matchmaker of the comparison, with the world's limit; the rule of the sum uses the same figure. */
export function comparedMatchmaker(
  name: ComparedMatchmaker,
  world: SimulatedWorld,
  { maxP2pRttMs }: Pick<QualityOptions, "maxP2pRttMs">,
): Matchmaker {
  switch (name) {
    case "fifo":
      return new FifoMatchmaker({ maxP2pRttMs });
    case "latency-fifo":
      return new LatencyFifoMatchmaker({ maxServerRttMs: maxP2pRttMs, maxP2pRttMs });
    case "lowest-latency":
      return new LowestLatencyMatchmaker({ maxP2pRttMs });
    case "oracle":
      return new OracleMatchmaker(world, maxP2pRttMs);
  }
}

/**
 * The same engine with the truth as its estimate: it probes, and waits for the probe, but only pairs that will pass. What a
 * matchmaker could reach at best in this world.
 */
class OracleMatchmaker extends LowestLatencyMatchmaker {
  override readonly name = "oracle";
  readonly #world: SimulatedWorld;
  readonly #limitMs: number;

  constructor(world: SimulatedWorld, limitMs: number) {
    super({ maxP2pRttMs: limitMs });
    this.#world = world;
    this.#limitMs = limitMs;
  }

  protected override chance(a: Candidate, b: Candidate): number {
    return this.#world.rttMs(a.participantId, b.participantId) <= this.#limitMs ? 1 : 0;
  }
}
