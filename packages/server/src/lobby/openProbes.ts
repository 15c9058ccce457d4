import type { LobbyConfig } from "./config.js";
import { matchContextOf } from "./context.js";
import type { Decision } from "./events.js";
import { probeIdOf } from "./names.js";
import { type LobbyState, type Proposal, pairOf } from "./state.js";

/** Links one browser sets up and measures at a time, where the scene says nothing else. */
const DEFAULT_PROBES_PER_MEMBER = 5;

const budgetOf = (config: LobbyConfig): number => config.maxProbesPerMember ?? DEFAULT_PROBES_PER_MEMBER;

/**
 * A pair less likely than this to be fast enough is found out about before the others of its group are measured. A round more takes
 * a few seconds where the pair is good, and saves up to five probes where it is not.
 */
const DOUBTFUL = 0.75;

/** Until when a proposal may go on probing, ms from its beginning: as many rounds as a member's links need. */
export function probingTimeMs(config: LobbyConfig): number {
  // Two more where doubtful pairs may go first: the most doubtful one, and the others.
  const rounds = Math.ceil((config.groupSize - 1) / budgetOf(config)) + (config.groupSize > 2 ? 2 : 0);
  // Every probe has deadlines of its own that come first; this one holds even if one of them were forgotten.
  return rounds * config.probeTimeoutMs + 1000;
}

/**
 * The probes of a group to open now: as many as its members' budgets allow, the pair least likely to be fast enough
 * first. One bad link ends the proposal, so it should be found before others are measured in vain: the most doubtful pair
 * is measured alone, then the other doubtful ones, and the rest when they have passed.
 *
 * @param proposal its members and what was opened already; closed probes no longer count against the budget
 */
export function openProbes(
  state: LobbyState,
  config: LobbyConfig,
  proposal: Prospect,
  now: number,
): Decision[] {
  const budget = budgetOf(config);
  const { proposalId } = proposal;
  const known = new Set(proposal.probes);
  const open = new Map<string, number>();
  for (const probeId of proposal.probes) {
    const probe = state.probes.get(probeId);
    if (probe === undefined || probe.verdict !== null) continue;
    for (const id of [probe.initiator, probe.responder]) open.set(id, (open.get(id) ?? 0) + 1);
  }
  const decisions: Decision[] = [];
  const pairs = byRisk(state, config, proposal, now);
  const first = areFirst(state, proposal, pairs, budget);
  const due = first.length > 0 ? first : areDue(state, proposal, pairs);
  for (const { probeId, initiator, responder, repeats } of due) {
    const [a, b] = [open.get(initiator) ?? 0, open.get(responder) ?? 0];
    if (known.has(probeId) || a >= budget || b >= budget) continue;
    open.set(initiator, a + 1).set(responder, b + 1);
    decisions.push({
      type: "probe.opened",
      probeId,
      proposalId,
      initiator,
      responder,
      readyDeadlineAt: Math.min(now + config.readyTimeoutMs, proposal.deadlineAt),
      deadlineAt: Math.min(now + config.probeTimeoutMs, proposal.deadlineAt),
      ...(repeats === undefined ? {} : { repeats }),
      ...(first.length > 0 ? { first: true } : {}),
    });
  }
  return decisions;
}

/** A round of pairs to find out about before the rest: at the beginning, and once more when the first one has passed. */
function areFirst(
  state: LobbyState,
  proposal: Prospect,
  pairs: readonly Pair[],
  budget: number,
): readonly Pair[] {
  const { probes, repeated, first } = proposal;
  if (probes.length === 0 && repeated.size === 0) return doubtfulAmong(pairs).slice(0, 1);
  if (first.size !== 1 || probes.length !== 1 || !havePassed(state, proposal)) return [];
  const others = doubtfulAmong(pairs.filter((pair) => !first.has(pairOf(pair.initiator, pair.responder))));
  const count = new Map<string, number>();
  for (const id of others.flatMap(({ initiator, responder }) => [initiator, responder]))
    count.set(id, (count.get(id) ?? 0) + 1);
  // Too many for one round: then nothing is gained by a round for them.
  return Math.max(0, ...count.values()) > budget ? [] : others;
}

/** None where all are alike. */
function doubtfulAmong(pairs: readonly Pair[]): readonly Pair[] {
  const doubtful = pairs.filter(({ likelihood }) => likelihood < DOUBTFUL);
  return doubtful.length === pairs.length ? [] : doubtful;
}

/**
 * Goes by what was opened, not by how doubtful a pair is now: that changes with time alone, and a decision must not come about
 * by looking once more.
 */
function areDue(state: LobbyState, proposal: Prospect, pairs: readonly Pair[]): readonly Pair[] {
  if (havePassed(state, proposal)) return pairs;
  return pairs.filter(({ initiator, responder }) => proposal.first.has(pairOf(initiator, responder)));
}

/** All that was to be found out about first. */
function havePassed(state: LobbyState, { probes, first }: Prospect): boolean {
  if (first.size === 0) return true;
  const accepted = new Set<string>();
  for (const probeId of probes) {
    const probe = state.probes.get(probeId);
    if (probe?.verdict?.status === "accepted") accepted.add(pairOf(probe.initiator, probe.responder));
  }
  return [...first].every((pair) => accepted.has(pair));
}

/** How many probes a group of this size has. */
export const pairsOf = (members: number): number => (members * (members - 1)) / 2;

type Prospect = Pick<
  Proposal,
  "proposalId" | "members" | "deadlineAt" | "probes" | "repeated" | "first" | "maxP2pRttMs"
>;

interface Pair {
  readonly probeId: string;
  readonly initiator: string;
  readonly responder: string;
  /** The probe that failed and is done again. */
  readonly repeats: string | undefined;
  /** How likely it is to be fast enough; 1 where that is of no use. */
  readonly likelihood: number;
}

/** All pairs of a group, the least likely first; what is equally likely in seat order. */
function byRisk(
  state: LobbyState,
  config: LobbyConfig,
  { proposalId, members, repeated, maxP2pRttMs }: Prospect,
  now: number,
): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const [seatA, initiator] of members.entries()) {
    for (const [offset, responder] of members.slice(seatA + 1).entries()) {
      const failed = repeated.get(pairOf(initiator, responder)) ?? [];
      const probeId = probeIdOf(proposalId, seatA, seatA + 1 + offset, failed.length);
      pairs.push({ probeId, initiator, responder, repeats: failed.at(-1), likelihood: 1 });
    }
  }
  if (members.length === 2) return pairs;
  const context = matchContextOf(state, config, now);
  const likelihood = ({ initiator, responder }: Pair): number => {
    const [a, b] = [state.participants.get(initiator), state.participants.get(responder)];
    if (a === undefined || b === undefined) return 0;
    return context.chance(a, b, maxP2pRttMs ?? Number.POSITIVE_INFINITY);
  };
  return pairs
    .map((pair) => ({ ...pair, likelihood: likelihood(pair) }))
    .sort((a, b) => a.likelihood - b.likelihood);
}
