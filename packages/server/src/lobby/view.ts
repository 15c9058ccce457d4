import type { Outcome } from "@probematch/shared";
import type { MatchView } from "./effects.js";
import { estimateWaitMs } from "./estimate.js";
import type { MatchRecord } from "./matchRecord.js";
import type { LobbyState, Match, Participant, Proposal, Release } from "./state.js";

/** What is shown of the state: to a member of a match, and to the researcher. */

/** A match as one of its members is told of it; the others appear under their aliases only. */
export function matchViewOf(state: LobbyState, match: Match, p: Participant): MatchView {
  const seat = match.members.indexOf(p.participantId);
  const peers = match.members.flatMap((id, other) => {
    if (other === seat) return [];
    const link = match.links.find(({ seats }) => seats.includes(seat) && seats.includes(other));
    return {
      seat: other,
      alias: match.aliases[other] ?? "",
      probeId: link?.probeId ?? null,
      measurement: link?.measurement ?? null,
      connected: !match.left.has(id) && state.participants.get(id)?.connected === true,
    };
  });
  const { matchId, room, treatment } = match;
  return {
    matchId,
    seat,
    groupSize: match.members.length,
    peers,
    room,
    ...(treatment === null ? {} : { treatment }),
  };
}

/** What a participant is told when it connects. */
export type ParticipantView =
  | { readonly status: "waiting" }
  | { readonly status: "held"; readonly proposalId: string; readonly members: number }
  | { readonly status: "matched"; readonly match: MatchView }
  | { readonly status: "ended"; readonly outcome: Outcome };

/** `null` for a stranger. */
export function viewOf(state: LobbyState, participantId: string): ParticipantView | null {
  const p = state.participants.get(participantId);
  if (p === undefined) return null;
  switch (p.status) {
    case "waiting":
      return { status: "waiting" };
    case "held": {
      const proposal = p.proposalId === null ? undefined : state.proposals.get(p.proposalId);
      if (proposal === undefined) return { status: "waiting" };
      return { status: "held", proposalId: proposal.proposalId, members: proposal.members.length };
    }
    case "matched": {
      const match = p.matchId === null ? undefined : state.matches.get(p.matchId);
      if (match === undefined || match.left.has(participantId))
        return { status: "ended", outcome: "matched" };
      return { status: "matched", match: matchViewOf(state, match, p) };
    }
    case "ended":
      return { status: "ended", outcome: p.outcome ?? "server_error" };
  }
}

/** Where a waiting participant stands. */
export interface Standing {
  /** 1 = next in line. */
  readonly position: number;
  /** Everybody who waits or is held and is here: a place kept for somebody whose connection is gone is nobody. */
  readonly lobbyCount: number;
  readonly waitedMs: number;
  /** Until the wait limit; `null` = none. */
  readonly remainingMs: number | null;
  /** From observed rates; `null` = unknown. */
  readonly estimatedWaitMs: number | null;
}

/** `null` for somebody who is not waiting, or not here. */
export function standingOf(state: LobbyState, participantId: string, now: number): Standing | null {
  const p = state.participants.get(participantId);
  const index = p === undefined ? -1 : state.present.indexOf(p);
  if (p === undefined || index < 0) return null;
  return {
    position: index + 1,
    lobbyCount: state.present.size,
    waitedMs: Math.max(0, now - p.arrivedAt),
    remainingMs: p.waitDeadlineAt === null ? null : Math.max(0, p.waitDeadlineAt - now),
    estimatedWaitMs: estimateWaitMs(state, index + 1, now),
  };
}

/** The scene as a whole, for the queue API, metrics and the admin feed. */
export interface SceneOverview {
  readonly sceneId: string;
  /** Participants who wait and are connected, those held by a proposal included. */
  readonly waiting: number;
  /** Places kept for people whose connection is gone for less than the grace time. */
  readonly away: number;
  readonly held: number;
  readonly openProposals: number;
  readonly liveProbes: number;
  readonly liveMatches: number;
  readonly matchesCommitted: number;
  /** For somebody who would arrive now; `null` = unknown. */
  readonly estimatedWaitMs: number | null;
}

