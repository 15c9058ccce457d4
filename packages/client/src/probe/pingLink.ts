import type { Signal } from "@probematch/shared";
import { Link, type LinkEnd, type LinkOptions, type ReceivedData } from "./link.js";
import { decodePong, encodePing, turnIntoPong } from "./pingFrames.js";

/** Data that came before anybody listened; past this many the oldest is dropped. */
const UNDELIVERED_LIMIT = 1024;

/**
 * A link that answers the other end's pings for as long as it is open, whoever owns it: first the probe that
 * measures it, then the match that lives on it. The owner sets the callbacks.
 */
export class PingLink {
  readonly probeId: string;
  readonly link: Link;
  onConnecting: (() => void) | null = null;
  onOpen: (() => void) | null = null;
  /** `seq`: the ping of ours that was answered; `null`: the frame was the other end's ping. */
  onFrame: ((seq: number | null, at: number) => void) | null = null;
  onEnd: ((reason: LinkEnd, detail: string | null) => void) | null = null;
  #onData: ((data: ReceivedData) => void) | null = null;
  #undelivered: ReceivedData[] = [];

  /** @throws where the browser has no WebRTC, or refuses it */
  constructor(probeId: string, options: LinkOptions, onSignal: (signal: Signal) => void) {
    this.probeId = probeId;
    this.link = new Link(options, {
      onSignal,
      onConnecting: () => this.onConnecting?.(),
      onOpen: () => this.onOpen?.(),
      onFrame: (frame, at) => this.#handle(frame, at),
      onData: (data) => this.#receive(data),
      onEnd: (reason, detail) => this.onEnd?.(reason, detail),
    });
  }

  /** @returns when it left (`performance.now()`) */
  ping(seq: number): number {
    return this.link.sendFrame(encodePing(seq));
  }

  /** Data received so far is delivered at once, in order. */
  deliverTo(onData: (data: ReceivedData) => void): void {
    this.#onData = onData;
    for (const data of this.#undelivered.splice(0)) onData(data);
  }

  close(): void {
    this.onConnecting = this.onOpen = this.onFrame = this.onEnd = this.#onData = null;
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

  #receive(data: ReceivedData): void {
    if (this.#onData !== null) this.#onData(data);
    else this.#undelivered.push(data);
    if (this.#undelivered.length > UNDELIVERED_LIMIT) this.#undelivered.shift();
  }
}
