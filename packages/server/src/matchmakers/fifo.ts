import type { Candidate } from "./candidate.js";
import { comesBefore, firstGroup, type SearchBudget } from "./firstGroup.js";
import { type MatchContext, Matchmaker } from "./matchmaker.js";
import { checkedP2pLimit, type P2pLimit } from "./p2pLimit.js";

/** Pairs looked at for one candidate that is asked about: two looks at everybody, and no less than this. */
const LEAST_PAIRS_PER_CANDIDATE = 5_000;
/** Pairs looked at in answer to one question, however many candidates it is about. */
const MOST_PAIRS = 500_000;

/**
 * First come, first served: the group of the longest-waiting candidates who may be together. The default.
 *
 * With a limit, a pair that was measured as too slow is passed over while that measurement is fresh, and the next
 * in line is tried. Nobody is passed over for any other reason: of all groups that are possible, the one whose
 * members come first in seniority is formed, compared member by member.
 *
 * A group can only become possible through somebody whose situation changed, so only those are looked at: in a
 * pool where everybody may be with everybody that is constant work per event. Where most pairs are forbidden the search
 * is bounded (twice the pool, at least 5,000 pairs per candidate asked about, at most 500,000 in all);
 * beyond the bound those not found wait until they are asked about again.
 *
 * Where the scene has preferences, the newest member of the group that would be formed chooses its partners by them.
 */
export class FifoMatchmaker extends Matchmaker {
  override readonly name: string = "FIFO";

  /**
   * @param options.maxP2pRttMs largest peer-to-peer RTT of a match: ms, inclusive, or a limit that relaxes; `null`
   *   (default): no probing
   */
  constructor(options: { readonly maxP2pRttMs?: P2pLimit } = {}) {
    super({ maxP2pRttMs: checkedP2pLimit("maxP2pRttMs", options.maxP2pRttMs) });
  }

  /** A departure never makes a group possible, and neither does another candidate's change. */
  override get looksAtWholePool(): boolean {
    return false;
  }

  /** FIFO goes by the order of arrival only. */
  override get readsServerRtt(): boolean {
    return false;
  }

  override findMatch(
    arriving: Candidate,
    waiting: readonly Candidate[],
    groupSize: number,
    context: MatchContext,
  ): readonly Candidate[] | null {
    const budget = { pairs: pairsPerCandidate(waiting.length) };
    const preferred = context.prefer(arriving, waiting);
    const indices = firstGroup(arriving, preferred, 0, groupSize - 1, new Set(), context, budget);
    return indices === null ? null : [...pick(preferred, indices), arriving];
  }

  override findMatches(
    pool: readonly Candidate[],
    groupSize: number,
    context: MatchContext,
    asked: readonly Candidate[],
  ): readonly (readonly Candidate[])[] {
    if (pool.length < groupSize) return [];
    const budget = { pairs: Math.min(MOST_PAIRS, asked.length * pairsPerCandidate(pool.length)) };
    return 2 * asked.length > pool.length
      ? groupsFromTheHead(pool, groupSize, context, budget)
      : groupsAround(asked, pool, groupSize, context, budget);
  }
}

const pairsPerCandidate = (poolSize: number): number => Math.max(LEAST_PAIRS_PER_CANDIDATE, 2 * poolSize);

/**
 * Each candidate in turn is looked for a group it can be the senior member of; where the scene has preferences, the newest
 * member of that group may choose another one, and the candidate is looked at again.
 */
function groupsFromTheHead(
  pool: readonly Candidate[],
  groupSize: number,
  context: MatchContext,
  budget: SearchBudget,
): readonly (readonly Candidate[])[] {
  const groups: (readonly Candidate[])[] = [];
  const taken = new Set<Candidate>();
  for (const [i, head] of pool.entries()) {
    while (!taken.has(head) && pool.length - taken.size >= groupSize && budget.pairs > 0) {
      const sharing = context.sharing(head, pool);
      const from = sharing === pool ? i : sharing.indexOf(head);
      const others = firstGroup(head, sharing, from + 1, groupSize - 1, taken, context, budget);
      if (others === null) break;
      const group = pick(sharing, chosen([from, ...others], sharing, taken, context, budget));
      groups.push(group);
      for (const member of group) taken.add(member);
    }
  }
  return groups;
}

/**
 * Every possible group has a member in `asked`, so each of these names the first group it can be in, the first of
 * those is formed, and who named one of its members looks again.
 */
function groupsAround(
  asked: readonly Candidate[],
  pool: readonly Candidate[],
  groupSize: number,
  context: MatchContext,
  budget: SearchBudget,
): readonly (readonly Candidate[])[] {
  const groups: (readonly Candidate[])[] = [];
  const taken = new Set<Candidate>();
  /** Whom nobody before could be with will still be with nobody when others are taken: a second look goes on from there. */
  const lookFrom = new Map<Candidate, number>();
  const firstFor = (candidate: Candidate): readonly number[] | null => {
    if (taken.has(candidate)) return null;
    const sharing = context.sharing(candidate, pool);
    const from = lookFrom.get(candidate) ?? 0;
    const others = firstGroup(candidate, sharing, from, groupSize - 1, taken, context, budget);
    if (others === null) return null;
    lookFrom.set(candidate, others[0] ?? 0);
    const places = sharing === pool ? others : pick(sharing, others).map((other) => pool.indexOf(other));
    return [...places, pool.indexOf(candidate)].sort(ascending);
  };

  const wishes = new Map<Candidate, readonly number[]>();
  for (const candidate of asked) {
    const wish = firstFor(candidate);
    if (wish !== null) wishes.set(candidate, wish);
  }
  while (wishes.size > 0) {
    const first = [...wishes.values()].reduce((a, b) => (comesBefore(b, a) ? b : a));
    const indices = chosen(first, pool, taken, context, budget);
    const group = pick(pool, indices);
    groups.push(group);
    for (const member of group) {
      taken.add(member);
      wishes.delete(member);
    }
    for (const [candidate, wish] of wishes) {
      if (!wish.some((i) => indices.includes(i))) continue;
      const next = firstFor(candidate);
      if (next === null) wishes.delete(candidate);
      else wishes.set(candidate, next);
    }
  }
  return groups;
}

/**
 * The group that is formed instead of the first one in seniority: the one its newest member, who made it possible as a
 * rule, prefers. Who is asked about does not matter to it. Without preferences the first one itself.
 *
 * @param first the first group, as ascending indices into the pool
 * @returns the same for the group that is formed
 */
function chosen(
  first: readonly number[],
  pool: readonly Candidate[],
  taken: ReadonlySet<Candidate>,
  context: MatchContext,
  budget: SearchBudget,
): readonly number[] {
  const newest = first.at(-1);
  const chooser = newest === undefined ? undefined : pool[newest];
  if (newest === undefined || chooser === undefined) return first;
  const sharing = context.sharing(chooser, pool);
  const preferred = context.prefer(chooser, sharing);
  if (preferred === sharing) return first;
  const found = firstGroup(chooser, preferred, 0, first.length - 1, taken, context, budget);
  if (found === null) return first;
  return [newest, ...pick(preferred, found).map((other) => pool.indexOf(other))].sort(ascending);
}

const ascending = (a: number, b: number): number => a - b;

function pick(from: readonly Candidate[], indices: readonly number[]): Candidate[] {
  return indices.flatMap((i) => from[i] ?? []);
}
