import type { ProbeReport } from "@probematch/shared";
import { FifoMatchmaker } from "../../matchmakers/fifo.js";
import * as commands from "../commands.js";
import type { LobbyConfig } from "../config.js";
import type { Effect } from "../effects.js";
import type { LobbyEvent, StoredEvent } from "../events.js";
import { VirtualScene } from "../virtualScene.js";

export const testConfig: LobbyConfig = {
  sceneId: "test",
  configHash: "0".repeat(64),
  groupSize: 2,
  matchmaker: new FifoMatchmaker({ maxP2pRttMs: 150 }),
  maxServerRttDifferenceMs: null,
  excludeServerRttAboveMs: null,
  firstRttWaitMs: 0,
  waitTimeoutMs: 300_000,
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
  allowRepeat: false,
  acceptRelayed: true,
};

export function measured(
  rttMs: number,
  changes: Partial<ProbeReport & { status: "measured" }> = {},
): ProbeReport {
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
    setupMs: 50,
    ...changes,
  };
}

type OfKind<K extends Effect["kind"]> = Extract<Effect, { kind: K }>;

/** A virtual scene with people in it who do what a test tells them to. */
export class TestScene {
  readonly scene: VirtualScene;
  readonly effects: Effect[] = [];

  constructor(changes: Partial<LobbyConfig> = {}) {
    this.scene = new VirtualScene(
      { ...testConfig, ...changes },
      { seed: "test", startAt: 1_000_000, onEffects: (effects) => this.effects.push(...effects) },
    );
  }

  get config(): LobbyConfig {
    return this.scene.config;
  }

  get state() {
    return this.scene.state;
  }

  arrive(participantId: string, changes: Partial<commands.ArrivalRequest> = {}): commands.Arrival {
    const request = { participantId, attributes: {}, webrtc: true, priority: 0, fresh: true, ...changes };
    const history = { partners: [], matches: 0 };
    return this.scene.run(commands.arrive(this.state, this.config, request, history, this.scene.now));
  }

  disconnect(id: string): void {
    this.scene.run(commands.disconnect(this.state, this.config, id, this.scene.now));
  }

  leave(id: string): void {
    this.scene.run(commands.leave(this.state, id));
  }

  ready(id: string, probeId: string) {
    return this.scene.run(commands.probeReady(this.state, id, probeId));
  }

  report(id: string, probeId: string, report: ProbeReport) {
    return this.scene.run(commands.probeReport(this.state, id, probeId, report));
  }

  confirm(id: string, proposalId: string) {
    return this.scene.run(commands.confirm(this.state, id, proposalId));
  }

  serverRtt(id: string, medianMs: number, samples = 5): void {
    const serverRtt = {
      medianMs,
      minMs: medianMs,
      p95Ms: medianMs,
      jitterMs: 0,
      samples,
      lost: 0,
      measuredAt: 0,
    };
    this.scene.run(commands.reportRtt(this.state, id, { serverRtt }));
  }

  beaconRtts(id: string, beaconRttMs: Readonly<Record<string, number>>): void {
    this.scene.run(commands.reportRtt(this.state, id, { beaconRttMs }));
  }

  /** Both sides of every live probe say ready and report what `rtt` gives. */
  probeAll(rtt: (a: string, b: string) => number | ProbeReport): void {
    for (const { probeId, initiator, responder } of [...this.state.probes.values()]) {
      this.ready(initiator, probeId);
      this.ready(responder, probeId);
      const result = rtt(initiator, responder);
      const report = typeof result === "number" ? measured(result) : result;
      this.report(initiator, probeId, report);
      this.report(responder, probeId, report);
    }
  }

  confirmAll(): void {
    for (const proposal of [...this.state.proposals.values()]) {
      for (const id of proposal.members) this.confirm(id, proposal.proposalId);
    }
  }

  /** Who is in a match with whom, in the order of the matches. */
  get matches(): string[][] {
    return this.of("matchFormed").map(({ record }) => record.participants.map((p) => p.participantId));
  }

  /** The proposals open now. */
  get held(): string[][] {
    return [...this.state.proposals.values()].map((p) => [...p.members]);
  }

  of<K extends Effect["kind"]>(kind: K): OfKind<K>[] {
    return this.effects.filter((e): e is OfKind<K> => e.kind === kind);
  }

  events<T extends LobbyEvent["type"]>(type: T): Extract<StoredEvent, { type: T }>[] {
    return this.scene.events.filter((e): e is Extract<StoredEvent, { type: T }> => e.type === type);
  }

  outcomeOf(id: string) {
    return this.state.participants.get(id)?.outcome;
  }

  probeBetween(a: string, b: string) {
    for (const probe of this.state.probes.values()) {
      if ([a, b].includes(probe.initiator) && [a, b].includes(probe.responder)) return probe;
    }
    throw new Error(`no live probe between ${a} and ${b}`);
  }
}
