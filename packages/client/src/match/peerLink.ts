import type { ServerMessages, Signal } from "@probematch/shared";
import type { Measuring } from "../measuring/measuring.js";
import { Inbox } from "../probe/inbox.js";
import { toIceServer } from "../probe/link.js";
import { NamedChannels } from "../probe/namedChannels.js";
import { PingLink } from "../probe/pingLink.js";
import type { Send } from "../session/wire.js";

/**
 * - `up`: packets get through
 * - `broken`: they do not, and it is tried to change that
 * - `given_up`: it was tried for long enough; goes on only when a page comes back to the server, or the other end asks
 */
export type LinkState = "up" | "broken" | "given_up";

export interface PeerLinkOptions {
  readonly probeId: string;
  /** The measured link; `null` after a reload, when it is gone. */
  readonly link: PingLink | null;
  /** How long a broken link is tried to be mended, ms. */
  readonly giveUpAfterMs: number;
  /** The server has a connection to the other page. */
  readonly isReachable: () => boolean;
  readonly send: Send;
  readonly measuring: Measuring;
  /** The connection that carries the link from now on. */
  readonly onLink: (link: PingLink, owner: PeerLink) => void;
  readonly onState: () => void;
}

/** The time after the first attempt; after later ones it is twice as long. A new connection takes longer than a new path. */
const REST_MS = { restart: 2500, fresh: 5000 };
/** ICE goes on looking for this long, and says when it has failed before. */
const RESTART_LASTS_MS = 15_000;
/** The responder leaves the first word to the initiator, who makes the offers anyway. */
const RESPONDER_WAITS_MS = 1000;
/** A page that hangs up says so to the server too; until that is known nothing needs mending. */
const CLOSED_WAITS_MS = 500;
/** Signals can overtake the order they belong to; more than this is not kept. */
const EARLY_SIGNALS = 64;

type RepairOrder = ServerMessages["linkRepair"];

/**
 * The link to one member for as long as the match lasts, whatever connection carries it. When ICE loses its path it is restarted on
 * the connection that was measured, so that channels and what they hold live on; only when that connection is gone for
 * good (a page was loaded anew, a channel closed) both ends make a new one. Either end may ask, the server tells both.
 */
export class PeerLink {
  state: LinkState;
  readonly inbox: Inbox;
  readonly channels: NamedChannels;
  readonly #options: PeerLinkOptions;
  #link: PingLink | null;
  /** Something came from the other end since the link broke. */
  #heard = true;
  /** Names the connection in its signals: 0 = the measured one. */
  round = 0;
  #initiates: boolean | null = null;
  #brokenAt = performance.now();
  #attempts = 0;
  #restartedAt = -RESTART_LASTS_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #early: { readonly round: number; readonly signal: Signal }[] = [];
  #closed = false;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#link = options.link;
    this.inbox = options.link?.inbox ?? new Inbox();
    this.channels = options.link?.channels ?? new NamedChannels();
    this.state = "broken";
    if (options.link !== null) this.#adopt(options.link);
    // It may have ended since it was measured.
    if (!this.#isUp()) this.#attemptIn(0);
  }

  /** The connection that carries the link now; also one that is broken or not open yet. */
  get current(): PingLink | null {
    return this.#link;
  }

  get isOpen(): boolean {
    return this.#link?.link.isOpen === true;
  }

