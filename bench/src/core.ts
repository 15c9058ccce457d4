import {
  FifoMatchmaker,
  GroupReunionMatchmaker,
  LatencyFifoMatchmaker,
  LowestLatencyMatchmaker,
  type Matchmaker,
} from "@probematch/server";
import {
  commands,
  type LobbyConfig,
  type LobbyEvent,
  type StoredEvent,
  seededRandom,
  VirtualScene,
} from "@probematch/server/core";
import { print } from "./figures.js";

const SIZES = [100, 1000, 10_000, 50_000];
/** Rounds of one figure: at least so many, then until enough time has passed. */
const LEAST_ROUNDS = 50;
const MOST_ROUNDS = 5000;
const MEASURE_MS = 400;

interface Case {
  readonly matchmaker: string;
  /** Of those who are in the room. */
  readonly situation: string;
  readonly make: () => Matchmaker;
  /** RTT to the server and to each of the beacons, ms. */
  readonly rtts: (random: () => number) => { readonly server: number; readonly beacons?: number };
}

/** Every sum of two is above 100. */
const far = (random: () => number) => ({ server: 60 + 200 * random() });

/** One with whom everybody may be, and what is worst for each rule: so many who wait, and nobody for anybody. */
const cases: readonly Case[] = [
  {
    matchmaker: "fifo",
    situation: "all of them are being measured",
    make: () => new FifoMatchmaker({ maxP2pRttMs: 150 }),
    rtts: far,
  },
  {
    matchmaker: "fifo, with nobody for anybody",
    situation: "every pair is too slow",
    make: () => new Apart(),
    rtts: far,
  },
  {
    matchmaker: "latency-fifo",
    situation: "every sum is too large",
    make: () => new LatencyFifoMatchmaker({ maxServerRttMs: 100 }),
    rtts: far,
  },
  {
    matchmaker: "group-reunion",
    situation: "everybody's partners are missing",
    make: () => new GroupReunionMatchmaker({ fallback: null, waitForPartnersMs: null }),
    rtts: far,
  },
  {
    matchmaker: "lowest-latency",
    situation: "all are too far away",
    make: () => new LowestLatencyMatchmaker({ maxP2pRttMs: 20 }),
    rtts: (random) => ({ server: 150 + 50 * random(), beacons: 150 + 50 * random() }),
  },
];

/**
 * What one event costs in the core (apply, and everything decided because of it) while so many wait: arrivals, their
 * first RTTs, and departures.
 */
export function benchCore(options: { readonly json?: true | undefined }): void {
  // The first figures would be those of code that is not compiled yet.
  for (const one of cases) costPerEvent(one, 1000);
  const rows = cases.flatMap((one) =>
    SIZES.map((waiting) => ({
      matchmaker: one.matchmaker,
      situation: one.situation,
      waiting,
      ...costPerEvent(one, waiting),
    })),
  );
  const growthExponent = Object.fromEntries(
    cases.map(({ matchmaker }) => [
      matchmaker,
      growthOf(rows.filter((row) => row.matchmaker === matchmaker)),
    ]),
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

/** A round is two arrivals, who are measured, and their departures. */
function costPerEvent(
  { make, rtts }: Case,
  waiting: number,
): { readonly microsecondsPerEvent: number; readonly decisionsPerSecond: number } {
  const random = seededRandom("bench");
  const log = logOf(waiting, rtts, random);
  let events = 0;
  let decisions = 0;
  const scene = new VirtualScene(configFor(make()), {
    seed: "bench",
    log,
    keepLog: false,
    onEvent: (_, { type }) => {
      events += 1;
      if (type.startsWith("proposal.") || type === "probe.opened") decisions += 1;
    },
  });
  // To open a scene means that nobody is connected yet.
  scene.append(...idsOf(waiting).map((participantId) => reconnected(participantId)));
  const round = (i: number) => {
    scene.now += 10;
    for (const id of [`a${i}`, `b${i}`]) arrive(scene, id, rtts(random));
    for (const id of [`a${i}`, `b${i}`]) scene.run(commands.leave(scene.state, id));
  };
  for (let i = 0; i < LEAST_ROUNDS; i += 1) round(-1 - i);
  [events, decisions] = [0, 0];
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  let rounds = 0;
  while (rounds < LEAST_ROUNDS || (rounds < MOST_ROUNDS && performance.now() - startedAt < MEASURE_MS)) {
    round(rounds);
    rounds += 1;
  }
  // CPU time, so that what else the machine does counts for little.
  const { user, system } = process.cpuUsage(cpu);
  const microseconds = user + system;
  return {
    microsecondsPerEvent: Number((microseconds / events).toFixed(1)),
    decisionsPerSecond: Math.round((decisions * 1e6) / microseconds),
  };
}

const idsOf = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`);

const reconnected = (participantId: string) =>
  ({ type: "participant.reconnected", participantId, webrtc: true }) as const;

/** A log in which so many have arrived and were measured, and nothing was decided. */
function logOf(waiting: number, rtts: Case["rtts"], random: () => number): StoredEvent[] {
  const events: LobbyEvent[] = [];
  for (const participantId of idsOf(waiting)) {
    events.push({
      type: "participant.arrived",
      participantId,
      attributes: {},
      webrtc: true,
      priority: 0,
      waitDeadlineAt: null,
      history: { partners: [`x-${participantId}`], matches: 1 },
    });
    const { serverRtt, beaconRttMs } = measured(rtts(random), 0);
    events.push({ type: "participant.rttMeasured", participantId, serverRtt, beaconRttMs });
  }
  return events.map((event, i) => ({ ...event, seq: i + 1, at: 0 }));
}

function measured({ server, beacons }: ReturnType<Case["rtts"]>, now: number) {
  const serverRtt = {
    medianMs: server,
    minMs: server,
    p95Ms: server,
    jitterMs: 0,
    samples: 5,
    lost: 0,
    measuredAt: now,
  };
  const ids = beacons === undefined ? [] : ["a", "b", "c"];
  return { serverRtt, beaconRttMs: Object.fromEntries(ids.map((id) => [id, beacons ?? 0])) };
}

function arrive(scene: VirtualScene, participantId: string, rtts: ReturnType<Case["rtts"]>): void {
  const { state, config, now } = scene;
  const request = { participantId, attributes: {}, webrtc: true, priority: 0, fresh: true };
  scene.run(commands.arrive(state, config, request, { partners: [`x-${participantId}`], matches: 1 }, now));
  scene.run(commands.reportRtt(state, participantId, measured(rtts, now)));
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

function configFor(matchmaker: Matchmaker): LobbyConfig {
  return {
    sceneId: "bench",
    configHash: "bench",
    groupSize: 2,
    matchmaker,
    maxServerRttDifferenceMs: null,
    excludeServerRttAboveMs: null,
    firstRttWaitMs: 1000,
    waitTimeoutMs: null,
    graceMs: 30_000,
    edgeLifeMs: 300_000,
    probe: { pings: 5, spacingMs: 100, pingTimeoutMs: 2000, warmupPings: 1 },
    readyTimeoutMs: 1e12,
    probeTimeoutMs: 1e12,
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
