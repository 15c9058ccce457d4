import type { MeasuringThread } from "@probematch/shared";
import { Measurer } from "./measurer.js";
import type { MeasuringNews } from "./messages.js";
import { type MeasuredLink, MeasuringPlace } from "./place.js";
import { workerSource } from "./workerSource.js";

/** A worker that does not live by then is given up: its script is in memory, so that it takes tens of milliseconds. */
const START_MS = 10_000;

/**
 * Where this page's links are measured: in a worker of its own, where the browser and the page's policy let it have one and let go of
 * data channels, so that nothing that the page does meanwhile gets into the number; otherwise in the page.
 *
 * The worker is started ahead and never waited for: a link that begins to connect before it lives is measured in the page.
 */
export class Measuring {
  readonly #page: MeasuringPlace;
  readonly #wanted: MeasuringThread;
  readonly #source: string;
  #worker: { readonly thread: Worker; readonly place: MeasuringPlace } | null = null;
  /** It has said that it lives. */
  #isReady = false;
  #hasStarted = false;
  #onSettled: (() => void)[] = [];
  /** The address of the worker's script; `null` once it is of no more use. */
  #url: string | null = null;
  #startTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param wanted `page`: there is no worker
   * @param source the worker's script; empty = there is none
   */
  constructor(wanted: MeasuringThread, source: string = workerSource) {
    this.#wanted = wanted;
    this.#source = source;
    const measurer: Measurer = new Measurer((news) => this.#page.hear(news));
    this.#page = new MeasuringPlace("page", (order) => measurer.take(order));
  }

  /** Starts the worker, once. */
  start(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#startWorker();
    this.#settle();
  }

  #startWorker(): void {
    if (this.#wanted === "page" || this.#source === "" || typeof Worker === "undefined") return;
    try {
      this.#url = URL.createObjectURL(new Blob([this.#source], { type: "text/javascript" }));
      const thread = new Worker(this.#url, { name: "probematch" });
      const place = new MeasuringPlace("worker", (order, transfer) =>
        thread.postMessage(order, transfer as readonly unknown[] as Transferable[]),
      );
      this.#worker = { thread, place };
      thread.onmessage = ({ data }: MessageEvent<MeasuringNews>) => {
        if (data.news === "ready") {
          this.#endStart();
          this.#isReady = true;
          this.#settle();
        } else place.hear(data);
      };
      // A policy (`worker-src`) may forbid it, which some browsers say in this way only.
      thread.onerror = (event) => {
        if (this.#isReady) return;
        event.preventDefault();
        this.giveUpWorker();
      };
      // One may also never say a word.
      this.#startTimer = setTimeout(() => this.giveUpWorker(), START_MS);
    } catch {
      // Forbidden, or there are no workers here.
      this.#endStart();
    }
  }

  #endStart(): void {
    clearTimeout(this.#startTimer);
    if (this.#url !== null) URL.revokeObjectURL(this.#url);
    this.#url = null;
  }

  /** Where links that are made now are measured. */
  get place(): MeasuringPlace {
    return this.#worker !== null && this.#isReady ? this.#worker.place : this.#page;
  }

  /** Calls back when {@link Measuring.place} will be no better by waiting: at once, or when the worker lives or is given up. */
  whenSettled(go: () => void): void {
    if (this.#isSettled) go();
    else this.#onSettled.push(go);
  }

  /** Makes a link's measuring channel and gives it to where it is measured. */
  adopt(makeChannel: () => RTCDataChannel, onOpen: () => void): MeasuredLink {
    const channel = makeChannel();
    const { place } = this;
    if (place === this.#page) return place.adopt(channel, onOpen);
    try {
      return place.adopt(channel, onOpen);
    } catch {
      // This browser's channels cannot leave the page.
      this.giveUpWorker();
      return this.#page.adopt(channel, onOpen);
    }
  }

  /** It does not do what it should: from now on the page measures. What it has of links is lost. Idempotent. */
  giveUpWorker(): void {
    this.#endStart();
    this.#worker?.place.floor.close();
    this.#worker?.place.lost();
    this.#worker?.thread.terminate();
    this.#worker = null;
    this.#isReady = false;
    this.#settle();
  }

  closeFloors(): void {
    this.#page.floor.close();
    this.#worker?.place.floor.close();
  }

  /** Ends the worker. Idempotent; links that are measured there end too. */
  close(): void {
    this.#hasStarted = true;
    this.#page.floor.close();
    this.giveUpWorker();
  }

  get #isSettled(): boolean {
    return this.#worker === null || this.#isReady;
  }

  #settle(): void {
    if (this.#isSettled) for (const go of this.#onSettled.splice(0)) go();
  }
}
