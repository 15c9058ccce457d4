import type { TreatmentPlan } from "../lobby/treatments.js";

/** What happens to a chaos run, and how often. Chances are per message or per participant. */
export interface ChaosOptions {
  readonly participants: number;
  readonly groupSize: number;
  /** `null`: nothing is probed. */
  readonly maxP2pRttMs: number | null;
  /** The limit relaxes with waiting; see `relaxingLimit` in `chaosConfig.ts`. */
  readonly relaxes: boolean;
  readonly maxProbesPerMember: number;
  /** How often a failed probe is done again within its proposal. */
  readonly probeRepeats: number;
  /** Rules of the scene, on top of the matchmaker's; see `chaosRules.ts`. */
  readonly hasRules: boolean;
  readonly treatments: TreatmentPlan["assign"] | null;
  readonly hasRoomHook: boolean;
  readonly arrivalMeanMs: number;
  readonly messageLoss: number;
  readonly messageDuplication: number;
  /** Messages take between 1 ms and this long, each for itself: they overtake each other. */
  readonly messageDelayMs: number;
  readonly probeFailure: number;
  readonly roomFailure: number;
  /** Mean time between crashes of the server; `null` = none. */
  readonly crashMeanMs: number | null;
  /** At a restart the system's clock may be off by up to this much, in either direction. */
  readonly clockJumpMs: number;
  /** Mean time between a page's reloads, vanishings and other accidents. */
  readonly accidentMeanMs: number;
}

/** How many take part: few, where a run is over soon and much happens to each; or a crowd now and then. */
export type ChaosSize = "small" | "crowds";

/** A different mix for every seed, so that no combination stays untried for long. */
export function chaosOptionsFor(random: () => number, size: ChaosSize = "small"): ChaosOptions {
  const pick = <T>(...values: readonly [T, ...T[]]): T =>
    values[Math.floor(random() * values.length)] ?? values[0];
  return {
    participants: size === "small" ? pick(4, 10, 30) : pick(4, 30, 120),
    groupSize: pick(2, 2, 2, 3, 4, 5),
    maxP2pRttMs: pick<number | null>(null, 60, 120, 120, 250),
    relaxes: pick(false, false, true),
    maxProbesPerMember: pick(1, 2, 7),
    probeRepeats: pick(0, 1, 1, 2),
    hasRules: pick(false, false, true),
    treatments: pick<TreatmentPlan["assign"] | null>(null, "random", "rotation", "latin-square", "balanced"),
    hasRoomHook: pick(false, true),
    arrivalMeanMs: pick(5, 200, 2000),
    messageLoss: pick(0, 0.01, 0.1),
    messageDuplication: pick(0, 0.05, 0.2),
    messageDelayMs: pick(2, 60, 1500),
    probeFailure: pick(0, 0.05, 0.4),
    roomFailure: pick(0, 0.1, 0.6),
    crashMeanMs: pick<number | null>(null, 20_000, 90_000),
    clockJumpMs: pick(0, 10_000, 86_400_000),
    accidentMeanMs: pick(20_000, 120_000, 1_000_000),
  };
}
