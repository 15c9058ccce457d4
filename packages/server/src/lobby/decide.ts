import type { LobbyConfig } from "./config.js";
import { decideParticipant } from "./decideParticipant.js";
import { decideProposal } from "./decideProposal.js";
import type { Decision } from "./events.js";
import { propose } from "./propose.js";
import { matchesLeft } from "./quota.js";
import type { Agenda, LobbyState, Reminder } from "./state.js";
import { withTreatments } from "./treatments.js";

/** What `decide` came to. */
export interface Verdict {
  /** To be appended together, in this order; empty when there is nothing to do now. */
  readonly decisions: readonly Decision[];
  /** A matchmaker that threw or answered with an impossible group: facts for the log. */
  readonly faults: readonly MatchmakerFault[];
  /** What was crossed out on the agenda; see {@link lookAgain}. */
  readonly looked: Looked;
}

export interface MatchmakerFault {
  readonly matchmaker: string;
  readonly reason: string;
}

/** What stood on the agenda's lists. */
export type Looked = Readonly<
  Record<"participants" | "proposals" | "matches" | "asked", ReadonlySet<string>> &
    Pick<Agenda, "poolChanged">
>;

/**
 * What follows from the state at a time. Call it after every change and when {@link wakeAt} says so, append what
 * it returns, apply it, and call it again until nothing comes: a decision can make the next one possible.
 *
 * A function of its arguments, apart from the agenda, where what was looked at is crossed out. Where the
 * decisions could not be appended, call {@link lookAgain} before asking again.
 *
 * @param now server time, epoch ms
 */
export function decide(state: LobbyState, config: LobbyConfig, now: number): Verdict {
  const time = Math.max(now, state.now);
  state.asOf.now = time;
  remind(state, time);
  const { agenda } = state;
  // Open proposals first: who is released now may be proposed again in the next round, and the people whose
  // time is up must not be in a new group.
  const participants = take(agenda, "participants");
  const proposals = take(agenda, "proposals");
  const matches = take(agenda, "matches");
  const looked: Looked = { participants, proposals, matches, asked: nobody, poolChanged: false };
  const decisions = [
    ...settleProposals(state, config, proposals, time),
    ...settleParticipants(state, config, participants, time),
    ...endMatches(state, matches, time),
  ];
  if (decisions.length > 0)
    return { decisions: withTreatments(state, config, decisions), faults: [], looked };
  const { asked, poolChanged } = agenda;
  const proposed = propose(state, config, time);
  return {
    decisions: withTreatments(state, config, proposed.decisions),
    faults: proposed.faults,
    looked: { ...looked, asked, poolChanged },
  };
}

/** Puts what a verdict crossed out back on the agenda, because its decisions could not be appended. */
export function lookAgain(state: LobbyState, { looked }: Verdict): void {
  const { agenda } = state;
  for (const list of lists) {
    for (const id of looked[list]) agenda[list].add(id);
  }
  agenda.poolChanged ||= looked.poolChanged;
}

/**
 * Keeps the agenda of a node that does not decide from growing for ever. When it comes to decide, `node.leads` puts
 * everything back on.
 */
export function rest(state: LobbyState, now: number): void {
  remind(state, Math.max(now, state.now));
  const { agenda } = state;
  for (const list of lists) agenda[list].clear();
}

/** Whoever has the list that is taken keeps it: the agenda goes on with a new one. */
function take(agenda: Agenda, list: (typeof lists)[number]): ReadonlySet<string> {
  const taken = agenda[list];
  // Most lists are empty at most looks, of which there are several an event.
  if (taken.size === 0) return nobody;
  agenda[list] = new Set();
  return taken;
}

/** The agenda's lists of what something happened to. */
const lists = ["participants", "proposals", "matches", "asked"] as const;
const nobody: ReadonlySet<string> = new Set();
const none: readonly Decision[] = [];

/** When to call {@link decide} again although nothing happened; `null` = no need. */
export function wakeAt(state: LobbyState): number | null {
  return state.agenda.due.nextAt;
}

