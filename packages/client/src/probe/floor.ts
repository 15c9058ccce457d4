import { medianOfClockDifferences, medianStandardError } from "@probematch/shared";
import { clockStepMs } from "./clockStep.js";
import { decodePing, encodePing } from "./pingFrames.js";
import { untilNext } from "./pingSeries.js";

/** A page that has not found the way to itself by then is not waited for. */
const SETTLE_MS = 100;
/** The first frame pays for threads waking up. */
const WARM_UP = 1;

/**
 * What this page itself adds to every RTT it measures: the way of a frame from `send()` through the browser's threads to
 * the network, and back up. Known from a connection of the page to itself, over which frames go while the page measures its
 * peers, in the same rhythm: that path has no length, so all the time it takes is the page's.
 *
 * Frames go one way, in turn either way, and count twice. An answer would follow its frame at once, through threads that are
 * awake already: faster than one that comes from afar. A peer's RTT contains one sending and one receiving at each end, twice a
 * page's own way has two of each, so that the mean of both ends' floors is what both browsers added.
 */
export class FloorMeter {
  #ends: readonly [RTCPeerConnection, RTCPeerConnection] | null = null;
  #channels: readonly RTCDataChannel[] = [];
  readonly #sentAt = new Map<number, number>();
  readonly #onewaysMs: number[] = [];
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
      this.#channels = this.#ends.map((end) => end.createDataChannel("floor", options));
      for (const channel of this.#channels) {
        channel.binaryType = "arraybuffer";
        channel.onmessage = ({ data }) => this.#arrived(performance.now(), data);
        channel.onopen = () => this.#settle();
      }
      asking.onicecandidate = ({ candidate }) => void add(answering, candidate);
      answering.onicecandidate = ({ candidate }) => void add(asking, candidate);
      this.#settling = setTimeout(() => this.#settle(), SETTLE_MS);
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
    const from = this.#onewaysMs.length;
    this.#users += 1;
    // Halfway between two pings of the probe, so that neither waits for the other.
    if (this.#users === 1) this.#timer = setTimeout(() => this.#tick(spacingMs), spacingMs / 2);
    let floor: Floor | undefined;
    return {
      end: () => {
        if (floor !== undefined) return floor;
        this.#users -= 1;
        if (this.#users === 0) clearTimeout(this.#timer);
        const onewaysMs = this.#onewaysMs.slice(from + WARM_UP);
        floor = floorFrom(onewaysMs, clockStepMs());
        return floor;
      },
    };
  }

  /** Idempotent; {@link FloorMeter.open} starts anew. */
  close(): void {
    clearTimeout(this.#timer);
    this.#settle();
    for (const end of this.#ends ?? []) end.close();
    this.#ends = null;
    this.#channels = [];
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
    const seq = this.#seq++;
    const channel = this.#channels[seq % 2];
    if (channel?.readyState === "open") {
      this.#sentAt.set(seq, performance.now());
      try {
        channel.send(encodePing(seq));
      } catch {
        // Closing: nothing will arrive.
      }
    }
    this.#timer = setTimeout(() => this.#tick(spacingMs), untilNext(spacingMs, Math.random()));
  }

  #arrived(at: number, data: unknown): void {
    const seq = data instanceof ArrayBuffer ? decodePing(data) : null;
    const sentAt = seq === null ? undefined : this.#sentAt.get(seq);
    if (seq === null || sentAt === undefined) return;
    this.#sentAt.delete(seq);
    this.#onewaysMs.push(at - sentAt);
  }
}

/** What a page adds to an RTT, ms, and the standard error of that; `null` = not known. */
export interface Floor {
  readonly floorMs: number | null;
  readonly floorErrorMs: number | null;
}

export interface FloorRun {
  /** Ends it. Idempotent. @returns what was found out in the meantime */
  end(): Floor;
}

function floorFrom(onewaysMs: readonly number[], stepMs: number): Floor {
  const onewayMs = medianOfClockDifferences(onewaysMs, stepMs);
  const errorMs = medianStandardError(onewaysMs, stepMs);
  if (onewayMs === null || errorMs === null) return { floorMs: null, floorErrorMs: null };
  return { floorMs: 2 * onewayMs, floorErrorMs: 2 * errorMs };
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
