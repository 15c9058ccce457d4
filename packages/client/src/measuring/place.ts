import type { MeasuringThread, ProbeParameters } from "@probematch/shared";
import { FloorConnection } from "./floorConnection.js";
import type { MeasuringNews, MeasuringOrder, SeriesOutcome } from "./messages.js";

type Tell = (order: MeasuringOrder, transfer: readonly RTCDataChannel[]) => void;

/** A thread that measures, as the page sees it: links' channels are given to it, and what it finds out comes back. */
export class MeasuringPlace {
  readonly name: MeasuringThread;
  /** The page's way to itself as it is from there. */
  readonly floor: FloorConnection;
  readonly #tell: Tell;
  readonly #links = new Map<number, MeasuredLink>();
  #count = 0;

  constructor(name: MeasuringThread, tell: Tell) {
    this.name = name;
    this.#tell = tell;
    this.floor = new FloorConnection(
      (channels) => tell({ do: "adoptFloor", channels }, channels),
      () => tell({ do: "dropFloor" }, []),
    );
  }

  /** What takes that thread's time once, before anything is measured there. */
  prepare(): void {
    this.#tell({ do: "prepare" }, []);
  }

  /**
   * Gives it the measuring channel of a link. Browsers let go of a channel only in the moment they make it.
   *
   * @throws where this browser does not let go of it; then the channel can still be used here
   */
  adopt(channel: RTCDataChannel, onOpen: () => void): MeasuredLink {
    this.#count += 1;
    const id = this.#count;
    const link = new MeasuredLink(this, onOpen, (order) => {
      if (order === "drop") this.#links.delete(id);
      if (typeof order === "string") this.#tell({ do: order, id }, []);
      else this.#tell({ do: "measure", id, ...order }, []);
    });
    this.#links.set(id, link);
    try {
      this.#tell({ do: "adopt", id, channel }, [channel]);
    } catch (error) {
      this.#links.delete(id);
      throw error;
    }
    return link;
  }

  /** That thread is gone, and all channels that it had. */
  lost(): void {
    for (const link of this.#links.values()) link.isOpen = false;
    this.#links.clear();
  }

  hear(news: MeasuringNews): void {
    if (news.news === "floorOpen") this.floor.settle();
    else if (news.news !== "ready") this.#links.get(news.id)?.hear(news);
  }
}

type LinkOrder = SeriesOrder | "rest" | "watch" | "drop";

interface SeriesOrder {
  readonly parameters: ProbeParameters;
  /** The limit to be certain about; `null` = there is none. */
  readonly limitMs: number | null;
}

/** What a watched link tells. */
export interface LinkListener {
  /** Something came from the other end. */
  onHeard(): void;
  /** The RTT of a ping; `null`: it was lost. */
  onSample(rttMs: number | null): void;
}

/** A link's measuring channel, wherever it is. It answers the other end's pings from the moment it is open. */
export class MeasuredLink {
  readonly place: MeasuringPlace;
  isOpen = false;
  readonly #onOpen: () => void;
  readonly #tell: (order: LinkOrder) => void;
  #onOutcome: ((outcome: SeriesOutcome) => void) | null = null;
  #listener: LinkListener | null = null;

  constructor(place: MeasuringPlace, onOpen: () => void, tell: (order: LinkOrder) => void) {
    this.place = place;
    this.#onOpen = onOpen;
    this.#tell = tell;
  }

  /** One probe's series of pings; the link is open. */
  measure(order: SeriesOrder, onOutcome: (outcome: SeriesOutcome) => void): void {
    this.#onOutcome = onOutcome;
    this.#tell(order);
  }

  /** A ping a second from now on. */
  watch(listener: LinkListener): void {
    this.#listener = listener;
    this.#tell("watch");
  }

  /** Ends a series that nobody waits for. Idempotent. */
  rest(): void {
    if (this.#onOutcome === null) return;
    this.#onOutcome = null;
    this.#tell("rest");
  }

  /** Idempotent; nothing is told any more. */
  close(): void {
    this.isOpen = false;
    this.#onOutcome = this.#listener = null;
    this.#tell("drop");
  }

  hear(news: Exclude<MeasuringNews, { news: "ready" | "floorOpen" }>): void {
    switch (news.news) {
      case "open":
        this.isOpen = true;
        this.#onOpen();
        return;
      case "closed":
        this.isOpen = false;
        return;
      case "measured": {
        const onOutcome = this.#onOutcome;
        this.#onOutcome = null;
        onOutcome?.(news.outcome);
        return;
      }
      case "heard":
        this.#listener?.onHeard();
        return;
      case "sample":
        this.#listener?.onSample(news.rttMs);
    }
  }
}
