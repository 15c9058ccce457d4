import type { Signal } from "@probematch/shared";
import { Inbox } from "./inbox.js";
import { Link, type LinkEnd, type LinkOptions } from "./link.js";
import { NamedChannels } from "./namedChannels.js";

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
      onData: (data) => this.inbox.receive(data),
      onChannel: (channel) => this.channels.announced(channel),
      onState: () => this.onState?.(),
      onEnd: (reason, detail) => this.onEnd?.(reason, detail),
    });
  }

  close(): void {
    this.onConnecting = this.onOpen = this.onState = this.onEnd = null;
    this.link.close();
  }
}
