import type { Effect, ReleaseReason } from "./effects.js";
import type { StoredEvent } from "./events.js";
import { backToPool } from "./mutate.js";
import {
  type LobbyState,
  type Participant,
  type Probe,
  type Proposal,
  pairOf,
  REMEMBERED_RELEASES,
} from "./state.js";

type ProposalEvent = Extract<
  StoredEvent,
  { type: `proposal.${string}` | `probe.${string}` | "member.confirmed" }
>;
type Of<T extends ProposalEvent["type"]> = Extract<ProposalEvent, { type: T }>;

/** From the proposal of a group to its confirmation or release. `null` = void. */
export function applyProposalEvent(state: LobbyState, event: ProposalEvent): Effect[] | null {
  switch (event.type) {
    case "proposal.opened":
      return openProposal(state, event);
    case "probe.opened":
      return openProbe(state, event);
    case "probe.ready":
      return sayReady(state, event);
    case "probe.reported":
      return report(state, event);
    case "probe.closed":
      return closeProbe(state, event);
    case "proposal.confirming":
      return startConfirming(state, event);
    case "member.confirmed":
      return confirm(state, event);
    case "proposal.released":
      return release(state, event);
  }
}

function openProposal(state: LobbyState, event: Of<"proposal.opened">): Effect[] | null {
  const members: Participant[] = [];
  for (const id of event.members) {
    const p = state.participants.get(id);
    if (p === undefined || p.status !== "waiting" || !p.connected || members.includes(p)) return null;
    members.push(p);
  }
  if (state.proposals.has(event.proposalId)) return null;
  const { proposalId } = event;
  for (const p of members) {
    state.pool.remove(p);
    p.status = "held";
    p.proposalId = proposalId;
  }
  state.proposals.set(proposalId, {
    proposalId,
    number: state.proposalsOpened,
    members: event.members,
    matchmaker: event.matchmaker,
    maxP2pRttMs: event.maxP2pRttMs,
    openedAt: event.at,
    phase: "probing",
    deadlineAt: event.deadlineAt,
    probes: [],
    repeated: new Map(),
    first: new Set(),
    confirmed: new Set(),
    gone: new Set(),
    matchId: null,
    treatment: null,
    room: undefined,
  });
  state.proposalsOpened += 1;
  state.agenda.proposals.add(proposalId);
  state.agenda.poolChanged = true;
  state.agenda.due.add(event.deadlineAt, { kind: "proposal", id: proposalId });
  if (event.maxP2pRttMs === null) return [];
  return event.members.map((participantId) => ({
    kind: "probing",
    participantId,
    proposalId,
    members: event.members.length,
  }));
}

function openProbe(state: LobbyState, event: Of<"probe.opened">): Effect[] | null {
  const { probeId, proposalId, initiator, responder, readyDeadlineAt, deadlineAt } = event;
  const proposal = state.proposals.get(proposalId);
  if (proposal === undefined || proposal.phase !== "probing" || state.probes.has(probeId)) return null;
  if (initiator === responder) return null;
  if (!proposal.members.includes(initiator) || !proposal.members.includes(responder)) return null;
  proposal.probes.push(probeId);
  if (event.first === true) proposal.first.add(pairOf(initiator, responder));
  state.probes.set(probeId, {
    probeId,
    proposalId,
    initiator,
    responder,
    readyDeadlineAt,
    deadlineAt,
    ready: new Set(),
    reports: new Map(),
    verdict: null,
  });
  state.agenda.due.add(readyDeadlineAt, { kind: "proposal", id: proposalId });
  state.agenda.due.add(deadlineAt, { kind: "proposal", id: proposalId });
  return [initiator, responder].map((participantId) => ({
    kind: "probePrepare",
    participantId,
    probeId,
    proposalId,
    initiator: participantId === initiator,
    limitMs: proposal.maxP2pRttMs,
    deadlineAt,
    ...(event.repeats === undefined ? {} : { repeats: event.repeats }),
  }));
}

/** A live probe this participant belongs to; `undefined` for anybody and anything else. */
function ownProbe(state: LobbyState, event: Of<"probe.ready" | "probe.reported">): Probe | undefined {
  const probe = state.probes.get(event.probeId);
  if (probe === undefined || probe.verdict !== null) return undefined;
  return probe.initiator === event.participantId || probe.responder === event.participantId
    ? probe
    : undefined;
}

function sayReady(state: LobbyState, event: Of<"probe.ready">): Effect[] | null {
  const probe = ownProbe(state, event);
  if (probe === undefined || probe.ready.has(event.participantId)) return null;
  probe.ready.add(event.participantId);
  if (probe.ready.size < 2) return [];
  return [probe.initiator, probe.responder].map((participantId) => ({
    kind: "probeStart",
    participantId,
    probeId: probe.probeId,
  }));
}

function report(state: LobbyState, event: Of<"probe.reported">): Effect[] | null {
  const probe = ownProbe(state, event);
  if (probe === undefined || probe.reports.has(event.participantId)) return null;
  // Nothing can have been measured before both were told to start.
  if (event.report.status === "measured" && probe.ready.size < 2) return null;
  probe.reports.set(event.participantId, event.report);
  state.agenda.proposals.add(probe.proposalId);
  return [];
}

