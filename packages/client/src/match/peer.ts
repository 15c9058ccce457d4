import type { PairLatency, PeerInfo } from "@probematch/shared";
import { Emitter, type Listenable } from "../emitter.js";
import type { ReceivedData, SendableData } from "../probe/inbox.js";
import { type ChannelOptions, NamedChannels, type PeerChannel } from "../probe/namedChannels.js";
import type { LinkState, PeerLink } from "./peerLink.js";

export type { ReceivedData, SendableData } from "../probe/inbox.js";
export type { ChannelEvents, ChannelOptions, PeerChannel } from "../probe/namedChannels.js";

export interface SendOptions {
  /** `false`: unordered and never sent again, for what is outdated soon (positions, pointers). Default: `true`. */
  readonly reliable?: boolean;
}

export interface PeerEvents {
  /** Text comes as a string, everything else as an ArrayBuffer. */
  message: ReceivedData;
  /** {@link Peer.connected}, {@link Peer.link} or {@link Peer.open} changed. */
  status: Peer;
  /** {@link Peer.latencyMs} has a new value, once a second. */
  latency: Peer;
}

/** Another member of the match. */
export interface Peer extends Listenable<PeerEvents> {
  /** Index in the match, the same for every member. */
  readonly seat: number;
  /** A name made for this match. Participant ids never reach another participant. */
  readonly alias: string;
  /** The measured RTT that decided about this pair, ms; `null` where the scene measures nothing. */
  readonly rttMs: number | null;
  /** The measurement behind {@link Peer.rttMs}, both sides' accounts in one; `null` where the scene measures nothing. */
  readonly latency: PairLatency | null;
  /** The latest RTT on the same link, ms; lost pings leave it as it was. `null` before the first, and without a link. */
  readonly latencyMs: number | null;
  /** False while the server has no connection to this member's page. */
  readonly connected: boolean;
  /**
   * The direct link to this member: `up`, `broken` (it is being mended), or `given_up`. `null` where the scene measures nothing:
   * there is no link.
   */
  readonly link: LinkState | null;
  /** The server's connection to this member is lost, or the link to it does not work. */
  readonly lost: boolean;
  /**
   * Data can be sent. Stays true for a while when the network breaks: what is sent reliably then arrives when the same
   * connection is mended. Always false where the scene measures nothing.
   */
  readonly open: boolean;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
  /**
   * The connection that was measured, for statistics and media: offers and answers for tracks that either page adds are
   * exchanged by themselves. `null` without a link. Closing it ends the link. After a reload of either page it is another
   * one, and tracks have to be added anew.
   *
   * @example
   * ```ts
   * peer.rtcPeerConnection?.addEventListener("track", ({ streams: [stream] }) => play(stream));
   * for (const track of camera.getTracks()) peer.rtcPeerConnection?.addTrack(track, camera);
   * ```
   */
  readonly rtcPeerConnection: RTCPeerConnection | null;
  /**
   * Sends over the direct link.
   *
   * @returns `false` when the link is not open; nothing was sent
   * @throws {TypeError} when the message is larger than the browsers' limit (256 KB is safe)
   */
  send(data: SendableData, options?: SendOptions): boolean;
  /**
   * A channel of its own name beside those of {@link Peer.send}: one large message, or a lost one, holds up only what is on the
   * same channel. The same name gives the same channel; both pages ask for it, with the same options. At most 64.
   *
   * @example
   * ```ts
   * const moves = peer.channel("moves", { reliable: false });
   * moves.on("message", (data) => apply(data));
   * moves.send(JSON.stringify({ x, y }));
   * ```
   */
  channel(name: string, options?: ChannelOptions): PeerChannel;
}

/** @internal */
export class PeerImpl extends Emitter<PeerEvents> implements Peer {
  readonly seat: number;
  readonly alias: string;
  readonly rttMs: number | null;
  readonly latency: PairLatency | null;
  latencyMs: number | null = null;
  connected: boolean;
  /** `null` where the scene measures nothing. Set once, right after construction. */
  peerLink: PeerLink | null = null;
  readonly #onMessage: (peer: PeerImpl, data: ReceivedData) => void;
  /** Where there is no link: never open. */
  readonly #noChannels = new NamedChannels();
  #delivers = false;

  constructor(info: PeerInfo, onMessage: (peer: PeerImpl, data: ReceivedData) => void) {
    super();
    this.seat = info.seat;
    this.alias = info.alias;
    this.rttMs = info.rttMs;
    this.latency = info.latency ?? null;
    this.connected = info.connected;
    this.#onMessage = onMessage;
  }

  override on<K extends keyof PeerEvents>(event: K, listener: (payload: PeerEvents[K]) => void): () => void {
    if (event === "message") this.deliver();
    return super.on(event, listener);
  }

  /** Somebody listens now: hands out what came before, but not before the page's listener is in place. */
  deliver(): void {
    if (this.#delivers) return;
    this.#delivers = true;
    queueMicrotask(() =>
      this.peerLink?.inbox.deliverTo((data) => {
        this.emit("message", data);
        this.#onMessage(this, data);
      }),
    );
  }

  get link(): LinkState | null {
    return this.peerLink?.state ?? null;
  }

  get lost(): boolean {
    return !this.connected || (this.link !== null && this.link !== "up");
  }

  get open(): boolean {
    return this.peerLink?.isOpen === true;
  }

  get bufferedAmount(): number {
    return this.peerLink?.current?.link.bufferedAmount ?? 0;
  }

  get rtcPeerConnection(): RTCPeerConnection | null {
    return this.peerLink?.current?.link.connection ?? null;
  }

  send(data: SendableData, { reliable = true }: SendOptions = {}): boolean {
    return this.peerLink?.current?.link.sendData(data, reliable) ?? false;
  }

  channel(name: string, options?: ChannelOptions): PeerChannel {
    return (this.peerLink?.channels ?? this.#noChannels).get(name, options);
  }
}
