import type { Candidate } from "./candidate.js";
import { FifoMatchmaker } from "./fifo.js";
import { type GiveUp, type MatchContext, Matchmaker } from "./matchmaker.js";
import { checkedLimit, shown } from "./options.js";
import { checkedP2pLimit, type P2pLimit } from "./p2pLimit.js";

export interface GroupReunionOptions {
  /**
   * Who forms the groups of those who cannot be reunited: `"fifo"` or any other matchmaker. `null` (default):
   * nobody, previous partners or no match at all.
   */
  readonly fallback?: "fifo" | Matchmaker | null;
  /**
   * How long a candidate waits for its previous partners, ms from its arrival. Then it goes to the fallback, or
   * without one leaves with the outcome `partner_lost`. `null` (default): with a fallback no wait at all (whoever
   * finds the partners missing goes to it at once), without one as long as the scene lets it wait.
   */
  readonly waitForPartnersMs?: number | null;
  /**
   * Largest peer-to-peer RTT of a match: ms, inclusive, or a limit that relaxes. Default: the fallback's own limit, else
   * `null`: no probing.
   */
  readonly maxP2pRttMs?: P2pLimit;
}

/**
 * Brings the members of an earlier group together again: those who were in each other's most recent match. It has to
 * have been a group of this scene's size, and the most recent one of every member: somebody who has since played with others is
 * waited for by those.
 *
 * Candidates without an earlier group go to the fallback at once; without a fallback they wait. A candidate who went
 * to the fallback is still reunited when the partners come before it is matched. The fallback's rule about pairs
 * (`allowsPair`) does not bind a reunion.
 *
 * A reunion is recorded under the name `GroupReunion`, any other group under the fallback's name.
 *
 * @example
 * ```ts
 * // Last week's partners; whoever waited two minutes in vain gets a new one.
 * new GroupReunionMatchmaker({ fallback: "fifo", waitForPartnersMs: 120_000, maxP2pRttMs: 150 });
 * ```
 */
export class GroupReunionMatchmaker extends Matchmaker {
  override readonly name: string = "GroupReunion";
  readonly waitForPartnersMs: number | null;
  readonly #fallback: Matchmaker | null;
  /** Whose limit holds where none was given. */
  readonly #limits: Matchmaker | null;

  /** @throws {TypeError} when an option has no meaning */
  constructor(options: GroupReunionOptions = {}) {
    const fallback = fallbackFrom(options.fallback ?? null);
    const given = options.maxP2pRttMs;
    const inherited = fallback?.relaxingLimit ?? fallback?.maxP2pRttMs;
    super({ maxP2pRttMs: checkedP2pLimit("maxP2pRttMs", given === undefined ? inherited : given) });
    this.#limits = given === undefined ? fallback : null;
    this.#fallback = fallback;
    this.waitForPartnersMs = checkedLimit("waitForPartnersMs", options.waitForPartnersMs);
  }

