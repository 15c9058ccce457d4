import type { RttStats, ServerRttParameters } from "@probematch/shared";
import { PendingPings } from "./pendingPings.js";
import { isNews, RttWindow } from "./rttWindow.js";

const WINDOW = 20;
/** Departures of the first burst: quick, yet not all in one packet. */
const BURST_SPACING_MS = 50;
/** The server hears of an unchanged RTT this seldom, so that its age stays known. */
const REPORT_AT_LEAST_EVERY = 10;

export interface ServerRttOptions {
  readonly parameters: ServerRttParameters;
  readonly sendEcho: (seq: number) => void;
  readonly onReport: (rtt: RttStats) => void;
}

/**
 * Measures the RTT to the server with numbered echoes on the monotonic clock: a quick burst first, then one
 * echo per interval. Reports after the burst, when the figure changed, and now and then.
 */
export class ServerRtt {
  readonly #options: ServerRttOptions;
  readonly #pending: PendingPings;
  readonly #window = new RttWindow(WINDOW);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #seq = 0;
  #nextAt = 0;
  #reported: RttStats | null = null;
  #sinceReport = 0;
  #burstResults = 0;

  constructor(options: ServerRttOptions) {
    this.#options = options;
    this.#pending = new PendingPings(options.parameters.timeoutMs);
  }

  start(): void {
    this.#nextAt = performance.now();
    this.#pump();
  }

  answered(seq: number): void {
    const rttMs = this.#pending.answered(seq, performance.now());
    if (rttMs !== null) this.#add(rttMs);
  }

  /** Ends it; the object is not used again. Idempotent. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #pump(): void {
    const { burst, intervalMs } = this.#options.parameters;
    for (const _ of this.#pending.expire(performance.now())) this.#add(null);
    const now = performance.now();
    if (now >= this.#nextAt) {
      const seq = this.#seq++;
      this.#nextAt = now + (this.#seq < burst ? BURST_SPACING_MS : intervalMs);
      this.#pending.sent(seq, performance.now());
      this.#options.sendEcho(seq);
    }
    const wakeAt = Math.min(this.#nextAt, this.#pending.nextExpiryAt() ?? Number.POSITIVE_INFINITY);
    this.#timer = setTimeout(() => this.#pump(), Math.max(0, wakeAt - performance.now()) + 1);
  }

  #add(rttMs: number | null): void {
    this.#window.add(rttMs);
    this.#burstResults += 1;
    this.#sinceReport += 1;
    if (this.#burstResults < this.#options.parameters.burst) return;
    const summary = this.#window.summary();
    if (summary === null) return;
    if (!isNews(this.#reported, summary) && this.#sinceReport < REPORT_AT_LEAST_EVERY) return;
    this.#reported = summary;
    this.#sinceReport = 0;
    this.#options.onReport(summary);
  }
}
