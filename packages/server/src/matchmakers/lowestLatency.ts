import type { Candidate } from "./candidate.js";
import { type MatchContext, Matchmaker } from "./matchmaker.js";
import { optionalMs, optionalShare, requiredMs } from "./options.js";
import { type P2pLimit, requiredLimit } from "./p2pLimit.js";

export interface LowestLatencyOptions {
  /** The limit on a match's measured peer-to-peer RTT: ms, inclusive, or one that relaxes. Never exceeded. */
  readonly maxP2pRttMs: Exclude<P2pLimit, null>;
  /**
   * How long participants are assumed to stay where the scene sets no wait limit, ms: over this time a search widens.
   * Default: 300,000.
   */
  readonly patienceMs?: number;
  /**
   * A bound on the prediction, 0 to 1: two whose predicted chance to be within the limit is below it are never probed, however
   * long they wait. It rejects without a measurement, and the prediction is sometimes wrong: say so in the study.
   * Default: 0, the prediction only orders.
   */
  readonly leastChance?: number;
  /**
   * Newcomers are collected for so long, ms, and then proposed together: who came last may be the better partner of who came
   * first. Costs every newcomer half of it on average; windows are the same for all, by the server's time. Default: 0, at once.
   */
  readonly batchWindowMs?: number;
}

/** A newcomer is probed with partners who are at least this likely to be within the limit. */
const CHOOSIEST = 0.85;
/** What that falls to until the last part of the wait: with its square root, so soon at first and slowly then. */
const LEAST_CHOOSY = 0.15;
/**
 * In the last part of the wait anybody is worth a probe who is not as good as impossible. (Pairs predicted to have a
 * chance of one in a hundred turn out good more often than that; below it hardly ever.)
 */
const LAST_PART = 0.1;
const LAST_CHANCE = 0.007;
/**
 * Who is far from everybody cannot wait for the chances that others have: it takes what is better than all but this many of
 * those still to come.
 */
const CHANCES_LEFT = 2;
/** But nothing below this chance, before the last part of the wait. */
const LEAST_HOPE = 0.08;
/** With fewer people to go by, nothing is expected of those still to come. */
const FEWEST_PROSPECTS = 16;
/**
 * By how much a probe with somebody at the end of the wait is worth more than one with a newcomer of the same chance; in
 * between in proportion to the wait. So the longest waiting is tried first where the chances are alike, and where they are
 * not, it is not tried first with whom it will hardly get on.
 */
const WORTH_OF_WAITING = 3;
/** The same in the last part of the wait: it is now or never. */
const WORTH_AT_LAST = 8;
/** The search widens in this many steps, at each of which a candidate is asked about again. */
const STEPS = 20;
/** Partners looked at for one candidate: the longest waiting ones. */
const MOST_PARTNERS = 2_000;
/** Pairs looked at in answer to one question; who is not reached is asked about again at the next step. */
const MOST_PAIRS = 100_000;
/** Second members tried for one group of more than two. */
const MOST_SEEDS = 8;

