import type { Outcome } from "@probematch/shared";
import type { Edge } from "../latency/edge.js";
import type { Candidate } from "./candidate.js";
import { hardLimitOf, limitAfter, nextStepAfter, type P2pLimit, type RelaxingLimit } from "./p2pLimit.js";

/** What a matchmaker may know besides its candidates. The same arguments always give the same answers. */
export interface MatchContext {
  /** Server time, epoch ms. */
  readonly now: number;
  /** A number in [0, 1), from the scene's seed and the place in the log: replay draws the same ones. */
  random(): number;
  /** What is known of the latency between two candidates: a fresh measurement, else a prediction where there is one. */
  edge(a: Candidate, b: Candidate): Edge;
  /**
   * The probability, 0 to 1, that the two measure an RTT of at most `limitMs` (default: the limit in force for the two;
   * 1 without a limit). From RTTs to the same beacons and the scene's own probes; for ordering, not for
   * deciding.
   */
  chance(a: Candidate, b: Candidate, limitMs?: number): number;
  /**
   * The chances this candidate would have had with those who came last before it (at most 64; for the candidate's own limit,
   * or `limitMs`), best first: what can be expected of those still to come. Empty where nothing was measured.
   */
  prospects(candidate: Candidate, limitMs?: number): readonly number[];
  /** At what rate people arrive, from the last 64; `null` while fewer than eight have come. */
  readonly arrivalsPerSecond: number | null;
  /**
   * How many more of the scene's probes measured too slow a path than those that did not make up for, at a sixth each: 0 where nearly
   * all are good, some hundreds where a network is hard to learn. A matchmaker may be thriftier then.
   */
  readonly excessMisses: number;
  /**
   * May these two be in one group now? False while a fresh measurement says *too slow* under the limit in force, while a failed probe is
   * backing off, and where a rule of the scene or the matchmaker's own `allowsPair` forbids the pair.
   */
  allowed(a: Candidate, b: Candidate): boolean;
  /**
   * Can these be in one group, as far as the scene's rules about whole groups go? Asked of a complete group, or of the
   * members found so far: then false means that nobody who joins them can make it right. Pairs are {@link allowed}'s.
   * False as well where two of them were measured as too slow for the strictest limit in force among them. Always true in a
   * scene without either.
   */
  allowedGroup(members: readonly Candidate[]): boolean;
  /**
   * The candidates in the order of the scene's preferences, seen from `arriving`; among equals the order they came in.
   * The very same list in a scene without preferences.
   */
  prefer(arriving: Candidate, candidates: readonly Candidate[]): readonly Candidate[];
  /**
   * Those of the pool who may be {@link allowed} with this candidate as far as the scene's rules about equal values go
   * (`sameAttribute`), itself among them, in the pool's order; who is left out is not allowed. Found without looking at the others,
   * so that a search costs what the candidate's own part of a large pool does.
   *
   * @param pool the very list that `findMatches` was given: any other one, and that of a scene without such a rule, is
   *   returned as it is
   */
  sharing(candidate: Candidate, pool: readonly Candidate[]): readonly Candidate[];
}

/** When a candidate's wait ends by the matchmaker's own rule, and how. */
export interface GiveUp {
  /** Server time, epoch ms. */
  readonly at: number;
  readonly outcome: Outcome;
}

/**
 * Decides who plays with whom. Extend it for a rule of your own:
 *
 * @example
 * ```ts
 * class SameLanguageMatchmaker extends Matchmaker {
 *   override readonly name = "SameLanguage";
 *   findMatch(arriving: Candidate, waiting: readonly Candidate[], groupSize: number) {
 *     const same = waiting.filter((c) => c.attributes["language"] === arriving.attributes["language"]);
 *     return same.length < groupSize - 1 ? null : [...same.slice(0, groupSize - 1), arriving];
 *   }
 * }
 * ```
 *
 * A matchmaker is a function of its arguments: no clock, no `Math.random`, no state between calls, no `await`.
 * It may throw: the error is logged, nobody loses a place, and the scene goes on.
 */
export abstract class Matchmaker {
  /** Written into the journal and the match log. */
  abstract readonly name: string;

