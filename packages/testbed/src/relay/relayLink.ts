import type { Buffer } from "node:buffer";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { HoldLog } from "./holdLog.js";
import { drawHoldMs, type Impairment } from "./impairment.js";
import { packetKind, readStun } from "./packet.js";
import type { Random } from "./random.js";
import type { ReleaseQueue } from "./releaseQueue.js";
import type { UdpAddress } from "./signalRewrite.js";

/** `0` is the participant whose signal was seen first, `1` the other. */
export type Side = 0 | 1;
export const otherSide = (side: Side): Side => (side === 0 ? 1 : 0);

/** More open checks, and more starts of ICE, than a browser ever has; the oldest is forgotten. */
const MAX_REMEMBERED = 512;
/** Checks that arrive before the other side's address is known; browsers repeat them, so few are kept. */
const MAX_PARKED = 8;
/** Longer than a series' spacing; no longer, because what else wants the core must not be starved: it would take its turn then. */
const ALERT_MS = 50;

interface SideState {
  /** Stands for this side: the other browser is told its address and sends here. */
  readonly standIn: Socket;
  /** What was passed on of the packets this side sent. */
  readonly log: HoldLog;
  readonly random: Random;
  /** Where this side's browser is, learned from what it sends. */
  address: UdpAddress | null;
  /** Where it was first heard of with each start of ICE, by its user fragment. */
  readonly starts: Map<string, UdpAddress>;
  /** Where each of this side's open checks came from: the answer belongs there. */
  readonly transactions: Map<string, UdpAddress>;
  readonly parked: (() => void)[];
}

export interface RelayLinkOptions {
  readonly host: string;
  readonly queue: ReleaseQueue;
  readonly maxLogged: number;
  readonly alert: boolean;
  /** One generator per direction. */
  readonly random: (from: Side) => Random;
  /** What a packet sent by `from` passes through now. */
  readonly path: (from: Side) => readonly Impairment[];
}

/**
 * One pair's path through the relay: two sockets, each standing for one browser towards the other, as a NAT would.
 *
 * A browser may send from several sockets while ICE looks for a path, and from others after a restart. Answers to checks go
 * back to the socket that asked, checks to the start of ICE they name; everything else goes to the socket that carries
 * data, or, before there is one, to the first seen of the latest start.
 */
export class RelayLink {
  /** When a packet last came, on the clock of `performance.now()`. */
  lastPacketAt = performance.now();
  readonly #options: RelayLinkOptions;
  readonly #sides: readonly [SideState, SideState];
  #closed = false;

  constructor(options: RelayLinkOptions) {
    this.#options = options;
    this.#sides = [this.#open(0), this.#open(1)];
  }

  get closed(): boolean {
    return this.#closed;
  }

  log(from: Side): HoldLog {
    return this.#sides[from].log;
  }

  /** Where the other browser has to send to reach `side`. */
  standInFor(side: Side): UdpAddress {
    const { address, port } = this.#sides[side].standIn.address();
    return { address, port };
  }

  /** Lets go of the sockets; the logs stay readable. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { standIn } of this.#sides) standIn.close();
  }

  #open(side: Side): SideState {
    const { host, maxLogged, random } = this.#options;
    const standIn = createSocket({
      type: "udp4",
      // Addresses are numbers here: no resolver, and so no turn of the event loop between a release and its sending.
      lookup: (address, _options, done) => done(null, address, 4),
    });
    standIn.on("message", (packet, source) => this.#receive(otherSide(side), packet, source));
    // A browser that is gone shows as a refused packet: nothing to do, its side has just become silent.
    standIn.on("error", () => {});
    standIn.bind({ address: host, port: 0, exclusive: true });
    standIn.unref();
    return {
      standIn,
      log: new HoldLog(maxLogged),
      random: random(side),
      address: null,
      starts: new Map(),
      transactions: new Map(),
      parked: [],
    };
  }

  #receive(from: Side, packet: Buffer, source: RemoteInfo): void {
    const arrivedAt = performance.now();
    this.lastPacketAt = arrivedAt;
    this.#stayAlert(arrivedAt);
    const sender = this.#sides[from];
    const receiver = this.#sides[otherSide(from)];
    const kind = packetKind(packet);
    const stun = readStun(packet);
    this.#learn(sender, source, kind !== "stun", stun?.ufrags?.sender);
    if (stun?.role === "request") remember(sender.transactions, stun.transactionId, source);

    const holdMs = drawHoldMs(this.#options.path(from), sender.random);
    if (holdMs === null) {
      sender.log.add(arrivedAt, null, null, packet.length, kind);
      return;
    }
    const release = () => {
      if (this.#closed) return;
      const asked = stun?.role === "answer" ? receiver.transactions.get(stun.transactionId) : undefined;
      // A check is for the start of ICE it names: after a restart, or on a new connection, that is another socket.
      const checked = stun?.ufrags == null ? receiver.address : receiver.starts.get(stun.ufrags.receiver);
      const target = asked ?? checked ?? null;
      if (target === null) {
        if (receiver.parked.length < MAX_PARKED) receiver.parked.push(release);
        return;
      }
      sender.standIn.send(packet, target.port, target.address);
      const releasedAt = performance.now();
      sender.log.add(arrivedAt, releasedAt - arrivedAt, holdMs, packet.length, kind);
      // The answer comes soon.
      this.#stayAlert(releasedAt);
    };
    this.#options.queue.push(arrivedAt + holdMs, release);
  }

  #stayAlert(from: number): void {
    if (this.#options.alert) this.#options.queue.stayAwake(from + ALERT_MS);
  }

  #learn(sender: SideState, { address, port }: RemoteInfo, isData: boolean, ufrag: string | undefined): void {
    const starts = ufrag !== undefined && !sender.starts.has(ufrag);
    if (starts) remember(sender.starts, ufrag, { address, port });
    if (starts || sender.address === null || (isData && !sameAddress(sender.address, address, port))) {
      sender.address = { address, port };
    }
    for (const release of sender.parked.splice(0)) release();
  }
}

function sameAddress(known: UdpAddress, address: string, port: number): boolean {
  return known.port === port && known.address === address;
}

function remember(known: Map<string, UdpAddress>, key: string, source: UdpAddress): void {
  known.set(key, { address: source.address, port: source.port });
  if (known.size <= MAX_REMEMBERED) return;
  const oldest = known.keys().next();
  if (!oldest.done) known.delete(oldest.value);
}
