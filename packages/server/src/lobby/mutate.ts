import type { Outcome } from "@probematch/shared";
import type { Effect } from "./effects.js";
import type { LobbyState, Match, Participant } from "./state.js";

/** State changes that more than one kind of event makes. */

/** The participation is over without a match. A proposal it was held by loses a member. */
export function endParticipant(state: LobbyState, p: Participant, outcome: Outcome): Effect[] {
  const { proposalId } = p;
  state.line.remove(p);
  state.present.remove(p);
  state.pool.remove(p);
  state.agenda.unmeasured.delete(p.participantId);
  state.agenda.withoutBeacons.delete(p.participantId);
  p.status = "ended";
  p.outcome = outcome;
  p.endedAt = state.now;
  p.proposalId = null;
  p.graceUntil = null;
  p.crowd = [];
  state.agenda.poolChanged = true;
  if (proposalId !== null) {
    state.proposals.get(proposalId)?.gone.add(p.participantId);
    state.agenda.proposals.add(proposalId);
  }
  return [{ kind: "ended", participantId: p.participantId, outcome }, { kind: "poolChanged" }];
}

/** The page is gone; the place is kept for a while. A proposal the participant was held by loses a member. */
export function loseConnection(state: LobbyState, p: Participant, graceUntil: number): void {
  p.connected = false;
  p.graceUntil = graceUntil;
  state.present.remove(p);
  state.pool.remove(p);
  state.agenda.poolChanged = true;
  state.agenda.due.add(graceUntil, { kind: "participant", id: p.participantId });
  if (p.proposalId !== null) {
    state.proposals.get(p.proposalId)?.gone.add(p.participantId);
    state.agenda.proposals.add(p.proposalId);
  }
  if (p.matchId !== null && state.matches.has(p.matchId)) {
    state.agenda.due.add(graceUntil, { kind: "match", id: p.matchId });
  }
}

/** Puts a held member back into the place it had. */
export function backToPool(state: LobbyState, p: Participant): void {
  p.status = "waiting";
  p.proposalId = null;
  if (p.connected) state.pool.add(p);
  state.agenda.participants.add(p.participantId);
  state.agenda.asked.add(p.participantId);
}

/** Tells the other members of a live match that this one's signaling connection went or came back. */
export function tellPeers(state: LobbyState, p: Participant, connected: boolean): Effect[] {
  const match = liveMatchOf(state, p);
  if (match === undefined) return [];
  const seat = match.members.indexOf(p.participantId);
  return match.members
    .filter((id) => id !== p.participantId && !match.left.has(id))
    .map((participantId) => ({ kind: "peerStatus", participantId, matchId: match.matchId, seat, connected }));
}

/** A member's page is done with its match. `null` = it had already left, or the match is over. */
export function leaveMatch(state: LobbyState, p: Participant): Effect[] | null {
  const match = liveMatchOf(state, p);
  if (match === undefined || match.left.has(p.participantId)) return null;
  const effects = tellPeers(state, p, false);
  match.left.add(p.participantId);
  state.agenda.matches.add(match.matchId);
  return effects;
}

function liveMatchOf(state: LobbyState, p: Participant): Match | undefined {
  return p.matchId === null ? undefined : state.matches.get(p.matchId);
}
