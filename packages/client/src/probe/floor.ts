import { medianOfClockDifferences } from "@probematch/shared";
import { clockStepMs } from "./clockStep.js";
import { decodePong, encodePing, turnIntoPong } from "./pingFrames.js";
import { untilNext } from "./pingSeries.js";

/** Fewer answers than this say nothing. A slow rhythm does not give many more. */
const ENOUGH = 3;
/** A page that has not found the way to itself by then is not waited for. */
const SETTLE_MS = 100;
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
  #settling: ReturnType<typeof setTimeout> | undefined;
  #onSettled: (() => void)[] = [];

  /**
   * Connects the page to itself, and again where that connection broke (the network changed); where it fails there is no
   * floor. Costs the browser some 30 ms of work: better long before a probe than beside its set-up.
   */
  open(): void {
    if (this.#isBroken) this.close();
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
      this.#settling = setTimeout(() => this.#settle(), SETTLE_MS);
      channel.onopen = () => this.#settle();
      void negotiate(asking, answering);
    } catch {
      this.close();
    }
  }

  /**
   * Calls back at once, or, while the page connects to itself, when that is over: pings to a peer would wait for it, by 3 to 4 ms
   * in Chromium. Only where a peer is so near that its connection stands before this one does.
   */
  whenSettled(go: () => void): void {
    if (this.#settling === undefined) go();
    else this.#onSettled.push(go);
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
    this.#settle();
    for (const end of this.#ends ?? []) end.close();
    this.#ends = null;
    this.#channel = null;
    this.#sentAt.clear();
  }

  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = undefined;
    for (const go of this.#onSettled.splice(0)) go();
  }

  get #isBroken(): boolean {
    const states = this.#ends?.map(({ connectionState }) => connectionState) ?? [];
    return states.includes("failed") || states.includes("closed");
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
    this.#timer = setTimeout(() => this.#tick(spacingMs), untilNext(spacingMs, Math.random()));
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
