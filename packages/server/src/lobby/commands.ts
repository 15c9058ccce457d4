import type { Attributes, ProbeReport, RefusalCode, RttSummary } from "@probematch/shared";
import type { LobbyConfig } from "./config.js";
import type { Fact, History } from "./events.js";
import { rttMatters } from "./rttMatters.js";
import type { LobbyState, Probe } from "./state.js";
import { viewOf } from "./view.js";

/**
 * What participants ask for, as facts for the log: the one door into a scene, for the gateway and for the
 * simulator. A command that repeats itself or comes too late has no facts.
 */
export interface Command<Answer> {
  readonly facts: readonly Fact[];
  readonly answer: Answer;
}

export interface ArrivalRequest {
  readonly participantId: string;
  readonly attributes: Attributes;
  readonly webrtc: boolean;
  readonly priority: number;
  /** The page was loaded anew: links it had are gone. */
  readonly fresh: boolean;
}

export type Arrival =
  /** New here: a place at the end of the queue. */
  | { readonly status: "arrived" }
  /** Known: keeps place, attributes and history. */
  | { readonly status: "resumed" }
  | { readonly status: "refused"; readonly code: RefusalCode };

const command = <Answer>(answer: Answer, ...facts: Fact[]): Command<Answer> => ({ facts, answer });

/**
 * A page connects: a new participant, or one that comes back.
 *
 * @param nodeId where it connects, in a log that several nodes share
 */
export function arrive(
  state: LobbyState,
  config: LobbyConfig,
  request: ArrivalRequest,
  history: History,
  now: number,
  nodeId?: string,
): Command<Arrival> {
  const here = nodeId === undefined ? {} : { nodeId };
  const { participantId, attributes, webrtc, priority } = request;
  const p = state.participants.get(participantId);
  const view = viewOf(state, participantId);
  if (p === undefined || view === null || (view.status === "ended" && config.allowRepeat)) {
    if (config.capacity !== null && state.line.size >= config.capacity) {
      return command<Arrival>({ status: "refused", code: "study_full" });
    }
    const waitDeadlineAt = config.waitTimeoutMs === null ? null : now + config.waitTimeoutMs;
    return command<Arrival>(
      { status: "arrived" },
      {
        type: "participant.arrived",
        participantId,
        attributes,
        webrtc,
        priority,
        waitDeadlineAt,
        history,
        ...here,
      },
    );
  }
  if (view.status === "ended") return command<Arrival>({ status: "resumed" });
  const facts: Fact[] = [];
  // A new page has none of the old page's links, and one that was held while its connection broke has missed
  // messages: either way a proposal that holds this participant has lost a member.
  if (p.connected && (request.fresh || view.status === "held")) {
    facts.push(...disconnect(state, config, participantId, now).facts);
  }
  const moved = nodeId !== undefined && p.nodeId !== nodeId;
  if (!p.connected || facts.length > 0 || p.webrtc !== webrtc || moved) {
    facts.push({ type: "participant.reconnected", participantId, webrtc, ...here });
  }
  return command<Arrival>({ status: "resumed" }, ...facts);
}

/**
 * The last page of a participant is gone; its place is kept for the grace time.
 *
 * @param nodeId whose connection ended, in a log that several nodes share; default: the one the log knows of
 */
export function disconnect(
  state: LobbyState,
  config: LobbyConfig,
  participantId: string,
  now: number,
  nodeId?: string,
): Command<null> {
  const p = state.participants.get(participantId);
  if (p === undefined || !p.connected || p.status === "ended") return command(null);
  if (nodeId !== undefined && p.nodeId !== null && p.nodeId !== nodeId) return command(null);
  const there = p.nodeId === null ? {} : { nodeId: p.nodeId };
  const graceUntil = now + config.graceMs;
  return command(null, { type: "participant.disconnected", participantId, graceUntil, ...there });
}

/** The page leaves the scene for good. */
export function leave(state: LobbyState, participantId: string): Command<null> {
  return isOver(state, participantId)
    ? command(null)
    : command(null, { type: "participant.left", participantId });
}

/** The researcher takes a participant out. `false` = not in this scene. */
export function remove(state: LobbyState, participantId: string, by: string): Command<boolean> {
  if (isOver(state, participantId)) return command(false);
  return command(true, { type: "participant.removed", participantId, by });
}

/** Journaled when it is the first report or one that changed enough to matter. */
export function reportRtt(
  state: LobbyState,
  participantId: string,
  measured: { readonly serverRtt?: RttSummary; readonly beaconRttMs?: Readonly<Record<string, number>> },
): Command<null> {
  const p = state.participants.get(participantId);
  if (p === undefined || p.status === "ended" || !rttMatters(p, measured)) return command(null);
  const { serverRtt = null, beaconRttMs = {} } = measured;
  return command(null, {
    type: "participant.rttMeasured",
    participantId,
    serverRtt,
    beaconRttMs: { ...beaconRttMs },
  });
}

export function probeReady(
  state: LobbyState,
  participantId: string,
  probeId: string,
): Command<RefusalCode | null> {
  const probe = liveProbeOf(state, participantId, probeId);
  if (probe === undefined) return command<RefusalCode>("not_your_probe");
  if (probe.ready.has(participantId)) return command(null);
  return command(null, { type: "probe.ready", probeId, participantId });
}

export function probeReport(
  state: LobbyState,
  participantId: string,
  probeId: string,
  report: ProbeReport,
): Command<RefusalCode | null> {
  const probe = liveProbeOf(state, participantId, probeId);
  if (probe === undefined) return command<RefusalCode>("not_your_probe");
  if (probe.reports.has(participantId)) return command(null);
  if (report.status === "measured" && probe.ready.size < 2) return command<RefusalCode>("out_of_order");
  // The samples are telemetry: no decision reads them, and the journal stays small.
  const journaled: ProbeReport = report.status === "measured" ? { ...report, samplesMs: [] } : report;
  return command(null, { type: "probe.reported", probeId, participantId, report: journaled });
}

export function confirm(
  state: LobbyState,
  participantId: string,
  proposalId: string,
): Command<RefusalCode | null> {
  const proposal = state.proposals.get(proposalId);
  if (proposal === undefined || !proposal.members.includes(participantId)) {
    return command<RefusalCode>("not_your_proposal");
  }
  if (proposal.phase === "probing") return command<RefusalCode>("out_of_order");
  if (proposal.confirmed.has(participantId)) return command(null);
  return command(null, { type: "member.confirmed", proposalId, participantId });
}

export function matchDone(
  state: LobbyState,
  participantId: string,
  matchId: string,
): Command<RefusalCode | null> {
  if (!isInMatch(state, participantId, matchId)) return command<RefusalCode>("out_of_order");
  return command(null, { type: "match.memberLeft", matchId, participantId });
}

/** Is this the live match of a participant who has not left it? */
export function isInMatch(state: LobbyState, participantId: string, matchId: string): boolean {
  const view = viewOf(state, participantId);
  return view?.status === "matched" && view.match.matchId === matchId;
}

function isOver(state: LobbyState, participantId: string): boolean {
  const view = viewOf(state, participantId);
  return view === null || view.status === "ended";
}

function liveProbeOf(state: LobbyState, participantId: string, probeId: string): Probe | undefined {
  const probe = state.probes.get(probeId);
  if (probe === undefined || probe.verdict !== null) return undefined;
  return probe.initiator === participantId || probe.responder === participantId ? probe : undefined;
}
