import type { Effect } from "../lobby/effects.js";
import type { Decision, StoredEvent } from "../lobby/events.js";
import type { LobbyState, Participant } from "../lobby/state.js";
import type { ViolationKind } from "./invariants.js";

/** A mistake put into the simulated servers, to see that the simulation finds mistakes of its kind. */
export interface PlantedBug {
  /** Spoils what `apply` did. */
  readonly afterApply?: (state: LobbyState, event: StoredEvent, nodeId: string) => void;
  /** Spoils what was decided. */
  readonly decisions?: (decisions: readonly Decision[]) => readonly Decision[];
  /** Spoils what happens when decisions were refused. */
  readonly afterRefusal?: (
    decisions: readonly Decision[],
    tell: (effects: readonly Effect[]) => void,
  ) => void;
}

const membersOf = (state: LobbyState, ids: readonly string[]): Participant[] =>
  ids.flatMap((id) => state.participants.get(id) ?? []);

export const plantedBugs = {
  /** The first member of a match stays in the pool. */
  doubleMatched: {
    afterApply: (state, event) => {
      if (event.type !== "match.committed") return;
      for (const p of membersOf(state, state.matches.get(event.matchId)?.members.slice(0, 1) ?? [])) {
        p.status = "waiting";
        p.matchId = null;
        state.line.add(p);
        if (p.connected) state.pool.add(p);
        state.agenda.asked.add(p.participantId);
        state.agenda.participants.add(p.participantId);
      }
    },
  },
  /** Somebody whose wait or grace is over is never told to go. */
  lost: {
    decisions: (decisions) => decisions.filter(({ type }) => type !== "participant.ended"),
  },
  /** A proposal whose time is over is not released. */
  heldPastDeadline: {
    decisions: (decisions) => decisions.filter(({ type }) => type !== "proposal.released"),
  },
  /** Participants are told what follows from a decision that was not written. */
  twoOutcomes: {
    afterRefusal: (decisions, tell) => {
      for (const decision of decisions) {
        if (decision.type !== "proposal.opened") continue;
        tell(
          decision.members.map((participantId) => ({
            kind: "ended",
            participantId,
            outcome: "server_error",
          })),
        );
      }
    },
  },
  /** Who comes back to the waiting room goes to its end. */
  seniorityBroken: {
    afterApply: (state, event) => {
      if (event.type !== "participant.reconnected") return;
      for (const p of membersOf(state, [event.participantId])) {
        if (!state.line.has(p)) continue;
        state.line.remove(p);
        state.present.remove(p);
        state.pool.remove(p);
        (p as { order: number }).order = state.arrivals;
        state.arrivals += 1;
        state.line.add(p);
        state.present.add(p);
        if (p.status === "waiting") state.pool.add(p);
      }
    },
  },
  /** `apply` depends on which node it runs. */
  replayDiffers: {
    afterApply: (state, event, nodeId) => {
      if (event.type !== "participant.disconnected") return;
      for (const p of membersOf(state, [event.participantId])) {
        if (p.graceUntil !== null && p.nodeId === nodeId) p.graceUntil += 1;
      }
    },
  },
} as const satisfies Partial<Record<ViolationKind, PlantedBug>>;
