import { type ProbeReport, quantile, type RttSummary } from "@probematch/shared";
import * as commands from "../lobby/commands.js";
import type { LobbyConfig } from "../lobby/config.js";
import { DeadlineHeap } from "../lobby/deadlines.js";
import { wakeAt } from "../lobby/decide.js";
import type { Effect } from "../lobby/effects.js";
import { VirtualScene } from "../lobby/virtualScene.js";
import type { Matchmaker } from "../matchmakers/matchmaker.js";
import type { QualityOptions, QualityWorld } from "./qualityWorld.js";

/** How well people were matched. */
export interface QualityResult {
  /** Share of all participants who became members of a match. */
  readonly matchedShare: number;
  /** Pair probes opened per match. */
  readonly probesPerMatch: number;
  /** Of those matched, from arrival to match; `null` where nobody was. */
  readonly waitMs: { readonly p50: number | null; readonly p95: number | null };
}

/**
 * A study of simulated people on a virtual clock, with the server's own core: they arrive, are probed, and are matched
 * or lose patience. Everything follows from the world and the matchmaker.
 */
export function qualityRun(
  world: QualityWorld,
  options: QualityOptions,
  matchmaker: Matchmaker,
  seed: string,
): QualityResult {
  const plans = new DeadlineHeap<() => void>();
  const waits: number[] = [];
  let matches = 0;
  let probes = 0;

  const scene = new VirtualScene(configFor(options, matchmaker), {
    seed,
    onEffects: (effects) => effects.forEach(carryOut),
    onEvent: (_, event) => {
      if (event.type === "probe.opened") probes += 1;
    },
  });
  const soon = (delayMs: number, action: () => void) => plans.add(scene.now + delayMs, action);

  function carryOut(effect: Effect): void {
    switch (effect.kind) {
      case "probePrepare":
        soon(0, () => scene.run(commands.probeReady(scene.state, effect.participantId, effect.probeId)));
        return;
      case "probeStart": {
        const probe = scene.state.probes.get(effect.probeId);
        // Told to both sides; planned once, for both.
        if (probe === undefined || probe.initiator !== effect.participantId) return;
        const { initiator, responder, probeId } = probe;
        const report = world.probeFails() ? failedReport : reportOf(world.rttMs(initiator, responder));
        soon(options.probeMs, () => {
          scene.run(commands.probeReport(scene.state, initiator, probeId, report));
          scene.run(commands.probeReport(scene.state, responder, probeId, report));
        });
        return;
      }
      case "confirm":
        soon(0, () => scene.run(commands.confirm(scene.state, effect.participantId, effect.proposalId)));
        return;
      case "matched": {
        const p = scene.state.participants.get(effect.participantId);
        if (p !== undefined) waits.push(scene.now - p.arrivedAt);
        if (effect.seat === 0) matches += 1;
        return;
      }
      default:
        return;
    }
  }

  for (const person of world.people) {
    plans.add(person.arrivesAt, () => {
      const request = {
        participantId: person.id,
        attributes: {},
        webrtc: true,
        priority: 0,
        fresh: true,
      };
      const newcomer = { partners: [], matches: 0 };
      scene.run(commands.arrive(scene.state, scene.config, request, newcomer, scene.now));
      const { id, beaconRttMs } = person;
      const serverRtt = rttSummary(person.serverRttMs, scene.now);
      scene.run(commands.reportRtt(scene.state, id, { serverRtt, beaconRttMs }));
    });
  }
  for (;;) {
    const next = earliest(plans.nextAt, wakeAt(scene.state));
    if (next === null) break;
    scene.advanceTo(next);
    for (let action = plans.takeDue(next); action !== undefined; action = plans.takeDue(next)) action();
  }
  return {
    matchedShare: waits.length / world.people.length,
    probesPerMatch: matches === 0 ? 0 : probes / matches,
    waitMs: { p50: quantile(waits, 0.5), p95: quantile(waits, 0.95) },
  };
}

function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function configFor(options: QualityOptions, matchmaker: Matchmaker): LobbyConfig {
  return {
    sceneId: "simulated",
    configHash: "",
    groupSize: options.groupSize,
    matchmaker,
    maxServerRttDifferenceMs: null,
    excludeServerRttAboveMs: null,
    firstRttWaitMs: 5_000,
    waitTimeoutMs: options.patienceMs,
    graceMs: 30_000,
    edgeLifeMs: options.patienceMs,
    probe: { pings: 5, spacingMs: 100, pingTimeoutMs: 2_000, warmupPings: 1 },
    readyTimeoutMs: options.probeMs,
    probeTimeoutMs: 4 * options.probeMs,
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

const statsOf = (rttMs: number) => ({
  medianMs: rttMs,
  minMs: rttMs,
  p95Ms: rttMs,
  jitterMs: 0,
  samples: 5,
  lost: 0,
});

const rttSummary = (rttMs: number, measuredAt: number): RttSummary => ({ ...statsOf(rttMs), measuredAt });

const failedReport: ProbeReport = { status: "failed", reason: "ice_failed", detail: null };

const reportOf = (rttMs: number): ProbeReport => ({
  status: "measured",
  rtt: statsOf(rttMs),
  samplesMs: [],
  path: "srflx",
  protocol: "udp",
  addressFamily: "ipv4",
  clockStepMs: 0.1,
  statsRttMs: null,
  stalledMs: 0,
  setupMs: 400,
});
