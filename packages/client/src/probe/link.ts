/// <reference path="./simplePeer.d.ts" />
import { type ServerMessages, type Signal, signalSchema } from "@probematch/shared";
import SimplePeer from "simple-peer/simplepeer.min.js";
import * as v from "valibot";
import type { Measuring } from "../measuring/measuring.js";
import type { MeasuredLink } from "../measuring/place.js";
import type { ReceivedData, SendableData } from "./inbox.js";
import { Negotiation } from "./negotiation.js";
import { type PathStats, readPath, unknownPath } from "./pathStats.js";
import { withoutOwnAddresses } from "./relayOnly.js";

/** `closed`: an end hung up or went away; `ice_failed`: there is no network path, or it broke (not after `keep`). */
export type LinkEnd = "closed" | "ice_failed";

type OrderedIceServer = ServerMessages["probePrepare"]["iceServers"][number];

export interface LinkOptions {
  readonly initiator: boolean;
  readonly iceServers: readonly RTCIceServer[];
  readonly relayOnly: boolean;
  readonly measuring: Measuring;
}

export interface LinkHandlers {
  /** To be carried to the other end. */
  onSignal(signal: Signal): void;
  /** Both ends know of each other: from now on it is the network that takes its time. May not be told. */
  onConnecting(): void;
  onOpen(): void;
  onData(data: ReceivedData): void;
  /** The other end opened a channel by name. */
  onChannel(channel: RTCDataChannel): void;
  /** {@link Link.isUp} may have changed. Only after {@link Link.keep}. */
  onState(): void;
  /** Called once, unless {@link Link.close} was called before. */
  onEnd(reason: LinkEnd, detail: string | null): void;
}

/**
 * The channels of a link. Both ends know their ids from here, so that they open as soon as the connection stands
 * and none needs a negotiation of its own. The reliable one is simple-peer's.
 */
const unreliable: RTCDataChannelInit = { negotiated: true, ordered: false, maxRetransmits: 0 };
const channels = {
  measuring: { ...unreliable, id: 0 },
  reliable: { negotiated: true, id: 1 },
  unreliable: { ...unreliable, id: 2 },
} as const satisfies Record<string, RTCDataChannelInit>;

/** Marks channels that were opened by name, apart from those that a page makes on the connection itself. */
const NAMED_PROTOCOL = "probematch";

/** libwebrtc may say "all gathered" before its first candidate. */
const GATHERED_MS = 300;

/**
 * A WebRTC connection to one peer: one channel to measure, two for the page's data. The only file that knows simple-peer.
 *
 * Gathering starts with the construction, and the initiator's offer follows as soon as it is made.
 */
export class Link {
  readonly #peer: SimplePeer;
  readonly #options: LinkOptions;
  readonly #handlers: LinkHandlers;
  readonly #reliable: RTCDataChannel;
  readonly #unreliable: RTCDataChannel;
  /** Made when it is known where: no later than the connection begins, so that no ping of the other end comes before it. */
  #measured: MeasuredLink | null = null;
  #toldOpen = false;
  #ended = false;
  #negotiation: Negotiation | null = null;
  #candidates = 0;
  #remoteSdp: string | null = null;
  #iceError: number | null = null;
  #gathered: ReturnType<typeof setTimeout> | undefined;

