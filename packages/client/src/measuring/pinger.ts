import { decodePong, encodePing, turnIntoPong } from "./pingFrames.js";

/** The part of an `RTCDataChannel` that pings need. */
export type PingChannel = Pick<
  RTCDataChannel,
  "binaryType" | "readyState" | "send" | "close" | "onopen" | "onclose" | "onmessage"
>;

/** One end of a link's measuring channel: answers the other end's pings at once and stamps its own. */
export class Pinger {
  /** A ping of ours was answered, at a time of this thread's `performance.now()`. */
  onPong: ((seq: number, at: number) => void) | null = null;
  /** The other end pinged, and has its answer. */
  onPing: (() => void) | null = null;
  readonly #channel: PingChannel;

  constructor(channel: PingChannel) {
    this.#channel = channel;
    channel.binaryType = "arraybuffer";
    channel.onmessage = ({ data }) => {
      const at = performance.now();
      if (data instanceof ArrayBuffer) this.#handle(data, at);
    };
  }

  get isOpen(): boolean {
    return this.#channel.readyState === "open";
  }

  /** @returns the time right before sending; a frame that cannot be sent is as good as lost */
  ping(seq: number): number {
    const frame = encodePing(seq);
    const at = performance.now();
    this.#send(frame);
    return at;
  }

  /** Idempotent; no handler is called afterwards. */
  close(): void {
    this.onPong = this.onPing = null;
    this.#channel.onopen = this.#channel.onclose = this.#channel.onmessage = null;
    this.#channel.close();
  }

  #handle(frame: ArrayBuffer, at: number): void {
    // The answer first: everything before it would be measured by the other end.
    if (turnIntoPong(frame)) {
      this.#send(frame);
      this.onPing?.();
      return;
    }
    const seq = decodePong(frame);
    if (seq !== null) this.onPong?.(seq, at);
  }

  #send(frame: ArrayBuffer): void {
    try {
      this.#channel.send(frame);
    } catch {
      // Closing, or its buffer is full: no answer will come, and that is what will be counted.
    }
  }
}
