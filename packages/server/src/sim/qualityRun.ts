import type { LobbyConfig } from "../lobby/config.js";
import type { Matchmaker } from "../matchmakers/matchmaker.js";
import type { QualityOptions } from "./qualityWorld.js";
import type { SimulatedWorld } from "./simulatedWorld.js";
import { StudyRun } from "./studyRun.js";

/** How well people were matched. */
export interface QualityResult {
  /** Share of all participants who became members of a match. */
  readonly matchedShare: number;
  /** Pair probes opened per match. */
  readonly probesPerMatch: number;
  /** Of those matched, from arrival to match; `null` where nobody was. */
  readonly waitMs: { readonly p50: number | null; readonly p95: number | null };
}

/** A study of the benchmark's plain rules. Everything follows from the world and the matchmaker. */
export function qualityRun(
  world: SimulatedWorld,
  options: QualityOptions,
  matchmaker: Matchmaker,
  seed: string,
): QualityResult {
  const run = new StudyRun({ world, config: plainConfig(options, matchmaker), seed });
  run.advance();
  const { matchedShare, probesPerMatch, waitMs } = run.tally.figures();
  return { matchedShare, probesPerMatch: probesPerMatch ?? 0, waitMs: { p50: waitMs.p50, p95: waitMs.p95 } };
}

/** A scene without anything but a matchmaker and a wait limit. */
export function plainConfig(
  { groupSize, patienceMs, probeMs }: Pick<QualityOptions, "groupSize" | "patienceMs" | "probeMs">,
  matchmaker: Matchmaker,
): LobbyConfig {
  return {
    sceneId: "simulated",
    configHash: "",
    groupSize,
    matchmaker,
    maxServerRttDifferenceMs: null,
    excludeServerRttAboveMs: null,
    firstRttWaitMs: 5_000,
    waitTimeoutMs: patienceMs,
    graceMs: 30_000,
    edgeLifeMs: patienceMs,
    probe: { pings: 5, spacingMs: 100, pingTimeoutMs: 2_000, warmupPings: 1 },
    readyTimeoutMs: probeMs,
    probeTimeoutMs: 4 * probeMs,
    confirmTimeoutMs: 5_000,
    roomTimeoutMs: 5_000,
    backOffBaseMs: 2_000,
    backOffMaxMs: 60_000,
    capacity: null,
    maxMatches: null,
    hasRoomHook: false,
    allowRepeat: false,
    acceptRelayed: true,
  };
}
