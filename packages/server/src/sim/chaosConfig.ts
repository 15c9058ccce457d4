import type { ProbeReport } from "@probematch/shared";
import type { LobbyConfig } from "../lobby/config.js";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import type { ChaosOptions } from "./chaosOptions.js";
import { chaosRules } from "./chaosRules.js";
import type { World } from "./world.js";

/** Wait limit of the scene, ms: short, so that it plays its part in every run. */
export const WAIT_MS = 90_000;
const GRACE_MS = 10_000;

/** After so long a limit that relaxes is half as large again. */
const RELAX_MS = 15_000;

const relaxingFrom = (startMs: number) => ({
  startMs,
  steps: [{ afterMs: RELAX_MS, limitMs: 1.5 * startMs }],
});

/** What a group may measure at most by the promises made to its members, said without the core's own code, ms. */
export function strictestOf(options: ChaosOptions, waitedMs: readonly number[]): number | null {
  const { maxP2pRttMs, relaxes } = options;
  if (maxP2pRttMs === null || !relaxes) return maxP2pRttMs;
  return Math.min(...waitedMs) >= RELAX_MS ? 1.5 * maxP2pRttMs : maxP2pRttMs;
}

/** The rules of a chaos run's scene. */
export function chaosConfigOf(options: ChaosOptions): LobbyConfig {
  const {
    groupSize,
    maxP2pRttMs,
    maxProbesPerMember,
    probeRepeats,
    relaxes,
    hasRules,
    treatments,
    hasRoomHook,
  } = options;
  return {
    sceneId: "chaos",
    configHash: "chaos",
    groupSize,
    matchmaker: new FifoMatchmaker({
      maxP2pRttMs: maxP2pRttMs !== null && relaxes ? relaxingFrom(maxP2pRttMs) : maxP2pRttMs,
    }),
    ...(hasRules ? { rules: chaosRules() } : {}),
    ...(treatments === null ? {} : { treatments: { arms: ["a", "b", "c"], assign: treatments, quotas: {} } }),
    maxServerRttDifferenceMs: null,
    excludeServerRttAboveMs: null,
    firstRttWaitMs: 0,
    waitTimeoutMs: WAIT_MS,
    graceMs: GRACE_MS,
    edgeLifeMs: 40_000,
    probe: { pings: 5, spacingMs: 100, pingTimeoutMs: 2000, warmupPings: 1 },
    maxProbesPerMember,
    probeRepeats,
    readyTimeoutMs: 4000,
    probeTimeoutMs: 12_000,
    confirmTimeoutMs: 4000,
    roomTimeoutMs: 5000,
    backOffBaseMs: 1000,
    backOffMaxMs: 10_000,
    capacity: null,
    maxMatches: null,
    hasRoomHook,
    allowRepeat: false,
    acceptRelayed: true,
  };
}

/** What a page reports of a probe. */
export function chaosReport(world: World, options: ChaosOptions, rttMs: number): ProbeReport {
  if (world.chance(options.probeFailure)) return { status: "failed", reason: "ice_failed", detail: null };
  return {
    status: "measured",
    rtt: { medianMs: rttMs, minMs: rttMs, p95Ms: rttMs, jitterMs: 0, samples: 5, lost: 0 },
    samplesMs: [],
    path: "host",
    protocol: "udp",
    addressFamily: "ipv4",
    clockStepMs: 0.1,
    statsRttMs: null,
    stalledMs: 0,
    setupMs: 4.5 * rttMs,
  };
}
