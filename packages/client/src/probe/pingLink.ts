import type { Signal } from "@probematch/shared";
import { Inbox } from "./inbox.js";
import { Link, type LinkEnd, type LinkOptions } from "./link.js";
import { NamedChannels } from "./namedChannels.js";
import { decodePong, encodePing, turnIntoPong } from "./pingFrames.js";

/**
 * A link that answers the other end's pings for as long as it is open, whoever owns it: first the probe that
 * measures it, then the match that lives on it. The owner sets the callbacks.
 */
export class PingLink {
  readonly probeId: string;
  readonly link: Link;
  /** What the page sent over the two channels that every link has. */
  readonly inbox: Inbox;
  readonly channels: NamedChannels;
  onConnecting: (() => void) | null = null;
  onOpen: (() => void) | null = null;
  /** `seq`: the ping of ours that was answered; `null`: the frame was the other end's ping. */
  onFrame: ((seq: number | null, at: number) => void) | null = null;
  onState: (() => void) | null = null;
  onEnd: ((reason: LinkEnd, detail: string | null) => void) | null = null;

  /**
   * @param before the link that this one replaces: what it has not handed out yet, and its named channels, go on here
   * @throws where the browser has no WebRTC, or refuses it
   */
  constructor(
    probeId: string,
    options: LinkOptions,
    onSignal: (signal: Signal) => void,
    before: Pick<PingLink, "inbox" | "channels"> = { inbox: new Inbox(), channels: new NamedChannels() },
  ) {
    this.probeId = probeId;
    this.inbox = before.inbox;
    this.channels = before.channels;
    this.link = new Link(options, {
      onSignal,
      onConnecting: () => this.onConnecting?.(),
      onOpen: () => this.onOpen?.(),
      onFrame: (frame, at) => this.#handle(frame, at),
      onData: (data) => this.inbox.receive(data),
      onChannel: (channel) => this.channels.announced(channel),
      onState: () => this.onState?.(),
      onEnd: (reason, detail) => this.onEnd?.(reason, detail),
    });
  }

  /** @returns when it left (`performance.now()`) */
  ping(seq: number): number {
    return this.link.sendFrame(encodePing(seq));
  }

  close(): void {
    this.onConnecting = this.onOpen = this.onFrame = this.onState = this.onEnd = null;
    this.link.close();
  }

  #handle(frame: ArrayBuffer, at: number): void {
    // The answer first: everything before it would be measured by the other end.
    if (turnIntoPong(frame)) {
      this.link.sendFrame(frame);
      this.onFrame?.(null, at);
      return;
    }
    const seq = decodePong(frame);
    if (seq !== null) this.onFrame?.(seq, at);
  }
}
