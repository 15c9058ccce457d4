import {
  FifoMatchmaker,
  GroupReunionMatchmaker,
  LatencyFifoMatchmaker,
  type Matchmaker,
} from "@probematch/server";
import { commands, type LobbyConfig, seededRandom, VirtualScene } from "@probematch/server/core";
import { print } from "./figures.js";

const SIZES = [100, 1000, 10_000, 50_000];
const EVENTS = 2000;

/**
 * What one event costs in the core (apply, and everything decided because of it) while so many wait and cannot be
 * matched: the worst case for a rule, since a pool that can be matched is never large. Every event is an arrival of
 * somebody who can be with nobody, or a departure.
 */
export function benchCore(options: { readonly json?: true | undefined }): void {
  const matchmakers: readonly (readonly [string, () => Matchmaker, number])[] = [
    ["fifo (group of 8 short of members)", () => new FifoMatchmaker(), 8],
    ["fifo with a limit (every pair too slow)", () => new Apart(), 2],
    ["latency-fifo (every sum too large)", () => new LatencyFifoMatchmaker({ maxServerRttMs: 100 }), 2],
    [
      "group-reunion (partners not here)",
      () => new GroupReunionMatchmaker({ fallback: null, waitForPartnersMs: null }),
      2,
    ],
  ];
  const rows = matchmakers.flatMap(([name, make, groupSize]) =>
    SIZES.filter((size) => groupSize === 2 || size === 100).map((waiting) => ({
      matchmaker: name,
      waiting: groupSize === 2 ? waiting : groupSize - 2,
      microsecondsPerEvent: Number(
        costPerEvent(make(), groupSize, groupSize === 2 ? waiting : groupSize - 2).toFixed(1),
      ),
    })),
  );
  const growthExponent = Object.fromEntries(
    matchmakers.map(([name]) => [name, growthOf(rows.filter((row) => row.matchmaker === name))]),
  );
  print({ rows, growthExponent }, options.json, () => [
    ...rows,
    ...Object.entries(growthExponent).map(([matchmaker, exponent]) => ({
      matchmaker,
      "growth exponent": exponent,
    })),
  ]);
}

/** A rule under which nobody can be with anybody, as where every pair was measured as too slow. */
class Apart extends FifoMatchmaker {
  override allowsPair(): boolean {
    return false;
  }
}

function costPerEvent(matchmaker: Matchmaker, groupSize: number, waiting: number): number {
  const scene = new VirtualScene(configFor(matchmaker, groupSize), { seed: "bench" });
  const random = seededRandom("bench");
  for (let i = 0; i < waiting; i += 1) arrive(scene, `w${i}`, random);
  const startedAt = performance.now();
  for (let i = 0; i < EVENTS / 2; i += 1) {
    scene.now += 10;
    arrive(scene, `e${i}`, random);
    scene.run(commands.leave(scene.state, `e${i}`));
  }
  // An arrival with its RTT and a departure.
  return ((performance.now() - startedAt) * 1000) / ((EVENTS / 2) * 3);
}

function arrive(scene: VirtualScene, participantId: string, random: () => number): void {
  const { state, config, now } = scene;
  const request = { participantId, attributes: {}, webrtc: true, priority: 0, fresh: true };
  scene.run(commands.arrive(state, config, request, { partners: [`x-${participantId}`], matches: 1 }, now));
  const medianMs = 60 + 200 * random();
  const serverRtt = {
    medianMs,
    minMs: medianMs,
    p95Ms: medianMs,
    jitterMs: 0,
    samples: 5,
    lost: 0,
    measuredAt: now,
  };
  scene.run(commands.reportRtt(state, participantId, { serverRtt }));
}

/** Slope of log cost over log size: 0 = constant, 1 = linear. */
function growthOf(
  rows: readonly { readonly waiting: number; readonly microsecondsPerEvent: number }[],
): number | null {
  if (rows.length < 2) return null;
  const points = rows.map((row) => [Math.log(row.waiting), Math.log(row.microsecondsPerEvent)] as const);
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return Number((covariance / variance).toFixed(2));
}

function configFor(matchmaker: Matchmaker, groupSize: number): LobbyConfig {
  return {
    sceneId: "bench",
    configHash: "bench",
    groupSize,
    matchmaker,
    maxServerRttDifferenceMs: null,
    excludeServerRttAboveMs: null,
    firstRttWaitMs: 1000,
    waitTimeoutMs: null,
    graceMs: 30_000,
    edgeLifeMs: 300_000,
    probe: { pings: 5, spacingMs: 100, pingTimeoutMs: 2000, warmupPings: 1 },
    readyTimeoutMs: 5000,
    probeTimeoutMs: 20_000,
    confirmTimeoutMs: 5000,
    roomTimeoutMs: 10_000,
    backOffBaseMs: 2000,
    backOffMaxMs: 60_000,
    capacity: null,
    maxMatches: null,
    hasRoomHook: false,
    allowRepeat: true,
    acceptRelayed: true,
  };
}
