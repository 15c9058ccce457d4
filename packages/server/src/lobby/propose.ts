import type { Candidate } from "../matchmakers/candidate.js";
import type { MatchContext, Matchmaker } from "../matchmakers/matchmaker.js";
import { type LobbyConfig, readsServerRtt } from "./config.js";
import { matchContextOf, type OfferedPool } from "./context.js";
import type { MatchmakerFault, Verdict } from "./decide.js";
import { complete } from "./decideProposal.js";
import type { Decision } from "./events.js";
import { limitInForce, tooSlowTogether } from "./limits.js";
import { bySeniority, type Line } from "./line.js";
import { proposalIdOf } from "./names.js";
import { openProbes, probingTimeMs } from "./openProbes.js";
import { matchesLeft } from "./quota.js";
import type { LobbyState, Participant } from "./state.js";

type Proposed = Pick<Verdict, "decisions" | "faults">;

const nothing: Proposed = { decisions: [], faults: [] };

/**
 * Asks the matchmaker for groups. Whatever it answers or throws, only groups that keep the rules become
 * proposals; the rest is reported and changes nothing for anybody.
 */
export function propose(state: LobbyState, config: LobbyConfig, now: number): Proposed {
  const { agenda } = state;
  const { matchmaker } = config;
  const wasAsked = agenda.asked.size > 0 || (agenda.poolChanged && matchmaker.looksAtWholePool);
  if (!wasAsked) {
    agenda.poolChanged = false;
    return nothing;
  }
  if (state.pausedUntil !== null && state.pausedUntil > now) return nothing;
  awaitFirstRtts(state, config, now);
  const offered = offeredPool(state, config, now);
  const pool = offered.all;
  const asked = matchmaker.looksAtWholePool ? pool : askedOf(state, config, pool, now);
  // A new list, as the verdict keeps this one.
  agenda.asked = new Set();
  agenda.poolChanged = false;
  if (asked.length === 0) return nothing;

  const context = matchContextOf(state, config, now, offered);
  const relaxFault = scheduleRelaxing(state, config, context, asked);
  const relaxFaults = relaxFault === null ? [] : [relaxFault];
  let groups: readonly (readonly Candidate[])[];
  try {
    groups =
      pool.length < config.groupSize ? [] : matchmaker.findMatches(pool, config.groupSize, context, asked);
  } catch (error) {
    return { decisions: [], faults: [faultOf(config, error), ...relaxFaults] };
  }
  const { decisions, faults } = openProposals(state, config, context, pool, groups);
  return { decisions, faults: [...faults, ...relaxFaults] };
}

/** A figure that a rule of the scene reads is not there. */
const lacksRtts = (config: LobbyConfig, p: Participant): boolean =>
  (p.serverRtt === null && readsServerRtt(config)) || (config.awaitsBeacons === true && !p.hasBeaconRtts);

/** Those of whom {@link lacksRtts} may be true, noted where the scene's rules read the figure. */
const lackingRtts = ({ agenda }: LobbyState, config: LobbyConfig): readonly ReadonlySet<string>[] => [
  ...(readsServerRtt(config) ? [agenda.unmeasured] : []),
  ...(config.awaitsBeacons === true ? [agenda.withoutBeacons] : []),
];

/** Not to be proposed now: backing off, or too new to have been measured. */
export function isResting(config: LobbyConfig, p: Participant, now: number): boolean {
  if (p.notBefore !== null && p.notBefore > now) return true;
  return p.arrivedAt + config.firstRttWaitMs > now && lacksRtts(config, p);
}

/** Whom a matchmaker may be given: connected, not held, not resting. */
function offeredPool(state: LobbyState, config: LobbyConfig, now: number): OfferedPool {
  const parts = new Map<string, readonly Participant[]>();
  return {
    all: awakeOf(state.pool, state, config, now),
    part: (keys, key) => {
      const known = parts.get(key);
      if (known !== undefined) return known;
      const part = awakeOf(state.pool.part(keys, key), state, config, now);
      parts.set(key, part);
      return part;
    },
  };
}

