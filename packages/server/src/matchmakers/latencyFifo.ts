import type { Candidate } from "./candidate.js";
import { FifoMatchmaker } from "./fifo.js";
import { requiredMs } from "./options.js";
import type { P2pLimit } from "./p2pLimit.js";

/**
 * First come, first served among those whose path through the server would be short enough: two candidates are
 * left apart while the **sum** of their RTTs to the server exceeds `maxServerRttMs`. The rule holds for every pair of a
 * group. A candidate whose server RTT is not known yet is not excluded. A sum equal to the limit passes.
 *
 * Cheap, and weak: the sum is the length of the path *through the server*, an upper bound of the direct path as far
 * as the triangle inequality holds on the internet (about 5 % of triples break it); the lower bound is the
 * difference |a − b|. So two neighbours who are each 200 ms away from the server are never even probed, although
 * their direct path may take 5 ms: on measured internet latencies a limit of 100 ms strands over half of the participants. Where
 * participants live far from the server, prefer a matchmaker that only orders by prediction.
 *
 * @example
 * ```ts
 * new LatencyFifoMatchmaker({ maxServerRttMs: 200, maxP2pRttMs: 150 });
 * ```
 */
export class LatencyFifoMatchmaker extends FifoMatchmaker {
  override readonly name: string = "LatencyFIFO";
  /** Largest sum of two members' median server RTTs, ms, inclusive. */
  readonly maxServerRttMs: number;

  /**
   * @param options.maxServerRttMs largest sum of two server RTTs, ms, inclusive
   * @param options.maxP2pRttMs largest peer-to-peer RTT of a match: ms, inclusive, or a limit that relaxes; `null`
   *   (default): no probing
   * @throws {TypeError} when one of them is not a limit
   */
  constructor(options: { readonly maxServerRttMs: number; readonly maxP2pRttMs?: P2pLimit }) {
    super(options);
    const problem = requiredMs("maxServerRttMs", options.maxServerRttMs);
    if (problem !== null) throw new TypeError(problem);
    this.maxServerRttMs = options.maxServerRttMs;
  }

  override get readsServerRtt(): boolean {
    return true;
  }

  override allowsPair(a: Candidate, b: Candidate): boolean {
    if (a.serverRtt === null || b.serverRtt === null) return true;
    return a.serverRtt.medianMs + b.serverRtt.medianMs <= this.maxServerRttMs;
  }

  override describe(): Record<string, unknown> {
    return { ...super.describe(), maxServerRttMs: this.maxServerRttMs };
  }
}
