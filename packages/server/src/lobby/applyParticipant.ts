import type { Outcome } from "@probematch/shared";
import { meet } from "../latency/prospects.js";
import type { Effect } from "./effects.js";
import type { StoredEvent } from "./events.js";
import { endParticipant, leaveMatch, loseConnection, tellPeers } from "./mutate.js";
import { type LobbyState, Participant, RECENT_ARRIVALS } from "./state.js";

type ParticipantEvent = Extract<StoredEvent, { type: `participant.${string}` }>;

/** Arrivals, departures, connections and what was measured about one participant. `null` = void. */
export function applyParticipantEvent(state: LobbyState, event: ParticipantEvent): Effect[] | null {
  if (event.type === "participant.arrived") return arrive(state, event);
  const p = state.participants.get(event.participantId);
  if (p === undefined) return null;
  switch (event.type) {
    case "participant.rttMeasured":
      return measure(state, p, event);
    case "participant.disconnected":
      return disconnect(state, p, event);
    case "participant.reconnected":
      return reconnect(state, p, event.webrtc, event.nodeId);
    case "participant.left":
      return depart(state, p, "left");
    case "participant.removed":
      return depart(state, p, "removed");
    case "participant.ended":
      if (p.status !== "waiting" && p.status !== "held") return null;
      return endParticipant(state, p, event.outcome);
  }
}

function arrive(
  state: LobbyState,
  event: ParticipantEvent & { type: "participant.arrived" },
): Effect[] | null {
  const known = state.participants.get(event.participantId);
  // A retried arrival: the first one counts. Somebody whose participation is over starts a new one.
  if (known !== undefined && !isOver(state, known)) {
    // At two nodes at once, neither of which had heard of the other's yet: the later one has the page.
    const moved = event.nodeId !== undefined && event.nodeId !== known.nodeId;
    return moved ? reconnect(state, known, event.webrtc, event.nodeId) : null;
  }
  const p = new Participant(state.asOf, {
    participantId: event.participantId,
    order: state.arrivals,
    arrivedAt: event.at,
    waitDeadlineAt: event.waitDeadlineAt,
    attributes: event.attributes,
    webrtc: event.webrtc,
    priority: event.priority,
    history: event.history,
  });
  p.nodeId = event.nodeId ?? null;
  state.arrivals += 1;
  state.recentArrivals.push(event.at);
  if (state.recentArrivals.length > RECENT_ARRIVALS) state.recentArrivals.shift();
  state.participants.set(p.participantId, p);
  state.line.add(p);
  state.present.add(p);
  state.pool.add(p);
  state.agenda.participants.add(p.participantId);
  state.agenda.asked.add(p.participantId);
  state.agenda.unmeasured.add(p.participantId);
  state.agenda.withoutBeacons.add(p.participantId);
  if (p.waitDeadlineAt !== null)
    state.agenda.due.add(p.waitDeadlineAt, { kind: "participant", id: p.participantId });
  return [{ kind: "poolChanged" }];
}

const isOver = (state: LobbyState, p: Participant): boolean =>
  p.status === "ended" || (p.status === "matched" && (p.matchId === null || !state.matches.has(p.matchId)));

function measure(
  state: LobbyState,
  p: Participant,
  event: ParticipantEvent & { type: "participant.rttMeasured" },
): Effect[] | null {
  if (p.status === "ended") return null;
  p.serverRtt = event.serverRtt ?? p.serverRtt;
  if (p.serverRtt !== null) state.agenda.unmeasured.delete(p.participantId);
  p.beaconRttMs = { ...p.beaconRttMs, ...event.beaconRttMs };
  if (p.hasBeaconRtts) state.agenda.withoutBeacons.delete(p.participantId);
  const place = state.latency.locate(p);
  if (place !== null && state.line.has(p)) {
    const { crowd, others } = meet(state.crowd, p.participantId, place);
    p.crowd = others;
    state.crowd = crowd;
  }
  state.agenda.participants.add(p.participantId);
  state.agenda.asked.add(p.participantId);
  state.agenda.poolChanged = true;
  return [];
}

function disconnect(
  state: LobbyState,
  p: Participant,
  event: ParticipantEvent & { type: "participant.disconnected" },
): Effect[] | null {
  if (p.status === "ended" || !p.connected) return null;
  // The end of an old connection, told late: the participant has moved to another node since.
  if (event.nodeId !== undefined && p.nodeId !== null && event.nodeId !== p.nodeId) return null;
  loseConnection(state, p, event.graceUntil);
  return [...tellPeers(state, p, false), { kind: "poolChanged" }];
}

function reconnect(
  state: LobbyState,
  p: Participant,
  webrtc: boolean,
  nodeId: string | undefined,
): Effect[] | null {
  if (p.status === "ended") return null;
  if (nodeId !== undefined && nodeId !== p.nodeId) {
    // A page of another node knows nothing of a proposal that the page before was told of.
    if (p.connected && p.proposalId !== null) {
      state.proposals.get(p.proposalId)?.gone.add(p.participantId);
      state.agenda.proposals.add(p.proposalId);
    }
    p.nodeId = nodeId;
  }
  p.connected = true;
  p.graceUntil = null;
  p.webrtc = webrtc;
  if (p.status !== "matched") state.present.add(p);
  if (p.status === "waiting") state.pool.add(p);
  state.agenda.participants.add(p.participantId);
  state.agenda.asked.add(p.participantId);
  return [...tellPeers(state, p, true), { kind: "poolChanged" }];
}

function depart(state: LobbyState, p: Participant, outcome: Outcome & ("left" | "removed")): Effect[] | null {
  if (p.status === "matched") return leaveMatch(state, p);
  if (p.status === "ended") return null;
  return endParticipant(state, p, outcome);
}