  /** @throws where the browser has no WebRTC, or refuses it */
  constructor(options: LinkOptions, handlers: LinkHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    const peer = new SimplePeer({
      initiator: options.initiator,
      trickle: true,
      // Otherwise it turns what it receives into bytes.
      objectMode: true,
      channelConfig: channels.reliable,
      config: {
        // Always given: simple-peer's own default asks public STUN servers.
        iceServers: [...options.iceServers],
        iceTransportPolicy: options.relayOnly ? "relay" : "all",
      },
    });
    this.#peer = peer;
    peer.on("error", (error) => this.#onError(error));
    peer.on("close", () => this.#end("closed", null));
    // As if it were looking for the selected path already: it would ask for statistics, over and over, during the first
    // pings, to emit an event that is not used here.
    peer._connecting = true;
    const { _pc: connection, _channel: reliable } = peer;
    if (!connection || !reliable) {
      // simple-peer reports through an event, which is still to come, what RTCPeerConnection threw.
      this.#ended = true;
      throw new Error("RTCPeerConnection could not be constructed");
    }
    this.#reliable = reliable;
    this.#unreliable = connection.createDataChannel("unreliable", channels.unreliable);
    connection.addEventListener("icecandidateerror", ({ errorCode }) => {
      this.#iceError = errorCode;
    });
    connection.addEventListener("icecandidate", ({ candidate }) => {
      clearTimeout(this.#gathered);
      if (candidate === null) this.#gathered = setTimeout(() => this.#onGathered(), GATHERED_MS);
    });
    options.measuring.whenSettled(() => this.#openMeasuring());
    connection.addEventListener(
      "connectionstatechange",
      () => {
        this.#openMeasuring();
        if (!this.#ended) handlers.onConnecting();
      },
      { once: true },
    );
    connection.addEventListener("datachannel", ({ channel }) => {
      if (channel.protocol === NAMED_PROTOCOL) handlers.onChannel(channel);
    });
    peer.on("signal", (signal) => this.#onLocalSignal(signal));
    for (const channel of this.#forData) {
      channel.binaryType = "arraybuffer";
      // In place of simple-peer's handler, which would keep all data in the buffer of a stream that nobody reads.
      channel.onmessage = ({ data }) => {
        if (!this.#ended) handlers.onData(data);
      };
      // simple-peer's own `connect` event polls and comes up to 100 ms late.
      channel.addEventListener(
        "open",
        () => {
          this.#openMeasuring();
          this.#onChannelOpen();
        },
        { once: true },
      );
    }
  }

  #openMeasuring(): void {
    const { connection } = this;
    if (this.#measured !== null || connection === null) return;
    try {
      this.#measured = this.#options.measuring.adopt(
        () => connection.createDataChannel("measuring", channels.measuring),
        () => this.#onChannelOpen(),
      );
    } catch {
      // The connection was closed meanwhile, which is told otherwise.
    }
  }

  #onChannelOpen(): void {
    if (this.#ended || this.#toldOpen || !this.isOpen) return;
    this.#toldOpen = true;
    this.#handlers.onOpen();
  }

  /** A signal from the other end. */
  signal(signal: Signal): void {
    if (this.#ended || this.#peer.destroyed) return;
    if (this.#negotiation !== null) {
      this.#negotiation.signal(signal);
      return;
    }
    if (signal.type !== "candidate") {
      // Told twice, a description would be taken for a renegotiation and end the link.
      if (signal.sdp === this.#remoteSdp) return;
      this.#remoteSdp = signal.sdp;
    }
    try {
      this.#peer.signal(signal);
    } catch (error) {
      // A candidate that this browser does not understand: others may do.
      if (signal.type !== "candidate") this.#fail("ice_failed", nameOf(error));
    }
  }

  /**
   * Takes the connection out of simple-peer's hands, which would end it as soon as ICE fails, for what a match needs:
   * it can be mended ({@link Link.restart}), and the page can add media to it. It still ends when its channels close.
   */
  keep(): void {
    const { connection } = this;
    if (connection === null || this.#negotiation !== null) return;
    connection.oniceconnectionstatechange = connection.onicegatheringstatechange = null;
    connection.onconnectionstatechange = connection.onsignalingstatechange = null;
    connection.onicecandidate = connection.ontrack = null;
    const { onState } = this.#handlers;
    connection.addEventListener("iceconnectionstatechange", onState);
    connection.addEventListener("connectionstatechange", onState);
    this.#negotiation = new Negotiation(connection, !this.#options.initiator, (signal) =>
      this.#onLocalSignal(signal),
    );
  }

  /**
   * Lets ICE look for a path again, on the same connection and channels; the other end follows. After {@link Link.keep}.
   *
   * @param isNew `false`: only says again what the other end has not answered yet
   */
  restart(isNew: boolean): void {
    if (!this.#ended) this.#negotiation?.restart(isNew);
  }

  /** For the next time that ICE gathers: the credentials of the first may have expired. */
  useIceServers(iceServers: readonly RTCIceServer[]): void {
    try {
      this.connection?.setConfiguration({
        ...this.connection.getConfiguration(),
        iceServers: [...iceServers],
      });
    } catch {
      // A browser without it goes on with the servers it has.
    }
  }

  get initiator(): boolean {
    return this.#options.initiator;
  }

  /** Open, and ICE has a path that works. */
  get isUp(): boolean {
    const { connection } = this;
    if (connection === null || connection.connectionState === "failed" || !this.isOpen) return false;
    return connection.iceConnectionState === "connected" || connection.iceConnectionState === "completed";
  }

  /** Opens one more channel for the page. `null` when the link has ended. */
  openChannel(name: string, reliable: boolean): RTCDataChannel | null {
    const options = reliable ? {} : { ordered: false, maxRetransmits: 0 };
    return this.connection?.createDataChannel(name, { ...options, protocol: NAMED_PROTOCOL }) ?? null;
  }

  get isOpen(): boolean {
    return this.measured?.isOpen === true && this.#carriesData;
  }

  /** Its measuring channel could not be opened where it is: the channels beside it are open. */
  get isUnmeasurable(): boolean {
    return this.measured?.isOpen !== true && this.#carriesData;
  }

  /** Where its pings are sent and answered; `null` until that is known. */
  get measured(): MeasuredLink | null {
    return this.#measured;
  }

  /**
   * Sends the page's data.
   *
   * @returns `false` when the link is not open
   * @throws {TypeError} when the message is larger than the browsers' limit (256 KB is safe)
   */
  sendData(data: SendableData, reliable: boolean): boolean {
    const channel = reliable ? this.#reliable : this.#unreliable;
    if (this.#ended || channel.readyState !== "open") return false;
    // A channel takes all of these; its overloads cannot be told so at once, nor in words that older TypeScript knows.
    channel.send(data as string);
    return true;
  }

  /** Bytes of the page's data that wait to be sent. */
  get bufferedAmount(): number {
    return this.#reliable.bufferedAmount + this.#unreliable.bufferedAmount;
  }

  /** `null` once the link has ended. */
  get connection(): RTCPeerConnection | null {
    return this.#ended ? null : (this.#peer._pc ?? null);
  }

  async readPath(): Promise<PathStats> {
    const { connection } = this;
    return connection === null ? unknownPath : readPath(connection);
  }

  /** Hangs up and lets go of everything. Idempotent; no handler is called afterwards. */
  close(): void {
    this.#ended = true;
    this.#negotiation?.close();
    this.#stopTimers();
    for (const channel of this.#forData) {
      channel.onmessage = null;
      channel.close();
    }
    this.#measured?.close();
    this.#peer.destroy();
  }

  get #forData(): readonly RTCDataChannel[] {
    return [this.#reliable, this.#unreliable];
  }

  get #carriesData(): boolean {
    return this.#forData.every((channel) => channel.readyState === "open");
  }

  #onLocalSignal(made: unknown): void {
    const parsed = v.safeParse(signalSchema, made);
    // simple-peer's own requests to renegotiate are not for us.
    if (this.#ended || !parsed.success) return;
    // "No more candidates": of no use to the other end, and some browsers complain of it.
    if (parsed.output.type === "candidate" && parsed.output.candidate.candidate === "") return;
    const signal = this.#options.relayOnly ? withoutOwnAddresses(parsed.output) : parsed.output;
    if (signal === null) return;
    if (signal.type === "candidate") this.#candidates += 1;
    this.#handlers.onSignal(signal);
  }

  /** Without a single candidate there is no path, and no need to wait: a TURN server refused, or the system did. */
  #onGathered(): void {
    if (this.#ended || this.#candidates > 0) return;
    const cause = this.#iceError === null ? "" : ` (STUN/TURN error ${this.#iceError})`;
    this.#fail("ice_failed", `no candidates${cause}`);
  }

  #onError(error: Error & { readonly code?: string }): void {
    // In about half of the cases a clean hang-up at the other end shows as an error of the channel.
    if (error.code === "ERR_DATA_CHANNEL") this.#end("closed", null);
    else this.#end("ice_failed", nameOf(error));
  }

  #stopTimers(): void {
    clearTimeout(this.#gathered);
    // simple-peer leaves this one running for up to 5 s.
    clearTimeout(this.#peer._iceCompleteTimer ?? undefined);
  }

  #fail(reason: LinkEnd, detail: string): void {
    this.#end(reason, detail);
    this.close();
  }

  #end(reason: LinkEnd, detail: string | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#negotiation?.close();
    this.#stopTimers();
    this.#handlers.onEnd(reason, detail);
  }
}

/** Not the message: browsers put candidates, and so addresses, into it. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** An absent field and one that is `undefined` are not the same to `RTCPeerConnection`. */
export function toIceServer({ urls, username, credential }: OrderedIceServer): RTCIceServer {
  return {
    urls,
    ...(username === undefined ? {} : { username }),
    ...(credential === undefined ? {} : { credential }),
  };
}