function closeProbe(state: LobbyState, event: Of<"probe.closed">): Effect[] | null {
  const probe = state.probes.get(event.probeId);
  if (probe === undefined || probe.verdict !== null) return null;
  const { verdict, blockedUntil, expiresAt } = event;
  const { initiator: a, responder: b } = probe;
  probe.verdict = verdict;
  state.agenda.proposals.add(probe.proposalId);
  if (event.again === true) {
    takeOut(state, probe);
    return [];
  }
  const before = state.pairs.get(a, b, event.at);
  const failed = verdict.status === "failed";
  const known = before?.fresh ?? null;
  const fresh = failed
    ? known !== null && known.until > event.at
      ? known
      : null
    : { rttMs: verdict.measurement.rttMs, until: expiresAt ?? event.at };
  state.pairs.set(a, b, {
    status: verdict.status,
    measurement: failed ? null : verdict.measurement,
    reason: failed ? verdict.reason : null,
    at: event.at,
    blockedUntil,
    fresh,
    expiresAt: Math.max(expiresAt ?? event.at, fresh?.until ?? 0),
    failures: failed ? (before?.failures ?? 0) + 1 : 0,
  });
  if (blockedUntil !== null) state.agenda.due.add(blockedUntil, { kind: "pair", a, b });
  if (expiresAt !== null) state.agenda.due.add(expiresAt, { kind: "pair", a, b });
  if (!failed) {
    const [first, second] = [state.participants.get(a), state.participants.get(b)];
    const limitMs = state.proposals.get(probe.proposalId)?.maxP2pRttMs ?? null;
    for (const p of [first, second]) if (p !== undefined) p.failures = 0;
    if (first !== undefined && second !== undefined)
      state.latency.observe(first, second, verdict.measurement.rttMs, limitMs);
  }
  return [];
}

/** The pair is to be probed again: as if it had not been yet, but for the count. */
function takeOut(state: LobbyState, { probeId, proposalId, initiator, responder }: Probe): void {
  state.probes.delete(probeId);
  const proposal = state.proposals.get(proposalId);
  if (proposal === undefined) return;
  proposal.probes.splice(proposal.probes.indexOf(probeId), 1);
  const pair = pairOf(initiator, responder);
  proposal.repeated.set(pair, [...(proposal.repeated.get(pair) ?? []), probeId]);
}

function startConfirming(state: LobbyState, event: Of<"proposal.confirming">): Effect[] | null {
  const proposal = state.proposals.get(event.proposalId);
  if (proposal === undefined || proposal.phase !== "probing" || proposal.gone.size > 0) return null;
  proposal.phase = "confirming";
  enterPhase(state, proposal, event.deadlineAt);
  return proposal.members.map((participantId) => ({
    kind: "confirm",
    participantId,
    proposalId: proposal.proposalId,
    deadlineAt: event.deadlineAt,
  }));
}

/** A new phase has its own deadline. */
export function enterPhase(state: LobbyState, proposal: Proposal, deadlineAt: number): void {
  proposal.deadlineAt = deadlineAt;
  state.agenda.proposals.add(proposal.proposalId);
  state.agenda.due.add(deadlineAt, { kind: "proposal", id: proposal.proposalId });
}

function confirm(state: LobbyState, event: Of<"member.confirmed">): Effect[] | null {
  const proposal = state.proposals.get(event.proposalId);
  if (proposal === undefined || proposal.phase !== "confirming") return null;
  if (!proposal.members.includes(event.participantId) || proposal.confirmed.has(event.participantId))
    return null;
  proposal.confirmed.add(event.participantId);
  state.agenda.proposals.add(proposal.proposalId);
  return [];
}

function release(state: LobbyState, event: Of<"proposal.released">): Effect[] | null {
  const proposal = state.proposals.get(event.proposalId);
  if (proposal === undefined) return null;
  const { proposalId, reason } = event;
  const rttMs = reason === "too_slow" ? slowestRtt(state, proposal) : null;
  state.proposals.delete(proposalId);
  for (const probeId of proposal.probes) state.probes.delete(probeId);
  if (reason === "room_failed") state.roomFailures += 1;
  if (event.pauseUntil !== null) {
    state.pausedUntil = event.pauseUntil;
    state.agenda.due.add(event.pauseUntil, { kind: "everybody" });
  }
  const entry = { at: event.at, proposalId, members: proposal.members, reason, rttMs };
  const effects: Effect[] = [];
  for (const id of proposal.members) {
    const p = state.participants.get(id);
    if (p === undefined) continue;
    p.releases = [...p.releases.slice(1 - REMEMBERED_RELEASES), entry];
    if (p.status !== "held" || p.proposalId !== proposalId) continue;
    if (event.toHead && !p.atHead) moveToHead(state, p);
    backToPool(state, p);
    effects.push({ kind: "released", participantId: id, proposalId, reason: reason satisfies ReleaseReason });
  }
  for (const { participantId, until } of event.backOff) {
    const p = state.participants.get(participantId);
    if (p === undefined) continue;
    p.failures += 1;
    p.notBefore = until;
    state.agenda.resting.add(participantId);
    state.agenda.due.add(until, { kind: "participant", id: participantId });
  }
  state.agenda.poolChanged = true;
  return [...effects, { kind: "poolChanged" }];
}

/** The rank changes, so the lines are left and entered again. */
function moveToHead(state: LobbyState, p: Participant): void {
  state.line.remove(p);
  state.present.remove(p);
  p.atHead = true;
  state.line.add(p);
  if (p.connected) state.present.add(p);
}

function slowestRtt(state: LobbyState, proposal: Proposal): number | null {
  let slowest: number | null = null;
  for (const probeId of proposal.probes) {
    const verdict = state.probes.get(probeId)?.verdict;
    if (verdict?.status === "too_slow") slowest = Math.max(slowest ?? 0, verdict.measurement.rttMs);
  }
  return slowest;
}
