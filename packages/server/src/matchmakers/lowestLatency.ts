import { BatchWindow } from "./batchWindow.js";
import type { Candidate } from "./candidate.js";
import { GainOfMatch } from "./gainOfMatch.js";
import { type MatchContext, Matchmaker } from "./matchmaker.js";
import { optionalMs, optionalShare, requiredMs } from "./options.js";
import { type P2pLimit, requiredLimit } from "./p2pLimit.js";
import { PROBE, priceOfProbe, priceOfTry } from "./priceOfProbe.js";
import { WaitSteps } from "./waitSteps.js";

export interface LowestLatencyOptions {
  /** The limit on a match's measured peer-to-peer RTT: ms, inclusive, or one that relaxes. Never exceeded. */
  readonly maxP2pRttMs: Exclude<P2pLimit, null>;
  /**
   * How long participants are assumed to stay where the scene sets no wait limit, ms: the less of it is left, the smaller a chance
   * is worth a probe.
   * Default: 300,000.
   */
  readonly patienceMs?: number;
  /**
   * A bound on the prediction, 0 to 1: two whose predicted chance to be within the limit is below it are never probed, however
   * long they wait. It rejects without a measurement, and the prediction is sometimes wrong: say so in the study.
   * Default: 0, what is probed is a matter of its price only. (Pairs with a chance below one in forty are not worth it even at the end
   * of a wait, nor those below one in twenty in a scene of which very many probes measured too slow a path.)
   */
  readonly leastChance?: number;
  /**
   * Newcomers are collected for so long, ms, and then proposed together: who came last may be the better partner of who came
   * first. Costs every newcomer half of it on average; windows are the same for all, by the server's time. Default: 0, at once.
   */
  readonly batchWindowMs?: number;
}

/** Beyond this, more chance is worth no place in line. */
const LIKELY = 0.95;
/** Worths that differ by less than this are the same, and seniority decides. */
const WORTH_STEP = 0.01;
/** Partners looked at for one candidate: the longest waiting ones. */
const MOST_PARTNERS = 1_000;
/** Pairs looked at in answer to one question; who is not reached is asked about again at the next step. */
const MOST_PAIRS = 100_000;
/** Second members tried for one group of more than two. */
const MOST_SEEDS = 8;

/**
 * Probes first who will probably be close enough, and pays for it with as little waiting as possible.
 *
 * Candidates are paired by the chance that their path is within the limit, as predicted from beacons and learned from
 * the scene's own probes. For everybody it is worked out what it is worth to wait on: going by the people who came last, by
 * how many are still to come before its wait is over, and by what a probe and waiting cost ({@link GainOfMatch}). Two are
 * probed where the chance, times what a match now is worth more to both than to wait on, is more than the price of a probe,
 * which rises for doubtful ones in a scene that has had hundreds of them in vain ({@link priceOfProbe}).
 *
 * So a newcomer among many neighbours is choosy, somebody remote takes early what is its best, and everybody takes a smaller
 * chance towards the end of the wait. Whom the end is near gains more than a newcomer does, and what is worth more
 * is tried first: a small chance for the one comes before the other's certainty, so nobody starves whom a
 * probe could match. Where it is worth the same, whoever has waited longest comes first. Nothing ever exceeds
 * `maxP2pRttMs`: a prediction chooses whom to measure, the measurement decides.
 *
 * A scene's preferences come first among those who are worth a probe; the further members of a larger group go by latency.
 *
 * @example
 * ```ts
 * new LowestLatencyMatchmaker({ maxP2pRttMs: 100 });
 * ```
 */
export class LowestLatencyMatchmaker extends Matchmaker {
  override readonly name: string = "LowestLatency";
  readonly patienceMs: number;
  readonly leastChance: number;
  readonly batchWindowMs: number;
  readonly #wait: WaitSteps;
  readonly #batch: BatchWindow;
  readonly #gain: GainOfMatch;

