import type { Candidate } from "../matchmakers/candidate.js";
import { firstGroup } from "../matchmakers/firstGroup.js";
import type { LobbyConfig } from "./config.js";
import { differenceAllowed, matchContextOf } from "./context.js";
import { summaryOf } from "./explainInWords.js";
import { isKeptApart, limitInForce } from "./limits.js";
import { isResting } from "./propose.js";
import { matchesLeft } from "./quota.js";
import type { LobbyState, Participant } from "./state.js";

/** What stands between two participants. */
export type ApartReason =
  /** The other one's connection is down; its place is kept for the grace time. */
  | "disconnected"
  /** The other one is held by a proposal. */
  | "held"
  /** The other one rests after a failure it caused, or its first RTT is being awaited. */
  | "resting"
  /** Measured, and over the limit. */
  | "too_slow"
  /** Their last probe failed, and is tried again later. */
  | "probe_failed"
  /** The scene's `maxRtt`. */
  | "server_rtt_difference"
  /** A rule of the scene; see `rule`. */
  | "rule"
  /** The matchmaker's own rule about pairs. */
  | "matchmaker";

/** How many of the others are kept away by one reason; each is counted once, by the first that applies. */
export interface Apart {
  readonly reason: ApartReason;
  /** The rule's name, for `rule`. */
  readonly rule: string | null;
  /** What is said of one who is kept away, such as `differs in language`. */
  readonly phrase: string;
  readonly count: number;
  /** What was measured, ms, for `too_slow`; at most the first 20. */
  readonly rttMs: readonly number[];
}

/** What a participant's match is waiting for, seen as a whole. */
export type WaitsFor =
  /** It is held by a proposal. */
  | "proposal"
  /** Its own connection, its own first RTT, or the end of a rest after a failure it caused. */
  | "itself"
  /** The scene pauses because the study's hook could make no room. */
  | "room"
  /** The last matches are being made. */
  | "last_matches"
  /** More people who could be in its group. */
  | "people"
  /** There are enough, but no group of them keeps the rules about groups and pairs. */
  | "group"
  /** A group is possible; the matchmaker waits for a better one, or is about to be asked. */
  | "matchmaker";

/** Why somebody is still waiting. */
export interface WhyWaiting {
  readonly sceneId: string;
  readonly participantId: string;
  /** Server time, epoch ms. */
  readonly at: number;
  readonly waitedMs: number;
  readonly waitsFor: WaitsFor;
  /** The participant's limit on a measured RTT now, ms; `null` = none. */
  readonly limitMs: number | null;
  /** When that relaxes, server time, epoch ms; `null` = it does not any more. */
  readonly limitRelaxesAt: number | null;
  /** Others who wait, those held or away included. */
  readonly here: number;
  /** Those of them between whom and the participant nothing stands now. */
  readonly possible: number;
  /** Others a group needs. */
  readonly needed: number;
  /** Why the rest are not possible, the most frequent reason first. */
  readonly apart: readonly Apart[];
  /** All of it as an English sentence, for the researcher. */
  readonly summary: string;
}

const SHOWN_RTTS = 20;
/** Pairs looked at to find out whether a group is possible. */
const GROUP_SEARCH_PAIRS = 20_000;

/**
 * Why a participant is still waiting, as far as the state tells. Asks the same questions as the matchmaker does, and
 * changes nothing.
 *
 * @returns `null` for somebody who does not wait
 */
