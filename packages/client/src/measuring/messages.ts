import type { ProbeParameters, RttStats } from "@probematch/shared";

/** What a page asks of whoever measures for it, on its own thread or in its worker. Links are named by number. */
export type MeasuringOrder =
  /** The work that takes this thread's time once: done ahead. */
  | { readonly do: "prepare" }
  /** From now on this channel is the measuring channel of a link; its pings are answered. */
  | { readonly do: "adopt"; readonly id: number; readonly channel: RTCDataChannel }
  /** One probe: a series of pings, answered by `measured`. The link is open. */
  | {
      readonly do: "measure";
      readonly id: number;
      readonly parameters: ProbeParameters;
      /** The limit to be certain about; `null` = there is none. */
      readonly limitMs: number | null;
    }
  /** Nobody waits for the series any more. */
  | { readonly do: "rest"; readonly id: number }
  /** From now on a ping a second, each answered by `sample`. */
  | { readonly do: "watch"; readonly id: number }
  /** Closes the channel; nothing is told of it any more. */
  | { readonly do: "drop"; readonly id: number }
  /** Both ends of the page's connection to itself, in place of earlier ones. */
  | { readonly do: "adoptFloor"; readonly channels: readonly RTCDataChannel[] }
  | { readonly do: "dropFloor" };

/** What is told to the page. */
export type MeasuringNews =
  /** A worker runs, and has done what `prepare` asks for. */
  | { readonly news: "ready" }
  | { readonly news: "open"; readonly id: number }
  | { readonly news: "closed"; readonly id: number }
  | { readonly news: "measured"; readonly id: number; readonly outcome: SeriesOutcome }
  /** A frame of the other end came on a watched link. */
  | { readonly news: "heard"; readonly id: number }
  /** The RTT of a watched link's ping; `null`: it was lost. */
  | { readonly news: "sample"; readonly id: number; readonly rttMs: number | null }
  | { readonly news: "floorOpen" };

/** What a page adds to an RTT, ms, and the standard error of that; `null` = not known. */
export interface Floor {
  readonly floorMs: number | null;
  readonly floorErrorMs: number | null;
}

/** How a probe's series of pings ended at this side. All times are of the thread that sent the pings, in ms. */
export type SeriesOutcome =
  | ({
      readonly status: "measured";
      readonly rtt: RttStats;
      readonly samplesMs: readonly number[];
      readonly medianErrorMs: number | null;
      readonly clockStepMs: number;
      readonly stalledMs: number;
    } & Floor)
  | {
      readonly status: "failed";
      readonly reason: "all_lost" | "stalled";
      readonly detail: string | null;
    };
