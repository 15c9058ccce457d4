import type { PeerInfo } from "@probematch/shared";
import { Emitter, type Listenable } from "../emitter.js";
import type { ReceivedData, SendableData } from "../probe/link.js";
import type { PingLink } from "../probe/pingLink.js";

export type { ReceivedData, SendableData } from "../probe/link.js";

export interface SendOptions {
  /** `false`: unordered and never sent again, for what is outdated soon (positions, pointers). Default: `true`. */
  readonly reliable?: boolean;
}

export interface PeerEvents {
  /** Text comes as a string, everything else as an ArrayBuffer. */
  message: ReceivedData;
  /** {@link Peer.connected} or {@link Peer.open} changed. */
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
  /** The latest RTT on the same link, ms; lost pings leave it as it was. `null` before the first, and without a link. */
  readonly latencyMs: number | null;
  /** False while the server has no connection to this member's page. */
  readonly connected: boolean;
  /**
   * The direct link to this member is open. Always false where the scene measures nothing (there is no link), and after
   * a reload: links do not survive it.
   */
  readonly open: boolean;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
  /** The connection that was measured, for media or statistics; `null` without a link. Closing it ends the link. */
  readonly rtcPeerConnection: RTCPeerConnection | null;
  /**
   * Sends over the direct link.
   *
   * @returns `false` when the link is not open; nothing was sent
   * @throws {TypeError} when the message is larger than the browsers' limit (256 KB is safe)
   */
  send(data: SendableData, options?: SendOptions): boolean;
}

/** @internal */
export class PeerImpl extends Emitter<PeerEvents> implements Peer {
  readonly seat: number;
  readonly alias: string;
  readonly rttMs: number | null;
  latencyMs: number | null = null;
  connected: boolean;
  readonly pingLink: PingLink | null;
  readonly #onMessage: (peer: PeerImpl, data: ReceivedData) => void;
  #delivers = false;

  constructor(
    info: PeerInfo,
    pingLink: PingLink | null,
    onMessage: (peer: PeerImpl, data: ReceivedData) => void,
  ) {
    super();
    this.seat = info.seat;
    this.alias = info.alias;
    this.rttMs = info.rttMs;
    this.connected = info.connected;
    this.pingLink = pingLink;
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
      this.pingLink?.deliverTo((data) => {
        this.emit("message", data);
        this.#onMessage(this, data);
      }),
    );
  }

  get open(): boolean {
    return this.pingLink?.link.isOpen === true;
  }

  get bufferedAmount(): number {
    return this.pingLink?.link.bufferedAmount ?? 0;
  }

  get rtcPeerConnection(): RTCPeerConnection | null {
    return this.pingLink?.link.connection ?? null;
  }

  send(data: SendableData, { reliable = true }: SendOptions = {}): boolean {
    return this.pingLink?.link.sendData(data, reliable) ?? false;
  }
}