/** Those of a line who do not rest. In a long one without looking at everybody. */
function awakeOf(
  line: Line<Participant>,
  state: LobbyState,
  config: LobbyConfig,
  now: number,
): readonly Participant[] {
  const { agenda, participants } = state;
  const all = line.items;
  const noted = [agenda.resting, ...lackingRtts(state, config)];
  const count = noted.reduce((sum, ids) => sum + ids.size, 0);
  if (count === 0) return all;
  if (count * 8 > all.length) return all.filter((p) => !isResting(config, p, now));
  const places = new Set<number>();
  for (const ids of noted) {
    for (const id of ids) {
      const p = participants.get(id);
      const place = p !== undefined && isResting(config, p, now) ? line.indexOf(p) : -1;
      if (place >= 0) places.add(place);
    }
  }
  if (places.size === 0) return all;
  const without = [...all];
  for (const place of [...places].sort((a, b) => b - a)) without.splice(place, 1);
  return without;
}

/** Reminds of the newcomers that are kept back until they are measured. */
function awaitFirstRtts(state: LobbyState, config: LobbyConfig, now: number): void {
  if (lackingRtts(state, config).every((ids) => ids.size === 0)) return;
  for (const id of state.agenda.asked) {
    const p = state.participants.get(id);
    if (p === undefined) continue;
    const at = p.arrivedAt + config.firstRttWaitMs;
    if (at > now && lacksRtts(config, p)) state.agenda.due.add(at, { kind: "participant", id });
  }
}

/** Those of the pool whose situation changed, by seniority; in a large pool without looking at everybody. */
function askedOf(
  state: LobbyState,
  config: LobbyConfig,
  pool: readonly Participant[],
  now: number,
): readonly Participant[] {
  const ids = state.agenda.asked;
  if (ids.size * 8 > pool.length) return pool.filter((p) => ids.has(p.participantId));
  const asked: Participant[] = [];
  for (const id of ids) {
    const p = state.participants.get(id);
    if (p !== undefined && state.pool.has(p) && !isResting(config, p, now)) asked.push(p);
  }
  return asked.sort(bySeniority);
}

function openProposals(
  state: LobbyState,
  config: LobbyConfig,
  context: MatchContext,
  pool: readonly Participant[],
  groups: readonly (readonly Candidate[])[],
): Proposed {
  const decisions: Decision[] = [];
  const faults: MatchmakerFault[] = [];
  const taken = new Set<string>();
  let opened = 0;
  const left = matchesLeft(state, config) - state.proposals.size;
  for (const group of groups) {
    if (opened >= left) {
      // The last matches are being made; when one of them comes to nothing, everybody is asked about again.
      for (const p of pool) state.agenda.asked.add(p.participantId);
      break;
    }
    let limitMs: number | null = null;
    const problem = problemOrError(() => {
      const found = problemOf(state, config, context, group, taken);
      if (found === null) limitMs = limitInForce(config, group, context.now);
      return found;
    });
    if (problem !== null) {
      faults.push({ matchmaker: config.matchmaker.name, reason: problem });
      continue;
    }
    for (const member of group) taken.add(member.participantId);
    decisions.push(
      ...openProposal(
        state,
        config,
        context.now,
        group,
        limitMs,
        state.proposalsOpened + opened,
        pool.length,
      ),
    );
    opened += 1;
  }
  return { decisions, faults };
}

/** The check itself asks the researcher's rules, which may throw. */
function problemOrError(check: () => string | null): string | null {
  try {
    return check();
  } catch (error) {
    return reasonOf(error);
  }
}

