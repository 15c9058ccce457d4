import type { Outcome } from "@probematch/shared";
import type { LobbyConfig } from "./config.js";
import type { Decision } from "./events.js";
import { matchesLeft } from "./quota.js";
import type { LobbyState, Participant } from "./state.js";

/** An entry limit is not decided on a single echo. */
const MIN_RTT_SAMPLES = 3;

/** Ends a wait that has to end. A group that is complete and measured good is not broken up for it. */
export function decideParticipant(
  state: LobbyState,
  config: LobbyConfig,
  p: Participant,
  now: number,
): Decision[] {
  if (p.status !== "waiting" && p.status !== "held") return [];
  const phase = p.proposalId === null ? undefined : state.proposals.get(p.proposalId)?.phase;
  // Both phases have deadlines of a few seconds of their own; a release looks at the member again.
  if (phase === "confirming" || phase === "creating") return [];
  const outcome = outcomeOf(state, config, p, now);
  return outcome === null ? [] : [{ type: "participant.ended", participantId: p.participantId, outcome }];
}

function outcomeOf(state: LobbyState, config: LobbyConfig, p: Participant, now: number): Outcome | null {
  const { matchmaker } = config;
  if (p.waitDeadlineAt !== null && p.waitDeadlineAt <= now) return "timed_out";
  if (!p.connected && p.graceUntil !== null && p.graceUntil <= now) return "left";
  if (!p.webrtc && matchmaker.maxP2pRttMs !== null) return "excluded_no_webrtc";
  const limitMs = config.excludeServerRttAboveMs;
  if (limitMs !== null && p.serverRtt !== null && p.serverRtt.samples >= MIN_RTT_SAMPLES) {
    if (p.serverRtt.medianMs > limitMs) return "excluded_rtt";
  }
  if (matchesLeft(state, config) <= 0) return "study_full";
  if (p.status === "held") return null;
  const givesUp = giveUpOf(config, p);
  if (givesUp === null) return null;
  if (givesUp.at <= now) return givesUp.outcome;
  state.agenda.due.add(givesUp.at, { kind: "participant", id: p.participantId });
  return null;
}

/** A researcher's rule may throw: then only the scene's own limit counts. `propose` reports what it throws. */
function giveUpOf(config: LobbyConfig, p: Participant) {
  try {
    return config.matchmaker.givesUpAt(p);
  } catch {
    return null;
  }
}
