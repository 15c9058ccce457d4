import type {
  MeasuringThread,
  ProbeReport,
  ReportableFailure,
  ServerMessages,
  Signal,
} from "@probematch/shared";
import { isHidden } from "../measuring/loopWatch.js";
import type { Measuring } from "../measuring/measuring.js";
import type { SeriesOutcome } from "../measuring/messages.js";
import type { MeasuredLink } from "../measuring/place.js";
import type { Send } from "../session/wire.js";
import { toIceServer } from "./link.js";
import { type PathStats, unknownPath } from "./pathStats.js";
import { PingLink } from "./pingLink.js";

/** getStats answers within a millisecond or two; a browser that does not is not waited for. */
const STATS_TIMEOUT_MS = 500;

/** A worker that takes this much longer than the longest series is not to be counted on. */
const WORKER_SLACK_MS = 3000;

export interface ProbeOptions {
  readonly order: ServerMessages["probePrepare"];
  readonly measureWhileHidden: boolean;
  readonly measuring: Measuring;
  readonly send: Send;
  readonly onReport: (report: ProbeReport) => void;
}

/**
 * One probe as this side does it: say ready, connect, measure, report once. Its link stays open after the report
 * (the other side may still be measuring, and the match may live on it) until {@link Probe.close}.
 */
export class Probe {
  readonly probeId: string;
  readonly proposalId: string;
  readonly #options: ProbeOptions;
  readonly #preparedAt = performance.now();
  #link: PingLink | null = null;
  #isStarted = false;
  #openedAt = 0;
  #measured: MeasuredLink | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;
  /** It began in front, so that it was hidden whatever it is told now: Chromium tells nothing of a window that the page opened itself. */
  readonly #onVisibility = () => {
    if (!this.#options.measureWhileHidden) this.#fail("hidden_tab");
  };

  constructor(options: ProbeOptions) {
    this.#options = options;
    this.probeId = options.order.probeId;
    this.proposalId = options.order.proposalId;
  }

  /**
   * Makes the link and says ready, or reports why not. The offer does not wait to hear that the other side is ready too, which
   * would cost a round trip through the server: the server keeps it until then.
   */
  prepare(): void {
    const { order, send } = this.#options;
    const { probeId } = order;
    if (this.#mayNotMeasure) {
      this.#fail("hidden_tab");
      return;
    }
    try {
      this.#link = new PingLink(
        probeId,
        { ...order, iceServers: order.iceServers.map(toIceServer), measuring: this.#options.measuring },
        (signal) => send("probeSignal", { probeId, signal }),
      );
    } catch {
      this.#fail("ice_failed", "no RTCPeerConnection");
      return;
    }
    // What takes this page's time, and had none before: while the connection takes the network's.
    this.#link.onConnecting = () => {
      const place = this.#link?.link.measured?.place;
      place?.prepare();
      place?.floor.open();
    };
    this.#link.onOpen = () => {
      const measured = this.#link?.link.measured;
      measured?.place.floor.whenSettled(() => this.#measure(measured));
    };
    this.#link.onEnd = (reason, detail) => this.#fail(reason === "closed" ? "peer_gone" : reason, detail);
    if (typeof document !== "undefined") document.addEventListener("visibilitychange", this.#onVisibility);
    send("probeReady", { probeId });
  }

  /** Both sides are ready: from now on the connection has to come about. */
  start(): void {
    if (this.#link === null || this.#isStarted) return;
    this.#isStarted = true;
    if (this.#measured !== null) return;
    const { remainingMs } = this.#options.order;
    const openBy = this.#preparedAt + Math.max(remainingMs / 2, remainingMs - this.#measuringMs);
    this.#timer = setTimeout(
      () => {
        if (this.#link?.link.isUnmeasurable === true) this.#options.measuring.giveUpWorker();
        this.#fail("channel_timeout");
      },
      Math.max(0, openBy - performance.now()),
    );
  }

  /** A series takes about this long, if its last ping is lost. */
  get #measuringMs(): number {
    const { pings, warmupPings, spacingMs, pingTimeoutMs } = this.#options.order.parameters;
    return (pings + warmupPings) * spacingMs + pingTimeoutMs;
  }

  signal(signal: Signal): void {
    this.#link?.link.signal(signal);
  }

  get isOpen(): boolean {
    return this.#link?.link.isOpen === true;
  }

  /** Gives the link away: it is not this probe's to close any more. */
  handOver(): PingLink | null {
    this.#end();
    const link = this.#link;
    this.#link = null;
    if (link !== null) link.onConnecting = link.onOpen = link.onEnd = null;
    return link;
  }

  /** Idempotent; nothing is reported any more. */
  close(): void {
    this.#end();
    this.#link?.close();
    this.#link = null;
  }

  get #mayNotMeasure(): boolean {
    return isHidden() && !this.#options.measureWhileHidden;
  }

  #measure(measured: MeasuredLink): void {
    if (this.#isOver || this.#measured !== null) return;
    clearTimeout(this.#timer);
    this.#openedAt = performance.now();
    this.#measured = measured;
    const { parameters, limitMs = null } = this.#options.order;
    if (measured.place.name === "worker") {
      this.#timer = setTimeout(() => {
        this.#options.measuring.giveUpWorker();
        this.#fail("stalled", "the worker does not answer");
      }, this.#measuringMs + WORKER_SLACK_MS);
    }
    measured.measure({ parameters, limitMs }, (outcome) => {
      if (outcome.status === "measured") this.#reportMeasured(outcome, measured.place.name);
      else this.#fail(outcome.reason, outcome.detail);
    });
  }

  #reportMeasured(
    outcome: Extract<SeriesOutcome, { status: "measured" }>,
    measuredIn: MeasuringThread,
  ): void {
    if (this.#mayNotMeasure) {
      this.#fail("hidden_tab");
      return;
    }
    const report = (path: PathStats) =>
      this.#report({
        ...outcome,
        ...path,
        samplesMs: [...outcome.samplesMs],
        measuredIn,
        setupMs: Math.max(0, this.#openedAt - this.#preparedAt),
      });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => report(unknownPath), STATS_TIMEOUT_MS);
    void this.#link?.link.readPath().then(report);
  }

  #fail(reason: ReportableFailure, detail: string | null = null): void {
    this.#report({ status: "failed", reason, detail });
  }

  #report(report: ProbeReport): void {
    if (this.#isOver) return;
    this.#end();
    this.#options.send("probeReport", { probeId: this.probeId, report });
    this.#options.onReport(report);
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#measured?.rest();
    if (typeof document !== "undefined") document.removeEventListener("visibilitychange", this.#onVisibility);
  }
}