export function overviewOf(state: LobbyState, now: number): SceneOverview {
  let held = 0;
  for (const proposal of state.proposals.values()) held += proposal.members.length - proposal.gone.size;
  return {
    sceneId: state.sceneId,
    waiting: state.present.size,
    away: state.line.size - state.present.size,
    held,
    openProposals: state.proposals.size,
    liveProbes: state.probes.size,
    liveMatches: state.matches.size,
    matchesCommitted: state.matchesCommitted,
    estimatedWaitMs: estimateWaitMs(state, state.present.size + 1, now),
  };
}

/** The other end of a link, and whether signals may pass yet: before a probe only once both ends are ready. */
export interface LinkPeer {
  readonly participantId: string;
  readonly ready: boolean;
}

/** The other end of a link that signals may be relayed along; `null` when it is not this participant's or over. */
export function linkPeerOf(state: LobbyState, participantId: string, probeId: string): LinkPeer | null {
  const probe = state.probes.get(probeId);
  if (probe !== undefined) {
    if (probe.verdict !== null && probe.verdict.status !== "accepted") return null;
    const ready = probe.ready.size === 2;
    if (probe.initiator === participantId) return { participantId: probe.responder, ready };
    return probe.responder === participantId ? { participantId: probe.initiator, ready } : null;
  }
  const link = matchLinkOf(state, participantId, probeId);
  return link === null ? null : { participantId: link.participantId, ready: true };
}

/** The other end of a live match's link. */
export interface MatchLinkPeer {
  readonly participantId: string;
  /** The asking end makes the offers. */
  readonly initiator: boolean;
}

/** `null` when there is no such link, it is not this participant's, or this participant's match is over. */
export function matchLinkOf(state: LobbyState, participantId: string, probeId: string): MatchLinkPeer | null {
  const matchId = state.participants.get(participantId)?.matchId;
  const match = matchId == null ? undefined : state.matches.get(matchId);
  const link = match?.links.find((l) => l.probeId === probeId);
  if (match === undefined || link === undefined || match.left.has(participantId)) return null;
  const seat = match.members.indexOf(participantId);
  if (!link.seats.includes(seat)) return null;
  const initiator = link.seats[0] === seat;
  const peer = match.members[initiator ? link.seats[1] : link.seats[0]];
  return peer === undefined ? null : { participantId: peer, initiator };
}

const SHOWN_WAITING = 200;
const SHOWN_RELEASES = 50;

/** The match log's line: what was decided, on which numbers, and what else there was. */
export function matchRecordOf(
  state: LobbyState,
  proposal: Proposal,
  match: Match,
  members: readonly Participant[],
): MatchRecord {
  const waiting = state.line.items;
  const rejected = new Set<Release>(members.flatMap((p) => p.releases));
  return {
    timestamp: match.committedAt,
    seq: state.seq,
    sceneId: state.sceneId,
    matchId: match.matchId,
    matchmaker: proposal.matchmaker,
    configHash: state.configHash,
    seed: state.seed,
    maxP2pRttMs: proposal.maxP2pRttMs,
    ...(match.treatment === null ? {} : { treatment: match.treatment }),
    participants: members.map((p, seat) => ({
      participantId: p.participantId,
      seat,
      alias: match.aliases[seat] ?? "",
      arrivedAt: p.arrivedAt,
      waitedMs: match.committedAt - p.arrivedAt,
      serverRttMs: p.serverRtt?.medianMs ?? null,
      serverRtt: p.serverRtt,
      attributes: p.attributes,
    })),
    measurements: match.links.map(({ probeId, seats, measurement }) => ({ seats, probeId, ...measurement })),
    alsoWaiting: waiting.slice(0, SHOWN_WAITING).map((p) => p.participantId),
    alsoWaitingCount: waiting.length,
    rejected: [...rejected].sort((a, b) => a.at - b.at).slice(-SHOWN_RELEASES),
    room: match.room,
  };
}