  /**
   * The largest peer-to-peer RTT (ms, inclusive) a match may ever have; of a limit that relaxes, the hard one. `null`: nothing
   * is probed or rejected.
   */
  readonly maxP2pRttMs: number | null;

  /** How the limit relaxes; `null` where it is the same for everybody. */
  readonly relaxingLimit: RelaxingLimit | null;

  constructor(options: { readonly maxP2pRttMs?: P2pLimit } = {}) {
    const limit = options.maxP2pRttMs ?? null;
    this.maxP2pRttMs = hardLimitOf(limit);
    this.relaxingLimit = typeof limit === "number" ? null : limit;
  }

  /**
   * A group for one candidate, or `null` to let it wait.
   *
   * @param arriving who just arrived, or whose situation just changed
   * @param waiting everybody else who may be in a group with `arriving`, by seniority
   * @returns exactly `groupSize` different candidates, `arriving` among them, in seat order
   */
  abstract findMatch(
    arriving: Candidate,
    waiting: readonly Candidate[],
    groupSize: number,
    context: MatchContext,
  ): readonly Candidate[] | null;

  /**
   * Groups out of the whole pool. The default asks {@link findMatch} for each candidate in `asked`, by seniority.
   * Override it to look at everybody at once.
   *
   * @param pool everybody who can be proposed now, by seniority
   * @param asked those of the pool whose situation changed since the last call; all of the pool where anything
   *   may have changed
   */
  findMatches(
    pool: readonly Candidate[],
    groupSize: number,
    context: MatchContext,
    asked: readonly Candidate[],
  ): readonly (readonly Candidate[])[] {
    const groups: (readonly Candidate[])[] = [];
    const taken = new Set<Candidate>();
    for (const arriving of asked) {
      if (taken.has(arriving) || pool.length - taken.size < groupSize) continue;
      const group = this.#askFor(arriving, pool, taken, groupSize, context);
      if (group === null) continue;
      groups.push(group);
      for (const member of group) taken.add(member);
    }
    return groups;
  }

  /**
   * A rule about two candidates that has to hold for every pair of a group. The default allows all.
   */
  allowsPair(_a: Candidate, _b: Candidate, _context: Pick<MatchContext, "now">): boolean {
    return true;
  }

  /**
   * Preferred partners first. The default keeps the order it is given: the scene's preferences, then seniority.
   */
  rankCandidates(
    _arriving: Candidate,
    waiting: readonly Candidate[],
    _context: MatchContext,
  ): readonly Candidate[] {
    return waiting;
  }

  /**
   * The limit in force for this candidate now, ms, inclusive. A group goes by the strictest of its members' limits, as they
   * are when it is proposed, and never beyond `maxP2pRttMs`. The default: the declared one, relaxed by the candidate's own
   * waiting. Override it together with {@link limitRelaxesAt}.
   */
  limitFor(candidate: Candidate, { now }: Pick<MatchContext, "now">): number | null {
    if (this.relaxingLimit === null) return this.maxP2pRttMs;
    return limitAfter(this.relaxingLimit, now - candidate.arrivedAt);
  }

  /** The next time at which {@link limitFor} changes for this candidate although nothing happened; `null`: never. */
  limitRelaxesAt(candidate: Candidate, { now }: Pick<MatchContext, "now">): number | null {
    if (this.relaxingLimit === null) return null;
    const afterMs = nextStepAfter(this.relaxingLimit, now - candidate.arrivedAt);
    return afterMs === null ? null : candidate.arrivedAt + afterMs;
  }

  /**
   * Is this measured RTT a reason to turn the pair down? A limit is inclusive; `null` (no measurement) is turned
   * down when there is a limit; without a limit nothing is.
   *
   * @param limitMs the limit in force for the group
   */
  shouldRejectForRtt(rttMs: number | null, limitMs: number | null = this.maxP2pRttMs): boolean {
    if (limitMs === null) return false;
    return rttMs === null || rttMs > limitMs;
  }

