import { medianOfClockDifferences } from "@probematch/shared";
import { clockStepMs } from "./clockStep.js";
import { decodePong, encodePing, turnIntoPong } from "./pingFrames.js";

/** Fewer answers than this say nothing. A slow rhythm does not give many more. */
const ENOUGH = 3;
/** The first answer pays for threads waking up. */
const WARM_UP = 1;

/**
 * What this page itself adds to every RTT it measures: the way of a frame from `send()` through the browser's threads to
 * the network, and back up. Known from a connection of the page to itself, pinged while the page measures its peers, in
 * the same rhythm: its path has no length, so what is left of the RTT is the page.
 *
 * A peer's RTT contains one sending and one receiving at each end; the page's own contains two of each. The mean of
 * both ends' floors is therefore what both browsers added.
 */
export class FloorMeter {
  #ends: readonly [RTCPeerConnection, RTCPeerConnection] | null = null;
  #channel: RTCDataChannel | null = null;
  readonly #sentAt = new Map<number, number>();
  readonly #rttsMs: number[] = [];
  #seq = 0;
  #users = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Connects the page to itself, once; where that fails there is no floor. */
  open(): void {
    if (this.#ends !== null) return;
    try {
      const asking = new RTCPeerConnection();
      const answering = new RTCPeerConnection();
      this.#ends = [asking, answering];
      const options = { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 };
      const echo = answering.createDataChannel("floor", options);
      const channel = asking.createDataChannel("floor", options);
      echo.binaryType = channel.binaryType = "arraybuffer";
      echo.onmessage = ({ data }) => {
        if (turnIntoPong(data)) echo.send(data);
      };
      channel.onmessage = ({ data }) => this.#answered(performance.now(), data);
      asking.onicecandidate = ({ candidate }) => void add(answering, candidate);
      answering.onicecandidate = ({ candidate }) => void add(asking, candidate);
      this.#channel = channel;
      void negotiate(asking, answering);
    } catch {
      this.close();
    }
  }

  /** Pings until {@link FloorRun.end}; several at once share the pings. */
  begin(spacingMs: number): FloorRun {
    const from = this.#rttsMs.length;
    this.#users += 1;
    // Halfway between two pings of the probe, so that neither waits for the other.
    if (this.#users === 1) this.#timer = setTimeout(() => this.#tick(spacingMs), spacingMs / 2);
    let floorMs: number | null | undefined;
    return {
      end: () => {
        if (floorMs !== undefined) return floorMs;
        this.#users -= 1;
        if (this.#users === 0) clearTimeout(this.#timer);
        const rttsMs = this.#rttsMs.slice(from + WARM_UP);
        floorMs = rttsMs.length < ENOUGH ? null : medianOfClockDifferences(rttsMs, clockStepMs());
        return floorMs;
      },
    };
  }

  /** Idempotent; {@link FloorMeter.open} starts anew. */
  close(): void {
    clearTimeout(this.#timer);
    for (const end of this.#ends ?? []) end.close();
    this.#ends = null;
    this.#channel = null;
    this.#sentAt.clear();
  }

  #tick(spacingMs: number): void {
    if (this.#channel?.readyState === "open") {
      const seq = this.#seq++;
      this.#sentAt.set(seq, performance.now());
      try {
        this.#channel.send(encodePing(seq));
      } catch {
        // Closing: no answer will come.
      }
    }
    this.#timer = setTimeout(() => this.#tick(spacingMs), spacingMs);
  }

  #answered(at: number, data: unknown): void {
    const seq = data instanceof ArrayBuffer ? decodePong(data) : null;
    const sentAt = seq === null ? undefined : this.#sentAt.get(seq);
    if (seq === null || sentAt === undefined) return;
    this.#sentAt.delete(seq);
    this.#rttsMs.push(at - sentAt);
  }
}

export interface FloorRun {
  /** Ends it. @returns the median of the page's RTT to itself in the meantime, ms; `null`: not known. Idempotent */
  end(): number | null;
}

async function negotiate(asking: RTCPeerConnection, answering: RTCPeerConnection): Promise<void> {
  try {
    const offer = await asking.createOffer();
    await asking.setLocalDescription(offer);
    await answering.setRemoteDescription(offer);
    const answer = await answering.createAnswer();
    await answering.setLocalDescription(answer);
    await asking.setRemoteDescription(answer);
  } catch {
    // Closed meanwhile, or refused by the system: the floor stays unknown.
  }
}

async function add(end: RTCPeerConnection, candidate: RTCIceCandidate | null): Promise<void> {
  try {
    if (candidate !== null) await end.addIceCandidate(candidate);
  } catch {
    // One that this end does not understand, or is too late for.
  }
}
