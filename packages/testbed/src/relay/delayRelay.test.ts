import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Signal } from "@probematch/shared";
import { afterEach, describe, expect, it } from "vitest";
import { createDelayRelay, type DelayRelay, type DelayRelayOptions } from "./delayRelay.js";
import type { UdpAddress } from "./signalRewrite.js";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

const candidate: Signal = {
  type: "candidate",
  candidate: { candidate: "candidate:7 1 udp 99 b3c4.local 5000 typ host generation 0 ufrag Ab+/" },
};

function relayOnLoopback(options: DelayRelayOptions = {}): DelayRelay {
  const relay = createDelayRelay({ host: "127.0.0.1", ...options });
  open.push(relay);
  return relay;
}

/** What the other browser learns of `from`. */
function toldAddress(relay: DelayRelay, probeId: string, from: string, to?: string): UdpAddress {
  const signal = relay.rewrite(probeId, from, candidate, to);
  if (signal.type !== "candidate") throw new Error("a candidate became something else");
  const words = signal.candidate.candidate.split(" ");
  return { address: words[4] ?? "", port: Number(words[5]) };
}

class Peer {
  readonly socket: Socket;
  readonly received: Buffer[] = [];
  lastSource: RemoteInfo | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("message", (packet, source) => {
      this.received.push(packet);
      this.lastSource = source;
    });
    open.push(socket);
  }

  static async open(): Promise<Peer> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new Peer(socket);
  }

  send(packet: Buffer, to: UdpAddress): void {
    this.socket.send(packet, to.port, to.address);
  }

  async receive(count: number): Promise<void> {
    while (this.received.length < count) await once(this.socket, "message");
  }
}

const data = (...tag: number[]) => Buffer.from([23, ...tag]);
function stun(type: number, transaction: number): Buffer {
  const packet = Buffer.alloc(20, transaction);
  packet.writeUInt16BE(type, 0);
  packet.writeUInt32BE(0x2112a442, 4);
  return packet;
}
/** A check between two starts of ICE, named by their user fragments (of four characters). */
function check(transaction: number, sender: string, receiver: string): Buffer {
  const username = Buffer.from(`${receiver}:${sender}`);
  const attribute = Buffer.concat([Buffer.from([0, 6, 0, username.length]), username, Buffer.alloc(3)]);
  return Buffer.concat([stun(BINDING_REQUEST, transaction), attribute]);
}
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;

async function connectedPair(relay: DelayRelay) {
  const standInOfA = toldAddress(relay, "p1", "a", "b");
  const standInOfB = toldAddress(relay, "p1", "b", "a");
  const a = await Peer.open();
  const b = await Peer.open();
  a.send(stun(BINDING_REQUEST, 0), standInOfB);
  b.send(data(0), standInOfA);
  await Promise.all([a.receive(1), b.receive(1)]);
  a.received.length = 0;
  b.received.length = 0;
  return { a, b, standInOfA, standInOfB };
}