  /**
   * The next time at which this candidate should be asked about again although nothing happened, because a rule of the
   * matchmaker's relaxes with waiting (the scene's own rules are seen to). `null`: never.
   */
  relaxesAt(_candidate: Candidate, _context: Pick<MatchContext, "now">): number | null {
    return null;
  }

  /** When this candidate's wait ends by the matchmaker's own rule; `null`: only the scene's limit counts. */
  givesUpAt(_candidate: Candidate): GiveUp | null {
    return null;
  }

  /**
   * True when somebody's departure, or anybody else's change, can make a group possible that was not before (a
   * rule about the pool's size, say): then the whole pool is asked about after every change. Costs time in
   * large pools. Default: true, the safe answer for a rule we do not know.
   */
  get looksAtWholePool(): boolean {
    return true;
  }

  /**
   * The name under which a group of this matchmaker's is recorded. Overridden by matchmakers that hand on to
   * another one. A function of the group alone. Default: {@link name}.
   */
  nameFor(_group: readonly Candidate[]): string {
    return this.name;
  }

  /**
   * Does any rule of this matchmaker read `serverRtt`? Then a new candidate is not asked about before its first
   * measurement is there, or the scene's `firstWaitMs` has passed. Default: true, the safe answer for a rule we
   * do not know.
   */
  get readsServerRtt(): boolean {
    return true;
  }

  /**
   * Does any rule of this matchmaker do better with `beaconRttMs`? Then, in a scene with beacons, a new candidate is
   * not asked about before its first ones are there, or the scene's `firstWaitMs` has passed. Default: false.
   */
  get readsBeacons(): boolean {
    return false;
  }

  /** The matchmaker's settings, for the configuration's hash and the log. JSON. */
  describe(): Record<string, unknown> {
    return { name: this.name, maxP2pRttMs: this.relaxingLimit ?? this.maxP2pRttMs };
  }

  /**
   * A custom `findMatch` may not look at {@link MatchContext.allowed} beyond its own pairs, nor at rules about whole
   * groups. When it returns a group with a forbidden pair among the others, the junior of that pair is left out, and when its group
   * breaks a rule, the first member by seniority who spoils it; then it is asked again. So a rule written
   * without a thought for evidence does not propose the same group for ever.
   */
  #askFor(
    arriving: Candidate,
    pool: readonly Candidate[],
    taken: ReadonlySet<Candidate>,
    groupSize: number,
    context: MatchContext,
  ): readonly Candidate[] | null {
    if (!context.allowedGroup([arriving])) return null;
    let waiting = context
      .sharing(arriving, pool)
      .filter((c) => c !== arriving && !taken.has(c) && context.allowed(arriving, c));
    while (waiting.length >= groupSize - 1) {
      const ranked = this.rankCandidates(arriving, context.prefer(arriving, waiting), context);
      const group = this.findMatch(arriving, ranked, groupSize, context);
      if (group === null) return null;
      const forbidden =
        juniorOfForbiddenPair(group, waiting, context) ?? firstMisfit(arriving, group, waiting, context);
      if (forbidden === null) return group;
      waiting = waiting.filter((c) => c !== forbidden);
    }
    return null;
  }
}

/** The junior member of the first pair that is not allowed; `null` when the group is fine. */
function juniorOfForbiddenPair(
  group: readonly Candidate[],
  bySeniority: readonly Candidate[],
  context: MatchContext,
): Candidate | null {
  for (const [i, a] of group.entries()) {
    for (const b of group.slice(i + 1)) {
      if (a === b || context.allowed(a, b)) continue;
      return bySeniority.indexOf(a) > bySeniority.indexOf(b) ? a : b;
    }
  }
  return null;
}

/** Who makes a group of those before break a rule about groups, by seniority; `null` when the group is fine. */
function firstMisfit(
  arriving: Candidate,
  group: readonly Candidate[],
  bySeniority: readonly Candidate[],
  context: MatchContext,
): Candidate | null {
  if (context.allowedGroup(group)) return null;
  const together = [arriving];
  for (const candidate of bySeniority) {
    if (!group.includes(candidate)) continue;
    together.push(candidate);
    if (!context.allowedGroup(together)) return candidate;
  }
  return null;
}
