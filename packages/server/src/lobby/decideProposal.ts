import type { ProbeFailure } from "@probematch/shared";
import { backOffMs } from "../latency/backOff.js";
import type { ProbeVerdict } from "../latency/edge.js";
import { joinReports } from "../latency/joinReports.js";
import { verdictOf } from "../latency/verdict.js";
import type { LobbyConfig } from "./config.js";
import type { ReleaseReason } from "./effects.js";
import type { Decision } from "./events.js";
import { rejectsRtt } from "./limits.js";
import { aliasesOf, matchIdOf } from "./names.js";
import { openProbes, pairsOf } from "./openProbes.js";
import { type LobbyState, type Probe, type Proposal, pairOf } from "./state.js";

/** What follows for one open proposal. */
export function decideProposal(
  state: LobbyState,
  config: LobbyConfig,
  proposal: Proposal,
  now: number,
): Decision[] {
  if (proposal.gone.size > 0)
    return [release(state, config, proposal, "member_gone", [...proposal.gone], now)];
  switch (proposal.phase) {
    case "probing":
      return decideProbing(state, config, proposal, now);
    case "confirming":
      return decideConfirming(state, config, proposal, now);
    case "creating":
      return decideCreating(state, config, proposal, now);
  }
}

function decideProbing(state: LobbyState, config: LobbyConfig, proposal: Proposal, now: number): Decision[] {
  const ended: { readonly probe: Probe; readonly ending: Ending }[] = [];
  let open = 0;
  let tooSlow = false;
  let failed = false;
  let repeats = 0;
  const blamed: string[] = [];
  for (const probeId of proposal.probes) {
    const probe = state.probes.get(probeId);
    if (probe === undefined) continue;
    let status = probe.verdict?.status;
    if (status === undefined) {
      const ending = endOf(config, proposal, probe, now);
      if (ending === null) {
        open += 1;
        continue;
      }
      ended.push({ probe, ending });
      blamed.push(...ending.blamed);
      if (isRepeated(config, proposal, probe, ending, now)) {
        repeats += 1;
        continue;
      }
      status = ending.verdict.status;
    }
    if (status === "too_slow") tooSlow = true;
    if (status === "failed") failed = true;
  }
  const givenUp = tooSlow || failed;
  const closed = ended.map(({ probe, ending }) => {
    const again = !givenUp && isRepeated(config, proposal, probe, ending, now);
    return again ? closeForRepeat(probe, ending) : closeProbe(state, config, probe, ending, now);
  });
  // One bad link is enough: nobody is held for measurements that can change nothing.
  if (tooSlow) return [...closed, release(state, config, proposal, "too_slow", blamed, now)];
  if (failed) return [...closed, release(state, config, proposal, "probe_failed", blamed, now)];
  // Opened again when what failed has been applied.
  if (repeats > 0) return closed;
  if (proposal.maxP2pRttMs === null) return [...closed, ...complete(state, config, proposal, now)];
  const unopened = pairsOf(proposal.members.length) - proposal.probes.length;
  if (open > 0 || unopened > 0) {
    if (proposal.deadlineAt <= now) {
      return [...closed, release(state, config, proposal, "probe_failed", blamed, now)];
    }
    // A probe that is closed makes room for another one; that is looked at when it has been applied.
    return closed.length > 0 || unopened === 0 ? closed : openProbes(state, config, proposal, now);
  }
  return [
    ...closed,
    {
      type: "proposal.confirming",
      proposalId: proposal.proposalId,
      deadlineAt: now + config.confirmTimeoutMs,
    },
  ];
}

function decideConfirming(
  state: LobbyState,
  config: LobbyConfig,
  proposal: Proposal,
  now: number,
): Decision[] {
  const missing = proposal.members.filter((id) => !proposal.confirmed.has(id));
  if (missing.length === 0) return complete(state, config, proposal, now);
  if (proposal.deadlineAt > now) return [];
  return [release(state, config, proposal, "not_confirmed", missing, now)];
}

function decideCreating(state: LobbyState, config: LobbyConfig, proposal: Proposal, now: number): Decision[] {
  if (proposal.room?.ok === true) return [commit(state, proposal)];
  if (proposal.room === undefined && proposal.deadlineAt > now) return [];
  return [release(state, config, proposal, "room_failed", [], now)];
}

/** Everybody is here and every link is good: make the room, or the match. */
export function complete(
  state: Pick<LobbyState, "seed">,
  config: LobbyConfig,
  proposal: Pick<Proposal, "proposalId" | "members">,
  now: number,
): Decision[] {
  if (!config.hasRoomHook) return [commit(state, proposal)];
  const { proposalId } = proposal;
  const deadlineAt = now + config.roomTimeoutMs;
  return [{ type: "match.creating", proposalId, matchId: matchIdOf(proposalId), deadlineAt }];
}

function commit(
  state: Pick<LobbyState, "seed">,
  proposal: Pick<Proposal, "proposalId" | "members">,
): Decision {
  const matchId = matchIdOf(proposal.proposalId);
  const aliases = aliasesOf(state.seed, matchId, proposal.members.length);
  return { type: "match.committed", proposalId: proposal.proposalId, matchId, aliases };
}

interface Ending {
  readonly verdict: ProbeVerdict;
  readonly blamed: readonly string[];
  /** A failure that may have been an accident. */
  readonly mayRepeat: boolean;
}

/** Somebody who is not there, or a time that is over, is not waited for a second time, and clocks stay as coarse as they are. */
const lasting: ReadonlySet<ProbeFailure> = new Set(["peer_gone", "not_ready", "deadline", "coarse_clock"]);

