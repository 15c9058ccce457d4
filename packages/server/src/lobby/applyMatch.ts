import { enterPhase } from "./applyProposal.js";
import type { Effect } from "./effects.js";
import type { StoredEvent } from "./events.js";
import { leaveMatch } from "./mutate.js";
import {
  type LobbyState,
  type Match,
  type MatchLink,
  type Participant,
  type Proposal,
  RECENT_SEATS,
} from "./state.js";
import { countAssigned, countEnded } from "./treatments.js";
import { matchRecordOf, matchViewOf } from "./view.js";

type MatchEvent = Extract<StoredEvent, { type: `match.${string}` | `room.${string}` }>;
type Of<T extends MatchEvent["type"]> = Extract<MatchEvent, { type: T }>;

/** From the question for a room to the end of the match. `null` = void. */
export function applyMatchEvent(state: LobbyState, event: MatchEvent): Effect[] | null {
  switch (event.type) {
    case "match.creating":
      return create(state, event);
    case "room.created":
    case "room.failed":
      return answerRoom(state, event);
    case "match.committed":
      return commit(state, event);
    case "match.memberLeft":
      return finish(state, event);
    case "match.ended":
      return end(state, event);
  }
}

/** Holds what a commitment needs: everybody present and held by this very proposal. */
function intact(state: LobbyState, proposal: Proposal): readonly Participant[] | null {
  if (proposal.gone.size > 0) return null;
  const members: Participant[] = [];
  for (const id of proposal.members) {
    const p = state.participants.get(id);
    if (p === undefined || p.status !== "held" || p.proposalId !== proposal.proposalId) return null;
    members.push(p);
  }
  const unaccepted = proposal.probes.some((id) => state.probes.get(id)?.verdict?.status !== "accepted");
  return unaccepted ? null : members;
}

function create(state: LobbyState, event: Of<"match.creating">): Effect[] | null {
  const proposal = state.proposals.get(event.proposalId);
  if (proposal === undefined || proposal.phase === "creating" || intact(state, proposal) === null)
    return null;
  proposal.phase = "creating";
  proposal.matchId = event.matchId;
  proposal.treatment = event.treatment ?? null;
  enterPhase(state, proposal, event.deadlineAt);
  const { matchId, proposalId, deadlineAt } = event;
  const treatment = proposal.treatment === null ? {} : { treatment: proposal.treatment };
  return [{ kind: "createRoom", matchId, proposalId, members: proposal.members, deadlineAt, ...treatment }];
}

function answerRoom(state: LobbyState, event: Of<"room.created" | "room.failed">): Effect[] | null {
  for (const proposal of state.proposals.values()) {
    if (proposal.matchId !== event.matchId) continue;
    if (proposal.room !== undefined) return null;
    proposal.room = event.type === "room.created" ? { ok: true, room: event.room } : { ok: false };
    state.agenda.proposals.add(proposal.proposalId);
    return [];
  }
  return null;
}

function commit(state: LobbyState, event: Of<"match.committed">): Effect[] | null {
  const proposal = state.proposals.get(event.proposalId);
  if (proposal === undefined || state.matches.has(event.matchId)) return null;
  const members = intact(state, proposal);
  if (members === null || event.aliases.length !== members.length) return null;
  if (proposal.phase === "creating" && (proposal.room?.ok !== true || proposal.matchId !== event.matchId))
    return null;
  const match: Match = {
    matchId: event.matchId,
    committedAt: event.at,
    members: proposal.members,
    aliases: event.aliases,
    room: proposal.room?.ok === true ? proposal.room.room : null,
    links: linksOf(state, proposal),
    treatment: event.treatment ?? null,
    left: new Set(),
    done: new Set(),
  };
  // Leave the line before the rank changes, so that it is found there.
  for (const p of members) {
    state.line.remove(p);
    state.present.remove(p);
    state.agenda.unmeasured.delete(p.participantId);
    state.agenda.withoutBeacons.delete(p.participantId);
  }
  const record = matchRecordOf(state, proposal, match, members);
  for (const p of members) takeSeat(state, p, match);
  state.matches.set(match.matchId, match);
  state.proposals.delete(proposal.proposalId);
  for (const probeId of proposal.probes) state.probes.delete(probeId);
  state.matchesCommitted += 1;
  state.formed.push({ at: event.at, members: match.members });
  if (match.treatment !== null) countAssigned(state.treatments, match.treatment);
  state.roomFailures = 0;
  state.agenda.poolChanged = true;
  if (state.recentSeats.length > RECENT_SEATS) state.recentSeats.splice(0, RECENT_SEATS / 2);
  return [
    ...members.map(
      (p): Effect => ({ kind: "matched", participantId: p.participantId, ...matchViewOf(state, match, p) }),
    ),
    { kind: "matchFormed", record },
    { kind: "poolChanged" },
  ];
}

function takeSeat(state: LobbyState, p: Participant, match: Match): void {
  const others = match.members.filter((id) => id !== p.participantId);
  p.status = "matched";
  p.outcome = "matched";
  p.endedAt = state.now;
  p.proposalId = null;
  p.matchId = match.matchId;
  p.atHead = false;
  p.crowd = [];
  p.history = {
    partners: [...others, ...p.history.partners.filter((id) => !others.includes(id))],
    matches: p.history.matches + 1,
  };
  state.recentSeats.push(state.now);
}

/** A member's page is done. When all of them are, the match is complete. */
function finish(state: LobbyState, event: Of<"match.memberLeft">): Effect[] | null {
  const p = state.participants.get(event.participantId);
  const match = state.matches.get(event.matchId);
  if (p === undefined || p.matchId !== event.matchId || match === undefined) return null;
  const effects = leaveMatch(state, p);
  if (effects === null) return null;
  match.done.add(p.participantId);
  if (match.treatment !== null && isComplete(match)) countEnded(state.treatments, match.treatment, true);
  return effects;
}

function end(state: LobbyState, event: Of<"match.ended">): Effect[] | null {
  const match = state.matches.get(event.matchId);
  if (match === undefined) return null;
  state.matches.delete(event.matchId);
  if (match.treatment !== null && !isComplete(match)) countEnded(state.treatments, match.treatment, false);
  return [];
}

const isComplete = (match: Match): boolean => match.done.size === match.members.length;

function linksOf(state: LobbyState, proposal: Proposal): MatchLink[] {
  const links: MatchLink[] = [];
  for (const probeId of proposal.probes) {
    const probe = state.probes.get(probeId);
    if (probe?.verdict?.status !== "accepted") continue;
    const seats = [
      proposal.members.indexOf(probe.initiator),
      proposal.members.indexOf(probe.responder),
    ] as const;
    links.push({ probeId, seats, measurement: probe.verdict.measurement });
  }
  return links;
}
