import { clockStepMs } from "./clockStep.js";
import { FloorMeter } from "./floor.js";
import { watchLink } from "./linkWatch.js";
import type { MeasuringNews, MeasuringOrder } from "./messages.js";
import { Pinger } from "./pinger.js";
import { runSeries } from "./seriesRun.js";

interface Measured {
  readonly pinger: Pinger;
  /** Ends what the channel is used for besides answering. */
  rest: () => void;
}

const nothing = () => {};

/**
 * Everything that is done with a measuring channel: answering, probing, watching. It needs no page, so that the same code runs in
 * the page's worker, where a page that is busy holds up nothing, and in the page itself, where there is no such worker.
 */
export class Measurer {
  readonly #tell: (news: MeasuringNews) => void;
  readonly #links = new Map<number, Measured>();
  readonly #floor: FloorMeter;

  constructor(tell: (news: MeasuringNews) => void) {
    this.#tell = tell;
    this.#floor = new FloorMeter(() => tell({ news: "floorOpen" }));
  }

  take(order: MeasuringOrder): void {
    switch (order.do) {
      case "prepare":
        clockStepMs();
        return;
      case "adopt":
        this.#adopt(order.id, order.channel);
        return;
      case "adoptFloor":
        this.#floor.use(order.channels);
        return;
      case "dropFloor":
        this.#floor.close();
        return;
    }
    const { id } = order;
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.rest();
    link.rest = nothing;
    switch (order.do) {
      case "measure":
        link.rest = runSeries(link.pinger, this.#floor, order, (outcome) =>
          this.#tell({ news: "measured", id, outcome }),
        );
        return;
      case "watch":
        link.rest = watchLink(link.pinger, {
          onHeard: () => this.#tell({ news: "heard", id }),
          onSample: (rttMs) => this.#tell({ news: "sample", id, rttMs }),
        });
        return;
      case "drop":
        link.pinger.close();
        this.#links.delete(id);
    }
  }

  #adopt(id: number, channel: RTCDataChannel): void {
    channel.onopen = () => this.#tell({ news: "open", id });
    channel.onclose = () => this.#tell({ news: "closed", id });
    this.#links.set(id, { pinger: new Pinger(channel), rest: nothing });
    // It may have opened on its way here, where nobody heard of it.
    if (channel.readyState === "open") this.#tell({ news: "open", id });
  }
}