/**
 * Probes first who will probably be close enough, and pays for it with as little waiting as possible.
 *
 * Candidates are paired by the chance that their path is within the limit, as predicted from beacons and learned from
 * the scene's own probes. A newcomer is choosy; the longer somebody waits the smaller a chance is worth a probe,
 * and in the last tenth of the wait (up to the scene's limit) everybody who is not as good as impossible
 * is tried, the most promising first. Nothing ever exceeds `maxP2pRttMs`: a prediction chooses whom to measure, the
 * measurement decides.
 *
 * Who is far from everybody would wait in vain for such chances. So nobody asks for more than what it can still hope for, going
 * by the people who came last: somebody remote takes early what is its best.
 *
 * Among those who would do, whoever has waited longest is served first; a long wait makes up for a smaller chance, and in its last
 * tenth a chance of a tenth comes before a newcomer's certainty. So nobody starves whom a probe could match.
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
    if (!this.#isCollected(arriving, context.now)) return null;
    const nearby = this.#partnersOf(arriving, waiting, context);
    if (nearby.length < groupSize - 1) return null;
    for (const second of this.#seeds(nearby)) {
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
    let left = pool;
    let pairs = 0;
    for (const candidate of asked) {
      if (left.length < groupSize || pairs >= MOST_PAIRS) break;
      pairs += Math.min(left.length, MOST_PARTNERS);
      if (!left.includes(candidate)) continue;
      const group = this.findMatch(candidate, left, groupSize, context);
      if (group === null) continue;
      groups.push(group);
      left = left.filter((c) => !group.includes(c));
    }
    return groups;
  }

  /** The search begins when the candidate's window is over, and widens with every step. */
  override relaxesAt(candidate: Candidate, { now }: Pick<MatchContext, "now">): number | null {
    const collectedAt = this.#collectedAt(candidate);
    if (collectedAt !== null && collectedAt > now) return collectedAt;
    const stepMs = this.#waitMs(candidate) / STEPS;
    const step = Math.floor((now - candidate.arrivedAt) / stepMs) + 1;
    if (step > STEPS) return null;
    const at = candidate.arrivedAt + step * stepMs;
    return at > now ? at : candidate.arrivedAt + (step + 1) * stepMs;
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

  /**
   * When this candidate may be proposed: at the end of the window it came in, and not later than the last part of its wait; `null`
   * where nobody is collected.
   */
  #collectedAt({ arrivedAt, waitDeadlineAt }: Candidate): number | null {
    if (this.batchWindowMs === 0) return null;
    const windowEnd = Math.ceil(arrivedAt / this.batchWindowMs) * this.batchWindowMs;
    return Math.min(windowEnd, arrivedAt + (1 - LAST_PART) * this.#waitMs({ arrivedAt, waitDeadlineAt }));
  }

  #isCollected(candidate: Candidate, now: number): boolean {
    const at = this.#collectedAt(candidate);
    return at === null || at <= now;
  }

  /** How much of the wait is over, 0 to 1, in steps. */
  #waited(candidate: Candidate, now: number): number {
    const step = Math.floor(((now - candidate.arrivedAt) / this.#waitMs(candidate)) * STEPS + 1e-9);
    return Math.max(0, Math.min(1, step / STEPS));
  }

  #weight(candidate: Candidate, now: number): number {
    const waited = this.#waited(candidate, now);
    return 1 + (waited >= 1 - LAST_PART ? WORTH_AT_LAST : WORTH_OF_WAITING * waited);
  }

  /**
   * The smallest chance this candidate is probed at now: what the time waited asks for, or as much as it can still hope
   * for, if that is less.
   */
  #required(candidate: Candidate, context: MatchContext): number {
    const waited = this.#waited(candidate, context.now);
    if (waited >= 1 - LAST_PART) return LAST_CHANCE;
    const scheduled = CHOOSIEST - (CHOOSIEST - LEAST_CHOOSY) * Math.sqrt(waited / (1 - LAST_PART));
    return Math.min(scheduled, Math.max(LEAST_HOPE, this.#hope(candidate, waited, context)));
  }

  /** The chance that a given number of those still to come will exceed, going by those who came last; 1 = cannot be said. */
  #hope(candidate: Candidate, waited: number, context: MatchContext): number {
    const rate = context.arrivalsPerSecond;
    const prospects = context.prospects(candidate);
    if (rate === null || prospects.length < FEWEST_PROSPECTS) return 1;
    const stillToCome = (rate * (1 - waited) * this.#waitMs(candidate)) / 1000;
    const rank = Math.floor((CHANCES_LEFT * prospects.length) / stillToCome);
    return prospects[Math.min(rank, prospects.length - 1)] ?? 1;
  }

  #waitMs({ waitDeadlineAt, arrivedAt }: Pick<Candidate, "waitDeadlineAt" | "arrivedAt">): number {
    return Math.max(1, waitDeadlineAt === null ? this.patienceMs : waitDeadlineAt - arrivedAt);
  }

  /** Who is likely enough for one of the two, by seniority. */
  #partnersOf(candidate: Candidate, pool: readonly Candidate[], context: MatchContext): readonly Partner[] {
    const required = this.#required(candidate, context);
    const partners: Partner[] = [];
    for (const other of pool.length > MOST_PARTNERS ? pool.slice(0, MOST_PARTNERS) : pool) {
      if (other === candidate || !this.#isCollected(other, context.now)) continue;
      if (!context.allowed(candidate, other)) continue;
      const chance = this.chance(candidate, other, context);
      if (chance < this.leastChance) continue;
      if (chance >= Math.min(required, this.#required(other, context)))
        partners.push({
          candidate: other,
          chance,
          // Beyond what a newcomer asks for, more chance is worth no place in line.
          worth: Math.min(chance, CHOOSIEST) * this.#weight(other, context.now),
          isSenior: comesBefore(other, candidate),
        });
    }
    return partners;
  }

  /**
   * Whom to try as the second member, first who is worth most. Among equals whoever came before this candidate, by
   * seniority, then the most likely.
   */
  #seeds(partners: readonly Partner[]): readonly Partner[] {
    const byWorth = (a: Partner, b: Partner): number => {
      if (a.worth !== b.worth) return b.worth - a.worth;
      if (a.isSenior !== b.isSenior) return a.isSenior ? -1 : 1;
      return a.isSenior ? 0 : b.chance - a.chance;
    };
    return [...partners].sort(byWorth).slice(0, MOST_SEEDS);
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
    let required = Math.min(this.#required(first, context), this.#required(second.candidate, context));
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
      required = Math.min(required, this.#required(best, context));
    }
    return chance >= required ** stakes(groupSize) ? group : null;
  }
}

/**
 * A try at a larger group costs more probes, and a group falls with any one of its pairs: it has to be more promising
 * than a try at a pair by the same candidates. An exponent for the required chance, 1 for pairs and less for more.
 */
const stakes = (groupSize: number): number => Math.min(1, 8 / (groupSize * (groupSize - 1)));

interface Partner {
  readonly candidate: Candidate;
  readonly chance: number;
  /** What a probe with this one is worth, compared with others. */
  readonly worth: number;
  readonly isSenior: boolean;
}

const comesBefore = (a: Candidate, b: Candidate): boolean =>
  a.priority !== b.priority ? a.priority > b.priority : a.arrivedAt < b.arrivedAt;