  signal(signal: Signal, round = 0): void {
    if (round === this.round) this.#link?.link.signal(signal);
    else if (round > this.round && this.#early.length < EARLY_SIGNALS) this.#early.push({ round, signal });
  }

  /** The other page, or this one's server, came back: what was broken meanwhile is tried again at once. */
  wake(): void {
    if (this.#closed || this.state === "up") return;
    if (this.state === "given_up") this.#break();
    this.#attempts = 0;
    this.#attemptIn(this.#firstWaitMs());
  }

  /** A frame came from the other end: the link works whatever else is known. */
  heard(): void {
    this.#heard = true;
    if (this.state !== "up") this.#look();
  }

  /** Nothing came for so long that something must be wrong. ICE itself notices only after 5 to 10 s. */
  silent(): void {
    if (this.#closed || this.state !== "up") return;
    this.#break();
    this.#attemptIn(this.#firstWaitMs());
  }

  /** The server passes on that one of both ends asked for repair. */
  repair(order: RepairOrder): void {
    if (this.#closed) return;
    const iceServers = order.iceServers.map(toIceServer);
    if (order.fresh) {
      if (order.round <= this.round) return;
      this.#renew(order, iceServers);
    } else if (this.#link === null) {
      // The other end does not know yet that there is nothing left to mend here.
      this.#ask(true);
    } else {
      this.#link.link.useIceServers(iceServers);
      if (order.initiator) this.#restart(this.#link);
    }
    if (this.state === "broken") this.#attemptIn(this.#restMs());
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#link?.close();
    this.inbox.close();
    this.channels.close();
  }

  #adopt(link: PingLink): void {
    link.onOpen = null;
    this.#heard = true;
    this.#initiates = link.link.initiator;
    link.onState = () => this.#look();
    link.onEnd = () => this.#ended();
    link.link.keep();
    this.channels.openOn(link.link);
    this.#options.onLink(link, this);
    this.#look();
  }

  #look(): void {
    if (this.#closed) return;
    if (this.#isUp()) {
      if (this.state === "up") return;
      clearTimeout(this.#timer);
      this.#attempts = 0;
      this.#restartedAt = -RESTART_LASTS_MS;
      this.state = "up";
      this.#options.onState();
    } else if (this.state !== "given_up" && this.#isPathLost()) {
      if (this.state === "up") this.#break();
      this.#attemptIn(this.#firstWaitMs());
    }
  }

  /** A second restart before the first came to anything makes Firefox give the connection up. */
  #restart({ link }: PingLink): void {
    const isDue = performance.now() - this.#restartedAt > RESTART_LASTS_MS;
    const isNew = isDue || hasFailed(link.connection);
    if (isNew) this.#restartedAt = performance.now();
    link.restart(isNew);
  }

  #isUp(): boolean {
    return this.#heard && this.#link?.link.isUp === true;
  }

  /** `checking` is not: a restart that the other end asked for, of a path that may well work. */
  #isPathLost(): boolean {
    const connection = this.#link?.link.connection ?? null;
    return connection?.iceConnectionState === "disconnected" || hasFailed(connection);
  }

  #break(): void {
    this.#heard = false;
    this.#brokenAt = performance.now();
    this.#attempts = 0;
    this.state = "broken";
    this.#options.onState();
  }

  #ended(): void {
    this.#link?.close();
    this.#link = null;
    if (this.#closed) return;
    if (this.state === "up") this.#break();
    else this.#options.onState();
    if (this.state === "broken") this.#attemptIn(CLOSED_WAITS_MS);
  }

  #firstWaitMs(): number {
    return this.#initiates === false ? RESPONDER_WAITS_MS : 0;
  }

  #restMs(): number {
    return (this.isOpen ? REST_MS.restart : REST_MS.fresh) * (this.#attempts > 1 ? 2 : 1);
  }

  #attemptIn(waitMs: number): void {
    clearTimeout(this.#timer);
    const leftMs = this.#brokenAt + this.#options.giveUpAfterMs - performance.now();
    this.#timer = setTimeout(
      () => (leftMs <= waitMs ? this.#giveUp() : this.#attempt()),
      Math.max(0, Math.min(waitMs, leftMs)),
    );
  }

  #attempt(): void {
    this.#attempts += 1;
    this.#ask(!this.isOpen);
    this.#attemptIn(this.#restMs());
  }

  #ask(fresh: boolean): void {
    const { probeId, isReachable, send } = this.#options;
    if (isReachable()) send("linkRepair", { probeId, fresh });
  }

  #giveUp(): void {
    this.#link?.close();
    this.#link = null;
    this.state = "given_up";
    this.#options.onState();
  }

  #renew({ round, initiator, relayOnly }: RepairOrder, iceServers: readonly RTCIceServer[]): void {
    const { probeId, send, measuring } = this.#options;
    this.#link?.close();
    this.#link = null;
    this.round = round;
    if (this.state === "up") this.#break();
    try {
      const link = new PingLink(
        probeId,
        { initiator, iceServers, relayOnly, measuring },
        (signal) => send("probeSignal", { probeId, signal, round }),
        this,
      );
      this.#link = link;
      link.onOpen = () => this.#adopt(link);
      link.onEnd = () => this.#ended();
    } catch {
      this.#giveUp();
      return;
    }
    const early = this.#early.filter((one) => one.round === round);
    this.#early = this.#early.filter((one) => one.round > round);
    for (const { signal } of early) this.signal(signal, round);
  }
}

/** After a restart Chromium says so of the connection only, Firefox of both. */
const hasFailed = (connection: RTCPeerConnection | null): boolean =>
  connection?.iceConnectionState === "failed" || connection?.connectionState === "failed";
