import {
  medianStandardError,
  type ProbeReport,
  type ReportableFailure,
  type ServerMessages,
  type Signal,
  summarizeRtts,
} from "@probematch/shared";
import type { Send } from "../session/wire.js";
import { clockStepMs } from "./clockStep.js";
import type { FloorMeter, FloorRun } from "./floor.js";
import { toIceServer } from "./link.js";
import { isHidden, LoopWatch } from "./loopWatch.js";
import { type PathStats, unknownPath } from "./pathStats.js";
import { PingLink } from "./pingLink.js";
import { PingSeries } from "./pingSeries.js";

/** getStats answers within a millisecond or two; a browser that does not is not waited for. */
const STATS_TIMEOUT_MS = 500;

/** A probe that pings back-to-back has no rhythm that the floor could be measured in. */
const FLOOR_SPACING_MS = 2;

export interface ProbeOptions {
  readonly order: ServerMessages["probePrepare"];
  readonly measureWhileHidden: boolean;
  readonly floor: FloorMeter;
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
  #series: PingSeries | null = null;
  #watch: LoopWatch | null = null;
  #floorRun: FloorRun | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;
  readonly #onVisibility = () => {
    if (this.#mayNotMeasure) this.#fail("hidden_tab");
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
        { ...order, iceServers: order.iceServers.map(toIceServer) },
        (signal) => send("probeSignal", { probeId, signal }),
      );
    } catch {
      this.#fail("ice_failed", "no RTCPeerConnection");
      return;
    }
    // What takes this page's time, and had none before: while the connection takes the network's.
    this.#link.onConnecting = () => this.#getReady();
    this.#link.onOpen = () => this.#options.floor.whenSettled(() => this.#measure(this.#link));
    this.#link.onEnd = (reason, detail) => this.#fail(reason === "closed" ? "peer_gone" : reason, detail);
    if (typeof document !== "undefined") document.addEventListener("visibilitychange", this.#onVisibility);
    send("probeReady", { probeId });
  }

  /** Both sides are ready: from now on the connection has to come about. */
  start(): void {
    if (this.#link === null || this.#isStarted) return;
    this.#isStarted = true;
    if (this.#series !== null) return;
    const { remainingMs, parameters } = this.#options.order;
    const { pings, warmupPings, spacingMs, pingTimeoutMs } = parameters;
    const measuringMs = (pings + warmupPings) * spacingMs + pingTimeoutMs;
    const openBy = this.#preparedAt + Math.max(remainingMs / 2, remainingMs - measuringMs);
    this.#timer = setTimeout(() => this.#fail("channel_timeout"), Math.max(0, openBy - performance.now()));
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
    if (link !== null) link.onConnecting = link.onOpen = link.onFrame = link.onEnd = null;
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

  #getReady(): void {
    clockStepMs();
    this.#options.floor.open();
  }

  #measure(link: PingLink | null): void {
    if (link === null || this.#isOver || this.#series !== null) return;
    clearTimeout(this.#timer);
    this.#openedAt = performance.now();
    const { parameters, limitMs } = this.#options.order;
    const series = new PingSeries(parameters, this.#openedAt, limitMs ?? null, Math.random);
    this.#series = series;
    this.#watch = new LoopWatch();
    this.#floorRun = this.#options.floor.begin(Math.max(FLOOR_SPACING_MS, series.spacingMs));
    const pump = () => {
      if (this.#isOver) return;
      clearTimeout(this.#timer);
      series.expire(performance.now());
      const seq = series.due(performance.now());
      if (seq !== null) series.departed(link.ping(seq));
      const { isOver, wakeAt } = series;
      if (isOver) this.#summarize(link, series);
      else if (wakeAt !== null)
        this.#timer = setTimeout(pump, Math.max(0, Math.round(wakeAt - performance.now())));
    };
    // The other end's frames drive the series too: in a hidden page timers come once a second, messages at once.
    link.onFrame = (seq, at) => {
      if (seq !== null) series.answered(seq, at);
      if (seq !== null || isHidden()) pump();
    };
    pump();
  }

  #summarize(link: PingLink, series: PingSeries): void {
    link.onFrame = null;
    const floor = this.#floorRun?.end() ?? { floorMs: null, floorErrorMs: null };
    const watch = this.#watch;
    watch?.look();
    watch?.stop();
    const { samplesMs, lost } = series;
    const stalledMs = watch?.longestMs ?? 0;
    const rtt = summarizeRtts(samplesMs, lost, clockStepMs());
    if (rtt === null) this.#fail("all_lost");
    else if (series.isSpoiledBy(watch?.stalls ?? [])) this.#fail("stalled", `${Math.round(stalledMs)} ms`);
    else this.#reportMeasured(link, { rtt, samplesMs, stalledMs, ...floor });
  }

  #reportMeasured(
    link: PingLink,
    measured: Pick<Measured, "rtt" | "samplesMs" | "stalledMs" | "floorMs" | "floorErrorMs">,
  ): void {
    const report = (path: PathStats) =>
      this.#report({
        status: "measured",
        ...measured,
        ...path,
        medianErrorMs: medianStandardError(measured.samplesMs, clockStepMs()),
        clockStepMs: clockStepMs(),
        setupMs: Math.max(0, this.#openedAt - this.#preparedAt),
      });
    this.#timer = setTimeout(() => report(unknownPath), STATS_TIMEOUT_MS);
    void link.link.readPath().then(report);
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
    this.#watch?.stop();
    this.#floorRun?.end();
    if (typeof document !== "undefined") document.removeEventListener("visibilitychange", this.#onVisibility);
  }
}

type Measured = Extract<ProbeReport, { status: "measured" }>;
