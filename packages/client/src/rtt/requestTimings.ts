/** One request as the page's own code saw it, in ms of `performance.now()`. */
export interface TimedRequest {
  readonly url: string;
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** Firefox and Safari round both clocks to 1 ms, each on its own. */
const CLOCK_SLACK_MS = 2;
/** Browsers tell of a finished request a moment after its answer was handed out. */
const SETTLE_MS = 50;

/**
 * Sends a request that no cache answers, without cookies and without saying from which page. Rejects as `fetch` does.
 *
 * HEAD, because an answer with a body would have to be read to its end, and pages may not read everybody's: Chromium
 * cuts the connection instead, and the next request pays for a new one.
 */
export async function timedRequest(
  url: string,
  mode: RequestMode,
  signal: AbortSignal,
): Promise<TimedRequest> {
  const sentAt = performance.now();
  await fetch(url, {
    method: "HEAD",
    mode,
    cache: "no-store",
    credentials: "omit",
    referrerPolicy: "no-referrer",
    signal,
  });
  const answeredAt = performance.now();
  // Its connection is free for the next request a moment later.
  await new Promise((resolve) => setTimeout(resolve));
  return { url, sentAt, answeredAt };
}

/**
 * The browser's own timings of requests (Resource Timing, W3C), where the endpoint allows the page to see them with
 * `Timing-Allow-Origin`: from the request's departure to the answer's first byte, without the time that the request
 * queued in the browser or the answer waited for the page's event loop.
 */
export class RequestTimings {
  readonly #entries: PerformanceResourceTiming[] = [];
  readonly #observer: PerformanceObserver | null;

  constructor() {
    const keep = (entries: PerformanceEntryList) =>
      this.#entries.push(...(entries as PerformanceResourceTiming[]));
    this.#observer =
      typeof PerformanceObserver === "undefined"
        ? null
        : new PerformanceObserver((list) => keep(list.getEntries()));
    this.#observer?.observe({ type: "resource" });
  }

  /** Waits a moment for the timings of requests that have just ended. */
  async settled(): Promise<void> {
    if (this.#observer !== null) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }

  /** The RTT a request shows, ms: the browser's timing where there is one, else the page's. */
  rttMs({ url, sentAt, answeredAt }: TimedRequest): number {
    const seenMs = answeredAt - sentAt;
    const entry = this.#entries.findLast(
      ({ name, startTime }) =>
        name === url && startTime >= sentAt - CLOCK_SLACK_MS && startTime <= answeredAt,
    );
    // Without permission the browser says 0.
    if (entry === undefined || entry.requestStart === 0 || entry.responseStart < entry.requestStart) {
      return seenMs;
    }
    return Math.min(seenMs, entry.responseStart - entry.requestStart);
  }

  close(): void {
    this.#observer?.disconnect();
  }
}