  /** @throws {TypeError} when an option has no meaning */
  constructor(options: LowestLatencyOptions) {
    super(options);
    const patience = options.patienceMs ?? 300_000;
    const problem = requiredLimit("maxP2pRttMs", options.maxP2pRttMs) ?? optionalMs("patienceMs", patience);
    if (problem !== null) throw new TypeError(problem);
    this.leastChance = options.leastChance ?? 0;
    this.batchWindowMs = options.batchWindowMs ?? 0;
    const bound =
      optionalShare("leastChance", this.leastChance) ?? requiredMs("batchWindowMs", this.batchWindowMs);
    if (bound !== null) throw new TypeError(bound);
    this.patienceMs = patience;
    this.#wait = new WaitSteps(patience);
    this.#batch = new BatchWindow(this.batchWindowMs, this.#wait);
    this.#gain = new GainOfMatch(this.#wait);
  }

  override get looksAtWholePool(): boolean {
    return false;
  }

  /** The server is one of the landmarks the prediction goes by. */
  override get readsServerRtt(): boolean {
    return true;
  }

  override get readsBeacons(): boolean {
    return true;
  }

  override findMatch(
    arriving: Candidate,
    waiting: readonly Candidate[],
    groupSize: number,
    context: MatchContext,
  ): readonly Candidate[] | null {
    if (!this.#batch.isCollected(arriving, context.now)) return null;
    const nearby = this.#partnersOf(arriving, waiting, context);
    if (nearby.length < groupSize - 1) return null;
    for (const second of this.#seeds(arriving, nearby, context)) {
      const group = this.#complete(arriving, second, nearby, groupSize, context);
      if (group !== null) return group;
    }
    return null;
  }

  override findMatches(
    pool: readonly Candidate[],
    groupSize: number,
    context: MatchContext,
    asked: readonly Candidate[],
  ): readonly (readonly Candidate[])[] {
    const groups: (readonly Candidate[])[] = [];
    const taken = new Set<Candidate>();
    let pairs = 0;
    for (const candidate of asked) {
      if (pool.length - taken.size < groupSize || pairs >= MOST_PAIRS) break;
      if (taken.has(candidate)) continue;
      const sharing = context.sharing(candidate, pool);
      pairs += Math.min(sharing.length, MOST_PARTNERS);
      const left = taken.size === 0 ? sharing : sharing.filter((c) => !taken.has(c));
      const group = this.findMatch(candidate, left, groupSize, context);
      if (group === null) continue;
      groups.push(group);
      for (const member of group) taken.add(member);
    }
    return groups;
  }

  /** The search begins when the candidate's window is over; with every step there is less to wait for. */
  override relaxesAt(candidate: Candidate, { now }: Pick<MatchContext, "now">): number | null {
    const collectedAt = this.#batch.collectedAt(candidate);
    if (collectedAt !== null && collectedAt > now) return collectedAt;
    return this.#wait.nextStepAt(candidate, now);
  }

  override describe(): Record<string, unknown> {
    // What is not used is not in the description, so that the log of a scene without it can still be replayed.
    const bound = this.leastChance === 0 ? {} : { leastChance: this.leastChance };
    const batch = this.batchWindowMs === 0 ? {} : { batchWindowMs: this.batchWindowMs };
    return { ...super.describe(), patienceMs: this.patienceMs, ...bound, ...batch };
  }

  /** The chance that a probe of these two is accepted. */
  protected chance(a: Candidate, b: Candidate, context: MatchContext): number {
    return context.chance(a, b);
  }

  /** With whom a probe is worth its price, by seniority. */
  #partnersOf(candidate: Candidate, pool: readonly Candidate[], context: MatchContext): readonly Partner[] {
    // Worked out when there is somebody: most questions find nobody who is likely.
    let ownGain: number | undefined;
    const ownWaited = this.#wait.shareOver(candidate, context.now);
    const partners: Partner[] = [];
    for (const other of pool.length > MOST_PARTNERS ? pool.slice(0, MOST_PARTNERS) : pool) {
      if (other === candidate || !this.#batch.isCollected(other, context.now)) continue;
      if (!context.allowed(candidate, other)) continue;
      const chance = this.chance(candidate, other, context);
      // The gains are at most 1 each: most people far away need no closer look, and the other's gain is not worked out.
      if (chance < this.leastChance || 2 * chance <= PROBE) continue;
      ownGain ??= this.#gain.of(candidate, context);
      const price = priceOfProbe(chance, context.excessMisses);
      if (worthNow(chance, ownGain + 1, price) <= 0) continue;
      const otherGain = this.#gain.of(other, context);
      const gain = ownGain + otherGain;
      const isLast = this.#wait.isLastPart(Math.max(ownWaited, this.#wait.shareOver(other, context.now)));
      const later = isLast ? 0 : worthLater(chance, ownGain, otherGain, price);
      const now = worthNow(chance, gain, price);
      if (now <= 0 || now < later) continue;
      partners.push({
        candidate: other,
        chance,
        gain,
        worth: Math.round((Math.min(chance, LIKELY) * gain) / WORTH_STEP),
        isSenior: bySeniority(other, candidate) < 0,
      });
    }
    return partners;
  }

  /**
   * Whom to try as the second member: by the scene's preferences, where it has any, then first who is worth most. Among equals whoever
   * came before this candidate, by seniority, then the most likely.
   */
  #seeds(candidate: Candidate, partners: readonly Partner[], context: MatchContext): readonly Partner[] {
    const byWorth = (a: Partner, b: Partner): number => {
      if (a.worth !== b.worth) return b.worth - a.worth;
      if (a.isSenior !== b.isSenior) return a.isSenior ? -1 : 1;
      return a.isSenior ? 0 : b.chance - a.chance;
    };
    const worthiest = [...partners].sort(byWorth);
    const inOrder = worthiest.map((partner) => partner.candidate);
    const preferred = context.prefer(candidate, inOrder);
    if (preferred === inOrder) return worthiest.slice(0, MOST_SEEDS);
    const partnerOf = new Map(worthiest.map((partner) => [partner.candidate, partner]));
    return preferred.slice(0, MOST_SEEDS).flatMap((one) => partnerOf.get(one) ?? []);
  }

