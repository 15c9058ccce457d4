import type { LobbyState } from "./state.js";

/**
 * The whole truth of a state as plain data: two states that came from the same log are equal in it, whatever
 * their agendas hold.
 *
 * @param now what has expired by then is left out; default: the time of the last event
 */
export function snapshotOf(state: LobbyState, now: number = state.now): Readonly<Record<string, unknown>> {
  return {
    sceneId: state.sceneId,
    seed: state.seed,
    configHash: state.configHash,
    seq: state.seq,
    now: state.now,
    participants: [...state.participants.values()].map((p) => ({ ...p, waitedMs: undefined })),
    line: state.line.items.map((p) => p.participantId),
    present: state.present.items.map((p) => p.participantId),
    pool: state.pool.items.map((p) => p.participantId),
    proposals: [...state.proposals.values()].map((proposal) => ({
      ...proposal,
      repeated: [...proposal.repeated],
      first: [...proposal.first],
      confirmed: [...proposal.confirmed],
      gone: [...proposal.gone],
    })),
    probes: [...state.probes.values()].map((probe) => ({
      ...probe,
      ready: [...probe.ready],
      reports: [...probe.reports],
    })),
    matches: [...state.matches.values()].map((match) => ({
      ...match,
      left: [...match.left],
      done: [...match.done],
    })),
    pairs: state.pairs.entries(now),
    arrivals: state.arrivals,
    recentArrivals: [...state.recentArrivals],
    proposalsOpened: state.proposalsOpened,
    matchesCommitted: state.matchesCommitted,
    treatments: { ...state.treatments, byArm: [...state.treatments.byArm] },
    roomFailures: state.roomFailures,
    pausedUntil: state.pausedUntil,
    recentSeats: [...state.recentSeats],
    formed: state.formed,
    voided: state.voided,
  };
}