describe("a delay relay", () => {
  it("hands packets to the address it learned, coming from where the sender is said to be", async () => {
    const { a, b, standInOfA, standInOfB } = await connectedPair(relayOnLoopback());
    a.send(data(1), standInOfB);
    await b.receive(1);
    expect(b.lastSource?.port).toBe(standInOfA.port);
    expect(a.lastSource?.port).toBe(standInOfB.port);
  });

  it("keeps a packet for a browser that was not heard of yet until it speaks", async () => {
    const relay = relayOnLoopback();
    const standInOfB = toldAddress(relay, "p1", "a");
    const standInOfA = toldAddress(relay, "p1", "b");
    const a = await Peer.open();
    const b = await Peer.open();
    a.send(data(1), standInOfB);
    b.send(data(2), standInOfA);
    await Promise.all([a.receive(1), b.receive(1)]);
    expect([a.received[0], b.received[0]]).toEqual([data(2), data(1)]);
  });

  it("holds every packet for at least its delay, and its log says how long", async () => {
    const relay = relayOnLoopback({ impairment: { delayMs: 4 } });
    relay.setParticipant("a", { delayMs: 3 });
    relay.setParticipant("b", { out: { delayMs: 2 } });
    const { a, b, standInOfB } = await connectedPair(relay);
    for (let i = 0; i < 20; i += 1) a.send(data(i), standInOfB);
    await b.receive(20);
    const truth = relay.truth("p1");
    expect(truth?.participants).toEqual(["a", "b"]);
    expect(truth?.aToB.packets).toBe(20);
    expect(truth?.aToB.minMs).toBeGreaterThanOrEqual(7);
    expect(truth?.bToA.minMs).toBeGreaterThanOrEqual(9);
    expect(truth?.addedRttMs).toBe((truth?.aToB.medianMs ?? 0) + (truth?.bToA.medianMs ?? 0));
    expect(relay.records("p1", "a").every(({ holdMs }) => holdMs !== null && holdMs >= 7)).toBe(true);
  });

  it("obeys a delay that is set while it runs", async () => {
    const relay = relayOnLoopback();
    const { a, b, standInOfB } = await connectedPair(relay);
    relay.setParticipant("b", { delayMs: 5 });
    a.send(data(1), standInOfB);
    await b.receive(1);
    relay.setParticipant("b", null);
    a.send(data(2), standInOfB);
    await b.receive(2);
    const [slow, fast] = relay.records("p1", "a").map(({ holdMs }) => holdMs ?? 0);
    expect(slow).toBeGreaterThanOrEqual(5);
    expect(fast).toBeLessThan(slow ?? 0);
  });

  it("loses the same packets again for the same seed, and logs them as dropped", async () => {
    async function survivors(seed: string) {
      const relay = relayOnLoopback({ seed });
      const { a, b, standInOfB } = await connectedPair(relay);
      relay.setImpairment({ lossRatio: 0.5 });
      for (let i = 0; i < 60; i += 1) a.send(data(i), standInOfB);
      const isIn = () =>
        (relay.truth("p1")?.aToB.packets ?? 0) + (relay.truth("p1")?.aToB.dropped ?? 0) === 60;
      while (!isIn()) await new Promise((resolve) => setImmediate(resolve));
      const dropped = relay.truth("p1")?.aToB.dropped ?? 0;
      await b.receive(60 - dropped);
      return { dropped, tags: b.received.map((packet) => packet[1] ?? -1).sort((x, y) => x - y) };
    }
    const first = await survivors("one");
    expect(await survivors("one")).toEqual(first);
    expect((await survivors("two")).tags).not.toEqual(first.tags);
    expect(first.dropped).toBeGreaterThan(10);
    expect(first.dropped).toBeLessThan(50);
  });

  it("lets packets leave in the order of their release times under jitter", async () => {
    const relay = relayOnLoopback({ impairment: { delayMs: 6, jitterMs: 5 } });
    const { a, b, standInOfB } = await connectedPair(relay);
    for (let i = 0; i < 50; i += 1) a.send(data(i), standInOfB);
    await b.receive(50);
    const leftAt = relay.records("p1", "a").map(({ at, holdMs }) => at + (holdMs ?? 0));
    expect(leftAt).toEqual([...leftAt].sort((x, y) => x - y));
    const order = b.received.map((packet) => packet[1]);
    expect(order).not.toEqual([...order].sort((x, y) => (x ?? 0) - (y ?? 0)));
  });

  it("brings the answer to a check back to the socket that asked", async () => {
    const { a, b, standInOfA, standInOfB } = await connectedPair(relayOnLoopback());
    const secondSocketOfA = await Peer.open();
    secondSocketOfA.send(stun(BINDING_REQUEST, 9), standInOfB);
    await b.receive(1);
    b.send(stun(BINDING_SUCCESS, 9), standInOfA);
    await secondSocketOfA.receive(1);
    expect(a.received).toHaveLength(0);
  });

  it("follows the socket that carries data", async () => {
    const { a, b, standInOfA, standInOfB } = await connectedPair(relayOnLoopback());
    a.send(stun(BINDING_REQUEST, 1), standInOfB);
    const secondSocketOfA = await Peer.open();
    secondSocketOfA.send(data(5), standInOfB);
    await b.receive(2);
    b.send(data(6), standInOfA);
    await secondSocketOfA.receive(1);
    expect(a.received).toHaveLength(0);
  });

  it("brings a check to the start of ICE that it names, and data to the latest", async () => {
    const { a, b, standInOfA, standInOfB } = await connectedPair(relayOnLoopback());
    const [restartedA, restartedB] = [await Peer.open(), await Peer.open()];
    // Not heard of before: kept, not given to the socket of the start before.
    restartedA.send(check(1, "newA", "newB"), standInOfB);
    restartedB.send(check(2, "newB", "newA"), standInOfA);
    await Promise.all([restartedA.receive(1), restartedB.receive(1)]);
    restartedA.send(data(7), standInOfB);
    await restartedB.receive(2);
    expect([a.received, b.received]).toEqual([[], []]);
  });

  it("leaves links alone that nothing delays, when asked to", () => {
    const relay = relayOnLoopback({ skipUnimpaired: true });
    relay.setParticipant("far", { delayMs: 50 });
    expect(relay.rewrite("p1", "a", candidate, "b")).toBe(candidate);
    expect(relay.rewrite("p2", "a", candidate, "far")).not.toEqual(candidate);
    expect(relay.links()).toEqual([{ probeId: "p2", participants: ["a", "far"] }]);
  });

  it("refuses a third participant on a link, and values that make no sense, and says what to do", () => {
    const relay = relayOnLoopback();
    relay.rewrite("p1", "a", candidate);
    relay.rewrite("p1", "b", candidate);
    expect(() => relay.rewrite("p1", "c", candidate)).toThrow(/belongs to a and b.*its own id/);
    expect(() => relay.setParticipant("a", { delayMs: -1 })).toThrow(/delayMs is -1/);
    expect(() => relay.setImpairment({ lossRatio: 2 })).toThrow(/between 0 and 1/);
  });

  it("can be closed twice, keeps its logs and forgets what it held", async () => {
    const relay = relayOnLoopback();
    const { a, standInOfB } = await connectedPair(relay);
    relay.setImpairment({ delayMs: 60_000 });
    a.send(data(1), standInOfB);
    relay.close();
    relay.close();
    expect(relay.truth("p1")?.bToA.packets).toBe(1);
  });
});