/** Moves what is due from the calendar to the lists of what to look at. */
function remind(state: LobbyState, now: number): void {
  // What had expired by this node's clock, but not yet by the log's time, when it was due. No reminder of its own: a
  // scene in which nothing happens any more has to come to rest.
  const { agenda, pairs } = state;
  if (agenda.lingering.length > 0) {
    agenda.lingering = agenda.lingering.filter(({ a, b }) => {
      pairs.prune(a, b, state.now);
      return pairs.lingers(a, b, now);
    });
  }
  for (let due = state.agenda.due.takeDue(now); due !== undefined; due = state.agenda.due.takeDue(now)) {
    noteDue(state, due, now);
  }
}

function noteDue(state: LobbyState, due: Reminder, now: number): void {
  const { agenda } = state;
  switch (due.kind) {
    case "participant":
      if ((state.participants.get(due.id)?.notBefore ?? 0) <= now) agenda.resting.delete(due.id);
      agenda.participants.add(due.id);
      agenda.asked.add(due.id);
      forgetRelaxed(agenda, due.id, now);
      return;
    case "proposal":
      agenda.proposals.add(due.id);
      return;
    case "match":
      agenda.matches.add(due.id);
      return;
    case "pair":
      // By the log's time: this node's clock may be ahead of the next event, which would find nothing here and
      // something at other nodes.
      state.pairs.prune(due.a, due.b, state.now);
      if (state.pairs.lingers(due.a, due.b, now)) agenda.lingering.push(due);
      agenda.asked.add(due.a);
      agenda.asked.add(due.b);
      agenda.poolChanged = true;
      return;
    case "everybody":
      for (const p of state.pool.items) agenda.asked.add(p.participantId);
      return;
  }
}

function forgetRelaxed({ relaxing }: Agenda, id: string, now: number): void {
  const times = relaxing.get(id);
  if (times === undefined) return;
  for (const at of times) if (at <= now) times.delete(at);
  if (times.size === 0) relaxing.delete(id);
}

function settleProposals(
  state: LobbyState,
  config: LobbyConfig,
  ids: ReadonlySet<string>,
  now: number,
): readonly Decision[] {
  if (ids.size === 0) return none;
  return found(ids, state.proposals)
    .sort((a, b) => a.number - b.number)
    .flatMap((proposal) => decideProposal(state, config, proposal, now));
}

/**
 * What stands on a list, as far as it still exists. The lists are in the order in which things were noted, which
 * a replay need not come to: whoever uses them puts them in an order that follows from the log.
 */
function found<T>(ids: ReadonlySet<string>, all: ReadonlyMap<string, T>): T[] {
  const items: T[] = [];
  for (const id of ids) {
    const item = all.get(id);
    if (item !== undefined) items.push(item);
  }
  return items;
}

function settleParticipants(
  state: LobbyState,
  config: LobbyConfig,
  changed: ReadonlySet<string>,
  now: number,
): readonly Decision[] {
  // The quota ends everybody's wait, not only that of those something happened to.
  const done = matchesLeft(state, config) <= 0;
  if (changed.size === 0 && !done) return none;
  const participants = done ? [...state.line.items] : found(changed, state.participants);
  return participants
    .sort((a, b) => a.order - b.order)
    .flatMap((p) => decideParticipant(state, config, p, now));
}

/** A match is over when every member left it or stayed away beyond the grace time. */
function endMatches(state: LobbyState, ids: ReadonlySet<string>, now: number): readonly Decision[] {
  if (ids.size === 0) return none;
  return found(ids, state.matches)
    .filter((match) =>
      match.members.every((id) => {
        const p = state.participants.get(id);
        return match.left.has(id) || p === undefined || (!p.connected && (p.graceUntil ?? 0) <= now);
      }),
    )
    .map(({ matchId }) => matchId)
    .sort()
    .map((matchId) => ({ type: "match.ended", matchId }));
}
