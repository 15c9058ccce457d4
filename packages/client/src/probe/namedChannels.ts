import { Emitter, type Listenable } from "../emitter.js";
import { Inbox, type ReceivedData, type SendableData } from "./inbox.js";
import type { Link } from "./link.js";

export interface ChannelOptions {
  /** `false`: unordered and never sent again, for what is outdated soon. Default: `true`. */
  readonly reliable?: boolean;
}

export interface ChannelEvents {
  message: ReceivedData;
  /** {@link PeerChannel.open} changed. */
  status: PeerChannel;
}

/** A channel of the page's own on the link to a peer, beside the two that every link has. */
export interface PeerChannel extends Listenable<ChannelEvents> {
  readonly name: string;
  readonly open: boolean;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
  /**
   * @returns `false` when the channel is not open; nothing was sent
   * @throws {TypeError} when the message is larger than the browsers' limit (256 KB is safe)
   */
  send(data: SendableData): boolean;
}

/** A page that opens more than a few is at fault; one at the other end that opens thousands shall cost nothing. */
const MOST_CHANNELS = 64;

class NamedChannel extends Emitter<ChannelEvents> implements PeerChannel {
  readonly name: string;
  /** What this page asked for; `null`: the other one opened it and this one has not asked for it yet. */
  reliable: boolean | null = null;
  readonly #inbox = new Inbox();
  #delivers = false;
  #channel: RTCDataChannel | null = null;

  constructor(name: string) {
    super();
    this.name = name;
  }

  override on<K extends keyof ChannelEvents>(
    event: K,
    listener: (payload: ChannelEvents[K]) => void,
  ): () => void {
    if (event === "message" && !this.#delivers) {
      this.#delivers = true;
      queueMicrotask(() => this.#inbox.deliverTo((data) => this.emit("message", data)));
    }
    return super.on(event, listener);
  }

  get open(): boolean {
    return this.#channel?.readyState === "open";
  }

  get bufferedAmount(): number {
    return this.#channel?.bufferedAmount ?? 0;
  }

  get needsChannel(): boolean {
    const state = this.#channel?.readyState;
    return this.reliable !== null && state !== "open" && state !== "connecting";
  }

  send(data: SendableData): boolean {
    if (this.#channel?.readyState !== "open") return false;
    this.#channel.send(data as string);
    return true;
  }

  /** Both ends may open theirs at the same time: each sends on the first it has, and hears both. */
  attach(channel: RTCDataChannel): void {
    channel.binaryType = "arraybuffer";
    channel.onmessage = ({ data }) => this.#inbox.receive(data);
    channel.onopen = channel.onclose = () => this.emit("status", this);
    const state = this.#channel?.readyState;
    if (state !== "open" && state !== "connecting") this.#channel = channel;
    if (channel.readyState === "open") this.emit("status", this);
  }

  close(): void {
    this.removeAllListeners();
    this.#inbox.close();
  }
}

/** The channels that pages opened by name. They outlive a connection: on a new one they are opened again. */
export class NamedChannels {
  readonly #channels = new Map<string, NamedChannel>();
  #link: Link | null = null;

  /** The channels asked for are opened on this link, which is open. */
  openOn(link: Link): void {
    this.#link = link;
    for (const channel of this.#channels.values()) this.#open(channel);
  }

  get(name: string, { reliable = true }: ChannelOptions = {}): PeerChannel {
    const channel = this.#channelOf(name);
    channel.reliable ??= reliable;
    this.#open(channel);
    return channel;
  }

  announced(channel: RTCDataChannel): void {
    if (!this.#channels.has(channel.label) && this.#channels.size >= MOST_CHANNELS) channel.close();
    else this.#channelOf(channel.label).attach(channel);
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
  }

  #channelOf(name: string): NamedChannel {
    const channel = this.#channels.get(name) ?? new NamedChannel(name);
    this.#channels.set(name, channel);
    return channel;
  }

  #open(channel: NamedChannel): void {
    if (!channel.needsChannel) return;
    const made = this.#link?.openChannel(channel.name, channel.reliable !== false) ?? null;
    if (made !== null) channel.attach(made);
  }
}