export function explain(
  state: LobbyState,
  config: LobbyConfig,
  participantId: string,
  now: number,
): WhyWaiting | null {
  const p = state.participants.get(participantId);
  if (p === undefined || !state.line.has(p)) return null;
  const found = new Map<string, { apart: Apart; count: number; rttMs: number[] }>();
  const possible: Participant[] = [];
  const between = reasonsOf(state, config, p, now);
  for (const other of state.line.items) {
    if (other === p) continue;
    const apart = between(other);
    if (apart === null) {
      possible.push(other);
      continue;
    }
    const key = `${apart.reason}/${apart.rule}/${apart.phrase}`;
    const known = found.get(key) ?? { apart: { ...apart, count: 0, rttMs: [] }, count: 0, rttMs: [] };
    known.count += 1;
    if (apart.rttMs !== null && known.rttMs.length < SHOWN_RTTS) known.rttMs.push(apart.rttMs);
    found.set(key, known);
  }
  const why = {
    sceneId: config.sceneId,
    participantId,
    at: now,
    waitedMs: Math.max(0, now - p.arrivedAt),
    waitsFor: waitsFor(state, config, p, possible, now),
    limitMs: orElse(() => limitInForce(config, [p], now), config.matchmaker.maxP2pRttMs),
    limitRelaxesAt: orElse(() => config.matchmaker.limitRelaxesAt(p, { now }), null),
    here: state.line.size - 1,
    possible: possible.length,
    needed: config.groupSize - 1,
    apart: [...found.values()]
      .map(({ apart, count, rttMs }) => ({ ...apart, count, rttMs }))
      .sort((a, b) => b.count - a.count),
  };
  return { ...why, summary: summaryOf(why) };
}

interface Reason {
  readonly reason: ApartReason;
  readonly rule: string | null;
  readonly phrase: string;
  readonly rttMs: number | null;
}

/** What stands between this participant and another one; `null` when nothing does. */
function reasonsOf(
  state: LobbyState,
  config: LobbyConfig,
  p: Participant,
  now: number,
): (other: Participant) => Reason | null {
  const context = matchContextOf(state, config, now);
  const ruleContext = { now, groupSize: config.groupSize };
  const because = (reason: ApartReason, phrase: string, rttMs: number | null = null): Reason => ({
    reason,
    rule: null,
    phrase,
    rttMs,
  });
  return (other) => {
    if (!other.connected) return because("disconnected", "away for the moment");
    if (orElse(() => isKeptApart(state.pairs, config, p, other, now), true)) {
      const record = state.pairs.get(p.participantId, other.participantId, now);
      return record?.fresh != null && record.status !== "failed"
        ? because("too_slow", "too slow", record.fresh.rttMs)
        : because("probe_failed", "tried again later after a failed probe");
    }
    if (!differenceAllowed(config, p, other))
      return because("server_rtt_difference", "too different in distance from the server");
    const rule = orThrown(() => config.rules?.againstPair(p, other, ruleContext) ?? null);
    if (rule === "thrown") return because("rule", "kept away by a rule that failed");
    if (rule !== null) {
      return {
        reason: "rule",
        rule: rule.name,
        phrase: rule.phrase ?? `kept away by ${rule.name}`,
        rttMs: null,
      };
    }
    if (orThrown(() => config.matchmaker.allowsPair(p, other, context)) !== true)
      return because("matchmaker", "kept away by the matchmaker");
    if (other.status === "held") return because("held", "being measured with others");
    if (isResting(config, other, now)) return because("resting", "resting, or not measured yet");
    return null;
  };
}

/** A researcher's rule may throw, and an explanation must not. */
function orElse<T>(ask: () => T, otherwise: T): T {
  try {
    return ask();
  } catch {
    return otherwise;
  }
}

function orThrown<T>(ask: () => T): T | "thrown" {
  try {
    return ask();
  } catch {
    return "thrown";
  }
}

function waitsFor(
  state: LobbyState,
  config: LobbyConfig,
  p: Participant,
  possible: readonly Candidate[],
  now: number,
): WaitsFor {
  if (p.status === "held") return "proposal";
  if (!p.connected || isResting(config, p, now)) return "itself";
  if (state.pausedUntil !== null && state.pausedUntil > now) return "room";
  if (matchesLeft(state, config) - state.proposals.size <= 0) return "last_matches";
  const others = config.groupSize - 1;
  if (possible.length < others) return "people";
  const context = matchContextOf(state, config, now);
  const budget = { pairs: GROUP_SEARCH_PAIRS };
  const group = orThrown(() => firstGroup(p, possible, 0, others, new Set(), context, budget));
  return group === null || group === "thrown" ? "group" : "matchmaker";
}
