import { chanceAfter } from "../latency/latencyModel.js";
import type { Candidate } from "../matchmakers/candidate.js";
import type { MatchContext } from "../matchmakers/matchmaker.js";
import type { LobbyConfig } from "./config.js";
import { isKeptApart, limitInForce, limitsDiffer, tooSlowTogether } from "./limits.js";
import type { Keys } from "./line.js";
import { edgeOf } from "./pairs.js";
import { seededRandom } from "./random.js";
import type { LobbyState, Participant } from "./state.js";

/** Whom a matchmaker is given, and those of them with a key. */
export interface OfferedPool {
  readonly all: readonly Participant[];
  part(keys: Keys<Participant>, key: string): readonly Participant[];
}

/**
 * What a matchmaker may know, out of the state. Random numbers depend on the seed and the place in the log only.
 *
 * @param pool where it is asked for groups
 */
export function matchContextOf(
  state: LobbyState,
  config: LobbyConfig,
  now: number,
  pool?: OfferedPool,
): MatchContext {
  let random: (() => number) | null = null;
  const { pairs, latency } = state;
  const { rules, groupSize } = config;
  const ruleContext = { now, groupSize };
  // Of two, the pair's own limit is the group's.
  const byLimit = groupSize > 2 && limitsDiffer(config);
  const context: MatchContext = {
    now,
    random: () => {
      random ??= seededRandom(`${state.seed}/random/${state.seq}`);
      return random();
    },
    edge: (a, b) => {
      const measured = edgeOf(pairs.get(a.participantId, b.participantId, now));
      return measured.status === "unknown" ? latency.edge(a, b) : measured;
    },
    chance: (a, b, limitMs = limitInForce(config, [a, b], now) ?? Number.POSITIVE_INFINITY) =>
      chanceAfter(pairs.get(a.participantId, b.participantId, now)?.measurement?.rttMs, limitMs) ??
      latency.chance(a, b, limitMs),
    prospects: (c, limitMs = limitInForce(config, [c], now) ?? Number.POSITIVE_INFINITY) =>
      latency.prospects(c, state.participants.get(c.participantId)?.crowd ?? [], limitMs),
    arrivalsPerSecond: arrivalsPerSecond(state, now),
    excessMisses: latency.excessMisses,
    allowed: (a, b) =>
      !isKeptApart(pairs, config, a, b, now) &&
      differenceAllowed(config, a, b) &&
      (rules === undefined || rules.allowsPair(a, b, ruleContext)) &&
      config.matchmaker.allowsPair(a, b, context),
    allowedGroup:
      rules?.hasGroupRules === true || byLimit
        ? (members) =>
            (rules === undefined || rules.againstGroup(members, ruleContext) === null) &&
            (!byLimit || tooSlowTogether(pairs, config, members, now) === null)
        : alwaysTrue,
    prefer: (arriving, candidates) => rules?.prefer(arriving, candidates, ruleContext) ?? candidates,
    sharing: (candidate, list) => {
      if (rules?.partsThePool !== true || list !== pool?.all) return list;
      const key = rules.keyOf(candidate);
      return key === null ? [] : pool.part(rules, key);
    },
  };
  return context;
}

/** From the last people who came; `null` where they are too few to tell. */
function arrivalsPerSecond({ recentArrivals }: LobbyState, now: number): number | null {
  const [first] = recentArrivals;
  if (first === undefined || recentArrivals.length < FEWEST_ARRIVALS || now <= first) return null;
  return (1000 * recentArrivals.length) / (now - first);
}

const FEWEST_ARRIVALS = 8;

const alwaysTrue = (): boolean => true;

/** The legacy `maxRtt` rule: the difference of two server RTTs; an unknown RTT is not excluded. */
export function differenceAllowed(config: LobbyConfig, a: Candidate, b: Candidate): boolean {
  const limitMs = config.maxServerRttDifferenceMs;
  if (limitMs === null || a.serverRtt === null || b.serverRtt === null) return true;
  return Math.abs(a.serverRtt.medianMs - b.serverRtt.medianMs) <= limitMs;
}