const failure = (
  reason: ProbeFailure,
  blamed: readonly string[],
  mayRepeat = !lasting.has(reason),
): Ending => ({ verdict: { status: "failed", reason }, blamed, mayRepeat });

/**
 * Is a probe that ended like this done again, instead of everybody being released? One accident in one of the six links
 * of a group of four is no reason to tear it apart, and a number that cannot be trusted (`disagreement`, `stalled`)
 * is no answer. Only while enough of the proposal's time is left for it to come to something: half of what
 * a probe may take.
 */
function isRepeated(
  config: LobbyConfig,
  proposal: Proposal,
  { initiator, responder }: Probe,
  { mayRepeat }: Ending,
  now: number,
): boolean {
  const before = proposal.repeated.get(pairOf(initiator, responder))?.length ?? 0;
  return (
    mayRepeat &&
    before < (config.probeRepeats ?? DEFAULT_REPEATS) &&
    proposal.deadlineAt - now >= config.probeTimeoutMs / 2
  );
}

/** How often a probe is done again, where the scene says nothing else. */
const DEFAULT_REPEATS = 1;

/** How a probe ends now; `null` while it may go on. */
function endOf(config: LobbyConfig, proposal: Proposal, probe: Probe, now: number): Ending | null {
  const sides = [probe.initiator, probe.responder] as const;
  const a = probe.reports.get(probe.initiator);
  const b = probe.reports.get(probe.responder);
  if (a !== undefined && b !== undefined) {
    const joined = joinReports(a, b, config.probe.spacingMs);
    if (joined.status === "failed")
      return failure(
        joined.reason,
        joined.blamed.map((side) => sides[side]),
      );
    // A relayed path is one that this scene does not accept as a path at all.
    if (joined.measurement.path === "relay" && !config.acceptRelayed) return failure("ice_failed", [], false);
    const verdict = verdictOf(joined, (rttMs) => rejectsRtt(config, rttMs, proposal.maxP2pRttMs));
    return { verdict, blamed: [], mayRepeat: false };
  }
  const [reporter, report] = a === undefined ? [probe.responder, b] : [probe.initiator, a];
  if (report?.status === "failed") {
    const ownFault = report.reason === "hidden_tab" || report.reason === "stalled";
    return failure(report.reason, ownFault ? [reporter] : []);
  }
  const ready = sides.filter((id) => probe.ready.has(id));
  if (ready.length < 2 && probe.readyDeadlineAt <= now) {
    return failure(
      "not_ready",
      sides.filter((id) => !probe.ready.has(id)),
    );
  }
  if (probe.deadlineAt > now) return null;
  // Where neither side reported the network is as likely a cause as either of them.
  return failure("deadline", report === undefined ? [] : sides.filter((id) => !probe.reports.has(id)));
}

/** Nothing is held against the pair or anybody: what counts is how the repeat ends. */
function closeForRepeat({ probeId }: Probe, { verdict, blamed }: Ending): Decision {
  const nothing = { blockedUntil: null, expiresAt: null };
  return { type: "probe.closed", probeId, verdict, ...nothing, blamed: [...blamed], again: true };
}

function closeProbe(
  state: LobbyState,
  config: LobbyConfig,
  probe: Probe,
  { verdict, blamed }: Pick<Ending, "verdict" | "blamed">,
  now: number,
): Decision {
  const { blockedUntil, expiresAt } = rememberedUntil(state, config, probe, verdict, now);
  const { probeId } = probe;
  return { type: "probe.closed", probeId, verdict, blamed: [...blamed], blockedUntil, expiresAt };
}

/** How long the two are kept apart after a verdict (`null` = not at all), and how long it is remembered. */
function rememberedUntil(
  state: LobbyState,
  config: LobbyConfig,
  { initiator, responder }: Probe,
  { status }: ProbeVerdict,
  now: number,
): { readonly blockedUntil: number | null; readonly expiresAt: number } {
  const expiresAt = now + config.edgeLifeMs;
  switch (status) {
    case "accepted":
      return { blockedUntil: null, expiresAt };
    case "too_slow":
      return { blockedUntil: expiresAt, expiresAt };
    case "failed": {
      const failures = (state.pairs.get(initiator, responder, now)?.failures ?? 0) + 1;
      const blockedUntil = now + backOffMs(failures, backOffOf(config));
      // Remembered beyond the back-off itself, so that the next failure in a row waits longer.
      return { blockedUntil, expiresAt: blockedUntil + config.edgeLifeMs };
    }
  }
}

const backOffOf = (config: LobbyConfig) => ({ baseMs: config.backOffBaseMs, maxMs: config.backOffMaxMs });

function release(
  state: LobbyState,
  config: LobbyConfig,
  proposal: Proposal,
  reason: ReleaseReason,
  blamed: readonly string[],
  now: number,
): Decision {
  const roomFailed = reason === "room_failed";
  return {
    type: "proposal.released",
    proposalId: proposal.proposalId,
    reason,
    backOff: [...new Set(blamed)].map((participantId) => {
      const failures = (state.participants.get(participantId)?.failures ?? 0) + 1;
      return { participantId, until: now + backOffMs(failures, backOffOf(config)) };
    }),
    toHead: roomFailed,
    // The members would be proposed again at once, and the hook be asked in a tight loop.
    pauseUntil: roomFailed ? now + backOffMs(state.roomFailures + 1, backOffOf(config)) : null,
  };
}
