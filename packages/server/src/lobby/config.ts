import type { ProbeParameters } from "@probematch/shared";
import type { Matchmaker } from "../matchmakers/matchmaker.js";
import type { RuleSet } from "../matchmakers/rules/ruleSet.js";
import type { TreatmentPlan } from "./treatments.js";

/**
 * A scene's rules as the core reads them: complete, validated, all times in milliseconds. Made by the scene
 * builder (`scene/`), which holds the defaults and their documentation.
 */
export interface LobbyConfig {
  readonly sceneId: string;
  /** SHA-256 (hex) of the resolved configuration: which rules made a match. */
  readonly configHash: string;
  readonly groupSize: number;
  readonly matchmaker: Matchmaker;
  /** What every group has to keep, whichever matchmaker forms it; absent = nothing more. */
  readonly rules?: RuleSet;
  /** What each match is given; absent = nothing. */
  readonly treatments?: TreatmentPlan;
  /** Legacy `maxRtt`: two members' server RTTs may differ by at most this. An unknown RTT is not excluded. */
  readonly maxServerRttDifferenceMs: number | null;
  /** Entry limit on a participant's own server RTT. */
  readonly excludeServerRttAboveMs: number | null;
  /**
   * Where a rule reads server RTTs, a new participant is not proposed before its first one is there, or for this
   * long. Without it such a rule would only ever see "unknown" for whoever just arrived.
   */
  readonly firstRttWaitMs: number;
  /** The same for beacons: the scene has some and a rule reads them. Left out = false. */
  readonly awaitsBeacons?: boolean;
  readonly waitTimeoutMs: number | null;
  /** How long a place is kept for somebody whose connection is gone. */
  readonly graceMs: number;
  /** How long a measurement decides about a pair. */
  readonly edgeLifeMs: number;
  readonly probe: ProbeParameters;
  /** Links one member sets up and measures at a time; a larger group is probed in rounds. Left out = 5. */
  readonly maxProbesPerMember?: number;
  /** How often a probe that failed is done again within its proposal, before the proposal is given up. Left out = 1. */
  readonly probeRepeats?: number;
  readonly readyTimeoutMs: number;
  readonly probeTimeoutMs: number;
  readonly confirmTimeoutMs: number;
  readonly roomTimeoutMs: number;
  /** First wait after a failure; doubles with every further one up to `backOffMaxMs`. */
  readonly backOffBaseMs: number;
  readonly backOffMaxMs: number;
  /** At most this many waiting at once; the next one is refused with `study_full`. */
  readonly capacity: number | null;
  /** The scene is done after this many matches; who still waits ends with `study_full`. */
  readonly maxMatches: number | null;
  /** True when the study's `onMatch` hook makes a room before a match is committed. */
  readonly hasRoomHook: boolean;
  /** May somebody whose participation ended come back and wait again? */
  readonly allowRepeat: boolean;
  /** Pairs measured over a TURN relay are rejected when `false`. */
  readonly acceptRelayed: boolean;
}

/** Does a rule of the scene read server RTTs? */
export const readsServerRtt = (
  config: Pick<LobbyConfig, "matchmaker" | "maxServerRttDifferenceMs" | "excludeServerRttAboveMs">,
): boolean =>
  config.matchmaker.readsServerRtt ||
  config.maxServerRttDifferenceMs !== null ||
  config.excludeServerRttAboveMs !== null;
