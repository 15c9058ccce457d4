import { SOCKET_PATH } from "@probematch/shared";
import { WireClient } from "./wire.js";

/** What one phase of load came to. */
export interface LoadResult {
  readonly participants: number;
  /** Those who were told of their match. */
  readonly assigned: number;
  /** Participants who were told of their match within the phase, per second. */
  readonly assignedPerSecond: number;
  /** From the time at which the second member of a match should have come until both were told, ms. */
  readonly latenciesMs: readonly number[];
  readonly refused: number;
}

const report = {
  status: "measured",
  rtt: { medianMs: 40, minMs: 39, p95Ms: 42, jitterMs: 0.5, samples: 5, lost: 0 },
  samplesMs: [40, 39, 41, 40, 42],
  path: "host",
  protocol: "udp",
  addressFamily: "ipv4",
  clockStepMs: 0.1,
  statsRttMs: 40,
  stalledMs: 1,
  setupMs: 60,
};

export interface Load {
  /** Participants per second. */
  readonly perSecond: number;
  readonly seconds: number;
  /** Keeps the participant ids of several runs apart. */
  readonly run: string;
  /** Default: `"load"`. */
  readonly scene?: string;
  /** An attribute of everybody who comes. */
  readonly language?: string;
}

/**
 * Open loop: participants come at fixed times whatever the server does, and latency counts from the intended time
 * (so that a server that stalls cannot hide it). Probes are stubs: a page answers at once.
 *
 * @param urls the nodes, used in turn
 */
export async function generateLoad(
  urls: readonly string[],
  { perSecond, seconds, run, scene = "load", language }: Load,
): Promise<LoadResult> {
  const total = Math.round((perSecond * seconds) / 2) * 2;
  const startAt = performance.now() + 100;
  const intendedAt = (i: number) => startAt + (i * 1000) / perSecond;
  const membersOf = new Map<string, { readonly intended: number; readonly toldAt: number }[]>();
  const latenciesMs: number[] = [];
  let assigned = 0;
  let refused = 0;
  let lastToldAt = startAt;

  const open = (i: number) => {
    const client = new WireClient(urls[i % urls.length] ?? "", SOCKET_PATH, {
      protocol: 1,
      scene,
      ...(language === undefined ? {} : { attributes: { language } }),
      participantId: `${run}-${i}`,
      webrtc: true,
      fresh: true,
    });
    client.onRefused = () => {
      refused += 1;
    };
    client.onEvent = (name, message) => {
      if (name === "probePrepare") client.send("probeReady", { probeId: message["probeId"] });
      else if (name === "probeStart") client.send("probeReport", { probeId: message["probeId"], report });
      else if (name === "confirm") client.send("confirmed", { proposalId: message["proposalId"] });
      else if (name === "serverEcho") client.send("serverEchoed", message);
      else if (name === "matched") told(String(message["matchId"]), i, client);
    };
  };
  const told = (matchId: string, i: number, client: WireClient) => {
    assigned += 1;
    lastToldAt = performance.now();
    const members = [...(membersOf.get(matchId) ?? []), { intended: intendedAt(i), toldAt: lastToldAt }];
    membersOf.set(matchId, members);
    if (members.length === 2) {
      membersOf.delete(matchId);
      latenciesMs.push(lastToldAt - Math.max(...members.map((member) => member.intended)));
    }
    client.send("leave", {});
    setTimeout(() => client.close(), 200);
  };

  await new Promise<void>((resolve) => {
    let next = 0;
    const giveUpAt = intendedAt(total) + 20_000;
    const timer = setInterval(() => {
      const now = performance.now();
      for (; next < total && intendedAt(next) <= now; next += 1) open(next);
      if (assigned + refused >= total || now > giveUpAt) {
        clearInterval(timer);
        resolve();
      }
    }, 1);
  });
  const spanSeconds = (lastToldAt - startAt) / 1000;
  return { participants: total, assigned, assignedPerSecond: assigned / spanSeconds, latenciesMs, refused };
}

/**
 * Connects people who only wait. Returns when all are connected, with a way to let them go.
 *
 * @param who.language attribute of all of them; each of them is alone with it
 */
export async function connectIdle(
  urls: readonly string[],
  count: number,
  who: { readonly scene: string; readonly run: string; readonly language?: string },
): Promise<{ readonly joinsPerSecond: number; close(): void }> {
  const clients: WireClient[] = [];
  const startedAt = performance.now();
  let connected = 0;
  let opened = 0;
  await new Promise<void>((resolve, reject) => {
    const openNext = () => {
      const i = opened;
      opened += 1;
      const client = new WireClient(urls[i % urls.length] ?? "", SOCKET_PATH, {
        protocol: 1,
        scene: who.scene,
        participantId: `${who.run}-${i}`,
        ...(who.language === undefined ? {} : { attributes: { language: `${who.language}-${i}` } }),
        webrtc: true,
        fresh: true,
        idle: true,
      });
      clients.push(client);
      client.onRefused = (reason) => reject(new Error(`participant ${i} was refused: ${reason}`));
      client.onEvent = (name, message) => {
        if (name === "serverEcho") client.send("serverEchoed", message);
        if (name !== "welcome") return;
        connected += 1;
        if (connected === count) resolve();
        if (opened < count) openNext();
      };
    };
    // So many at a time: a study's arrivals come in bursts, not all in one millisecond.
    for (let i = 0; i < Math.min(50, count); i += 1) openNext();
  });
  const joinsPerSecond = count / ((performance.now() - startedAt) / 1000);
  return {
    joinsPerSecond,
    close: () => {
      for (const client of clients) {
        client.onRefused = () => undefined;
        client.close();
      }
    },
  };
}
