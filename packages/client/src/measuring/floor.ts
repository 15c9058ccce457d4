import { medianOfClockDifferences, medianStandardError } from "@probematch/shared";
import { clockStepMs } from "./clockStep.js";
import type { Floor } from "./messages.js";
import type { PingChannel } from "./pinger.js";
import { decodePing, encodePing } from "./pingFrames.js";
import { untilNext } from "./pingSeries.js";

/** The first frame pays for threads waking up. */
const WARM_UP = 1;

/**
 * What this browser itself adds to every RTT it measures: the way of a frame from `send()` through the browser's threads to
 * the network, and back up. Known from a connection of the page to itself, over which frames go while peers are measured, from the
 * same thread and in the same rhythm: that path has no length, so all the time it takes is the browser's.
 *
 * Frames go one way, in turn either way, and count twice. An answer would follow its frame at once, through threads that are
 * awake already: faster than one that comes from afar. A peer's RTT contains one sending and one receiving at each end, twice a
 * page's own way has two of each, so that the mean of both ends' floors is what both browsers added.
 */
export class FloorMeter {
  readonly #onOpen: () => void;
  #channels: readonly PingChannel[] = [];
  readonly #sentAt = new Map<number, number>();
  readonly #onewaysMs: number[] = [];
  #seq = 0;
  #users = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param onOpen told when the page has found the way to itself, for each connection that it is given */
  constructor(onOpen: () => void) {
    this.#onOpen = onOpen;
  }

  /** Both ends of a connection of the page to itself, open or not. Earlier ones are let go. */
  use(channels: readonly PingChannel[]): void {
    this.close();
    this.#channels = channels;
    for (const channel of channels) {
      channel.binaryType = "arraybuffer";
      channel.onmessage = ({ data }) => this.#arrived(performance.now(), data);
      channel.onopen = this.#onOpen;
      if (channel.readyState === "open") this.#onOpen();
    }
  }

  /** Pings until {@link FloorRun.end}; several at once share the pings. Without an open connection nothing is found out. */
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

  /** Idempotent; {@link FloorMeter.use} starts anew. */
  close(): void {
    for (const channel of this.#channels) {
      channel.onopen = channel.onmessage = null;
      channel.close();
    }
    this.#channels = [];
    this.#sentAt.clear();
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
