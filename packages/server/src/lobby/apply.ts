import { applyMatchEvent } from "./applyMatch.js";
import { applyParticipantEvent } from "./applyParticipant.js";
import { applyProposalEvent } from "./applyProposal.js";
import type { Effect } from "./effects.js";
import type { StoredEvent } from "./events.js";
import { loseConnection, tellPeers } from "./mutate.js";
import { type LobbyState, type Participant, touchEverything } from "./state.js";

/**
 * Applies the next event of the log to the state, in place.
 *
 * An event that does not hold any more (a decision about a proposal that is gone, a fact about a stranger) is
 * void: it takes its place in the log and changes nothing, for every reader alike.
 *
 * @returns what the outside world has to be told because of it
 */
export function apply(state: LobbyState, event: StoredEvent): readonly Effect[] {
  state.seq = event.seq;
  state.now = Math.max(state.now, event.at);
  state.asOf.now = state.now;
  const effects = applyByType(state, event);
  if (effects !== null) return effects;
  state.voided += 1;
  // Whatever the decision was about has to be decided anew.
  touchEverything(state);
  return [];
}

/** `null` = void. */
function applyByType(state: LobbyState, event: StoredEvent): Effect[] | null {
  switch (event.type) {
    case "scene.opened":
      return openScene(state, event);
    case "node.leads":
      touchEverything(state);
      return [];
    case "node.lost":
      return loseNode(state, event);
    case "participant.arrived":
    case "participant.rttMeasured":
    case "participant.disconnected":
    case "participant.reconnected":
    case "participant.left":
    case "participant.removed":
    case "participant.ended":
      return applyParticipantEvent(state, event);
    case "proposal.opened":
    case "proposal.confirming":
    case "proposal.released":
    case "member.confirmed":
    case "probe.opened":
    case "probe.ready":
    case "probe.reported":
    case "probe.closed":
      return applyProposalEvent(state, event);
    case "match.creating":
    case "room.created":
    case "room.failed":
    case "match.committed":
    case "match.memberLeft":
    case "match.ended":
      return applyMatchEvent(state, event);
    case "matchmaker.failed":
      return [];
  }
}

/**
 * A server starts: whoever was connected to the one before has the grace time to come back, and proposals that
 * were open lose their members' links with their sockets.
 */
function openScene(state: LobbyState, event: StoredEvent & { type: "scene.opened" }): Effect[] {
  if (state.seed === "") {
    state.sceneId = event.sceneId;
    state.seed = event.seed;
  }
  state.configHash = event.configHash;
  // Where nodes share the log, those of another node are still connected to it; those of none are not.
  const lost = (p: Participant) => event.shared !== true || p.nodeId === null;
  // From the end: taking the first of 50,000 out of a line again and again would move all the others each time.
  for (const p of [...state.participants.values()].reverse()) {
    if (p.status === "ended" || !p.connected || !lost(p)) continue;
    loseConnection(state, p, event.graceUntil);
  }
  if (event.shared !== true) {
    for (const matchId of state.matches.keys())
      state.agenda.due.add(event.graceUntil, { kind: "match", id: matchId });
  }
  touchEverything(state);
  return [];
}

/** The people of a node that is gone lose their connections; everybody else stays. */
function loseNode(state: LobbyState, event: StoredEvent & { type: "node.lost" }): Effect[] {
  const effects: Effect[] = [];
  for (const p of state.participants.values()) {
    if (p.status === "ended" || !p.connected || p.nodeId !== event.nodeId) continue;
    loseConnection(state, p, event.graceUntil);
    effects.push(...tellPeers(state, p, false));
  }
  return [...effects, { kind: "poolChanged" }];
}