/** What is wrong with a matchmaker's group, in a sentence for the log; `null` when it may be proposed. */
function problemOf(
  state: LobbyState,
  config: LobbyConfig,
  context: MatchContext,
  group: readonly Candidate[],
  taken: ReadonlySet<string>,
): string | null {
  if (!Array.isArray(group)) return "findMatch returned something that is not a list of candidates";
  if (group.length !== config.groupSize) {
    return `findMatch returned ${group.length} candidates for a group of ${config.groupSize}`;
  }
  for (const [i, member] of group.entries()) {
    const p = state.participants.get(member?.participantId);
    if (p === undefined || !state.pool.has(p)) return "findMatch returned somebody who is not waiting";
    if (taken.has(p.participantId)) return `findMatch put ${p.participantId} into two groups`;
    for (const other of group.slice(i + 1)) {
      if (other.participantId === p.participantId)
        return `findMatch put ${p.participantId} into a group twice`;
      if (!context.allowed(member, other)) {
        return `findMatch put ${p.participantId} and ${other.participantId} together, who are not allowed to be now`;
      }
    }
  }
  const broken = config.rules?.againstGroup(group, { now: context.now, groupSize: config.groupSize });
  const slow = tooSlowTogether(state.pairs, config, group, context.now)?.map((c) => c.participantId);
  if (slow !== undefined) {
    return `findMatch put ${slow.join(" and ")} into a group whose strictest limit is below what they measured`;
  }
  if (broken == null) return null;
  const members = group.map((c) => c.participantId).join(", ");
  return `findMatch put ${members} together, who break the rule ${broken.name} (${broken.phrase ?? "not allowed"})`.slice(
    0,
    500,
  );
}

function openProposal(
  state: LobbyState,
  config: LobbyConfig,
  now: number,
  group: readonly Candidate[],
  maxP2pRttMs: number | null,
  count: number,
  waitingCount: number,
): Decision[] {
  const { matchmaker } = config;
  const members = group.map((c) => c.participantId);
  const proposalId = proposalIdOf(state.seed, count);
  const opened = {
    type: "proposal.opened" as const,
    proposalId,
    members,
    matchmaker: nameFor(matchmaker, group),
    maxP2pRttMs,
    deadlineAt: now + probingTimeMs(config),
    waitingCount,
  };
  if (maxP2pRttMs === null) return [opened, ...complete(state, config, { proposalId, members }, now)];
  // Not by spreading: of a limit that is now whole and now a fraction that takes as long as all the rest.
  const { deadlineAt } = opened;
  const prospect = {
    proposalId,
    members,
    deadlineAt,
    maxP2pRttMs,
    probes: [],
    repeated: new Map<string, string[]>(),
    first: new Set<string>(),
  };
  return [opened, ...openProbes(state, config, prospect, now)];
}

/** A researcher's rule may throw here too: then the group goes by the matchmaker's own name. */
function nameFor(matchmaker: Matchmaker, group: readonly Candidate[]): string {
  try {
    return matchmaker.nameFor(group);
  } catch {
    return matchmaker.name;
  }
}

/** Puts the times at which the matchmaker's rules and the scene's relax into the calendar. */
function scheduleRelaxing(
  state: LobbyState,
  config: LobbyConfig,
  context: MatchContext,
  asked: readonly Participant[],
): MatchmakerFault | null {
  try {
    const ruleContext = { now: context.now, groupSize: config.groupSize };
    for (const p of asked) {
      remindOf(state, p, config.matchmaker.relaxesAt(p, context), context.now);
      remindOf(state, p, config.matchmaker.limitRelaxesAt(p, context), context.now);
      if (config.rules !== undefined) remindOf(state, p, config.rules.relaxesAt(p, ruleContext), context.now);
    }
    return null;
  } catch (error) {
    return faultOf(config, error);
  }
}

/** Where the whole pool is asked about again and again, each time is written down once. */
function remindOf(state: LobbyState, p: Participant, at: number | null, now: number): void {
  if (at === null || at <= now) return;
  const { due, relaxing } = state.agenda;
  const known = relaxing.get(p.participantId);
  if (known?.has(at) === true) return;
  relaxing.set(p.participantId, (known ?? new Set()).add(at));
  due.add(at, { kind: "participant", id: p.participantId });
}

const faultOf = (config: LobbyConfig, error: unknown): MatchmakerFault => ({
  matchmaker: config.matchmaker.name,
  reason: reasonOf(error),
});

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 500);