  override findMatch(
    arriving: Candidate,
    waiting: readonly Candidate[],
    groupSize: number,
    context: MatchContext,
  ): readonly Candidate[] | null {
    const reunited = reunite(arriving, new Map(waiting.map((c) => [c.participantId, c])), groupSize);
    if (reunited !== null && allAllowed(reunited, context)) return reunited;
    if (this.#fallback === null || !this.#isFree(arriving, context.now)) return null;
    const free = waiting.filter((c) => this.#isFree(c, context.now));
    return this.#fallback.findMatch(
      arriving,
      this.#fallback.rankCandidates(arriving, free, context),
      groupSize,
      context,
    );
  }

  override findMatches(
    pool: readonly Candidate[],
    groupSize: number,
    context: MatchContext,
    asked: readonly Candidate[],
  ): readonly (readonly Candidate[])[] {
    const groups: (readonly Candidate[])[] = [];
    const taken = new Set<Candidate>();
    const present = partnersPresent(pool, asked, groupSize);
    for (const candidate of asked) {
      if (taken.has(candidate)) continue;
      const group = reunite(candidate, present, groupSize);
      if (group === null || !allAllowed(group, context)) continue;
      groups.push(bySeniority(group, pool));
      for (const member of group) taken.add(member);
    }
    if (this.#fallback === null) return groups;

    const isLeftAndFree = (c: Candidate) => !taken.has(c) && this.#isFree(c, context.now);
    const askedFree = asked.filter(isLeftAndFree);
    if (askedFree.length === 0 && !this.#fallback.looksAtWholePool) return groups;
    const left = pool.filter(isLeftAndFree);
    const sharing: MatchContext["sharing"] = (candidate, list) => {
      if (list !== left) return list;
      const all = context.sharing(candidate, pool);
      return all === pool ? left : all.filter(isLeftAndFree);
    };
    const others = this.#fallback.findMatches(left, groupSize, { ...context, sharing }, askedFree);
    return [...groups, ...others];
  }

  override allowsPair(a: Candidate, b: Candidate, context: Pick<MatchContext, "now">): boolean {
    if (this.#fallback === null || werePartners(a, b)) return true;
    return this.#fallback.allowsPair(a, b, context);
  }

  /** When the wait for partners ends and the fallback may be asked; after that, the fallback's own times. */
  override relaxesAt(candidate: Candidate, context: Pick<MatchContext, "now">): number | null {
    if (this.#fallback === null) return null;
    const freeAt = this.#freeAt(candidate);
    return freeAt > context.now ? freeAt : this.#fallback.relaxesAt(candidate, context);
  }

  override limitFor(candidate: Candidate, context: Pick<MatchContext, "now">): number | null {
    return this.#limits?.limitFor(candidate, context) ?? super.limitFor(candidate, context);
  }

  override limitRelaxesAt(candidate: Candidate, context: Pick<MatchContext, "now">): number | null {
    return this.#limits === null
      ? super.limitRelaxesAt(candidate, context)
      : this.#limits.limitRelaxesAt(candidate, context);
  }

  override givesUpAt(candidate: Candidate): GiveUp | null {
    if (this.#fallback !== null) return this.#fallback.givesUpAt(candidate);
    if (this.waitForPartnersMs === null || candidate.history.partners.length === 0) return null;
    return { at: candidate.arrivedAt + this.waitForPartnersMs, outcome: "partner_lost" };
  }

  /** A reunion hangs on its own members only. */
  override get looksAtWholePool(): boolean {
    return this.#fallback?.looksAtWholePool ?? false;
  }

  override get readsServerRtt(): boolean {
    return this.#fallback?.readsServerRtt ?? false;
  }

  override get readsBeacons(): boolean {
    return this.#fallback?.readsBeacons ?? false;
  }

  override nameFor(group: readonly Candidate[]): string {
    if (this.#fallback === null || isReunion(group)) return this.name;
    return this.#fallback.nameFor(group);
  }

  override describe(): Record<string, unknown> {
    return {
      ...super.describe(),
      waitForPartnersMs: this.waitForPartnersMs,
      fallback: this.#fallback?.describe() ?? null,
    };
  }

  #isFree(candidate: Candidate, now: number): boolean {
    return this.#freeAt(candidate) <= now;
  }

  /** From when on the fallback may have this candidate. */
  #freeAt(candidate: Candidate): number {
    if (candidate.history.partners.length === 0) return candidate.arrivedAt;
    return candidate.arrivedAt + (this.waitForPartnersMs ?? 0);
  }
}

function fallbackFrom(fallback: unknown): Matchmaker | null {
  if (fallback === null) return null;
  if (fallback === "fifo") return new FifoMatchmaker();
  if (fallback instanceof Matchmaker) return fallback;
  throw new TypeError(`fallback has to be "fifo", a matchmaker or null, but it is ${shown(fallback)}.`);
}

/** The other members of a candidate's most recent match, if that was a group of this size. */
const lastPartners = (candidate: Candidate, groupSize: number): readonly string[] =>
  candidate.history.partners.slice(0, groupSize - 1);

/** Those of the pool whom somebody in `asked` was with. */
function partnersPresent(
  pool: readonly Candidate[],
  asked: readonly Candidate[],
  groupSize: number,
): ReadonlyMap<string, Candidate> {
  const wanted = new Set(asked.flatMap((c) => lastPartners(c, groupSize)));
  const present = new Map<string, Candidate>();
  if (wanted.size === 0) return present;
  for (const candidate of pool) {
    if (wanted.has(candidate.participantId)) present.set(candidate.participantId, candidate);
  }
  return present;
}

/** The candidate's previous group, if all of it is here and all of it means the same group. */
function reunite(
  candidate: Candidate,
  present: ReadonlyMap<string, Candidate>,
  groupSize: number,
): readonly Candidate[] | null {
  const partners = lastPartners(candidate, groupSize);
  if (partners.length < groupSize - 1) return null;
  const group = [candidate, ...partners.flatMap((id) => present.get(id) ?? [])];
  return group.length === groupSize && isReunion(group) ? group : null;
}

/** Is this the most recent group of every one of its members? */
function isReunion(group: readonly Candidate[]): boolean {
  return group.every((member) => {
    const partners = new Set(lastPartners(member, group.length));
    return group.every((other) => other === member || partners.has(other.participantId));
  });
}

const werePartners = (a: Candidate, b: Candidate): boolean =>
  a.history.partners.includes(b.participantId) && b.history.partners.includes(a.participantId);

function allAllowed(group: readonly Candidate[], context: MatchContext): boolean {
  const inPairs = group.every((a, i) => group.slice(i + 1).every((b) => context.allowed(a, b)));
  return inPairs && context.allowedGroup(group);
}

function bySeniority(group: readonly Candidate[], pool: readonly Candidate[]): readonly Candidate[] {
  return pool.filter((c) => group.includes(c));
}