  #complete(
    first: Candidate,
    second: Partner,
    partners: readonly Partner[],
    groupSize: number,
    context: MatchContext,
  ): readonly Candidate[] | null {
    const group = [first, second.candidate];
    let chance = second.chance;
    let { gain } = second;
    while (group.length < groupSize) {
      let best: Candidate | null = null;
      let bestChance = 0;
      for (const { candidate, chance: withFirst } of partners) {
        if (group.includes(candidate)) continue;
        let together = chance * withFirst;
        for (const member of group.slice(1)) {
          if (together <= bestChance) break;
          const chanceWith = context.allowed(member, candidate) ? this.chance(member, candidate, context) : 0;
          together *= chanceWith < this.leastChance ? 0 : chanceWith;
        }
        if (together > bestChance && context.allowedGroup([...group, candidate]))
          [best, bestChance] = [candidate, together];
      }
      if (best === null) return null;
      group.push(best);
      chance = bestChance;
      gain += this.#gain.of(best, context);
    }
    if (worthNow(chance, gain, priceOfTry(chance, groupSize, context.excessMisses)) <= 0) return null;
    // By seniority: whoever was asked about, a group is the same.
    return group.sort(bySeniority);
  }
}

/** What a probe is worth where a match is worth so much more to its members than to wait on. */
const worthNow = (chance: number, gain: number, price: number): number => chance * gain - price;

/**
 * What it is worth to leave a probe of two who both wait for the end: as a rule one of them is matched before, and it is saved. What each
 * gains by a match now is about the chance that it is still there then, and to both a match is then worth everything.
 */
const worthLater = (chance: number, gainA: number, gainB: number, price: number): number =>
  gainA * gainB * (2 * chance - price);

interface Partner {
  readonly candidate: Candidate;
  readonly chance: number;
  /** What a match now is worth more to both than to wait on. */
  readonly gain: number;
  /** What a probe with this one is worth, compared with others, in steps. */
  readonly worth: number;
  readonly isSenior: boolean;
}

const bySeniority = (a: Candidate, b: Candidate): number =>
  b.priority - a.priority || a.arrivedAt - b.arrivedAt;
