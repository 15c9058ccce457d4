import type { Beacon, BeaconRtts } from "@probematch/shared";
import { RequestTimings, type TimedRequest, timedRequest } from "./requestTimings.js";

/** Counted requests to each beacon, after one that sets up the connection. */
const SAMPLES = 4;
/** Beacons measured at the same time: more would compete for the page's event loop. */
const PARALLEL = 6;

/**
 * How to ask: first as one who may read the answer, which an own node and many endpoints allow. Else without reading it,
 * which any endpoint answers; but Chromium cuts the connection of some such answers (HTML, JSON or XML with `nosniff`),
 * and a cross-origin isolated page gets none without `Cross-Origin-Resource-Policy`.
 */
const modes: readonly RequestMode[] = ["cors", "no-cors"];

/**
 * Measures the RTT to every beacon once: a first request that sets up the connection (name, TCP, TLS) and is not
 * counted, then the minimum of a few over the warm connection. The minimum, because whatever disturbs a request makes
 * it longer, but for a few ms of Firefox's clock (docs/beacons.md). All beacons get their first request before any gets
 * its second, so that a round that has to end early has something from most of them.
 *
 * @param signal ends the round; what was measured by then counts
 * @returns in ms, with two decimals; a beacon that did not answer is left out
 */
export async function measureBeacons(beacons: readonly Beacon[], signal: AbortSignal): Promise<BeaconRtts> {
  const timings = new RequestTimings();
  const queue = beacons.map((beacon) => ({
    beacon,
    counted: [] as TimedRequest[],
    isWarm: false,
    modes: [...modes],
  }));
  const all = [...queue];

  async function work(): Promise<void> {
    for (let next = queue.shift(); next !== undefined && !signal.aborted; next = queue.shift()) {
      const [mode = "no-cors"] = next.modes;
      try {
        const request = await timedRequest(next.beacon.url, mode, signal);
        if (next.isWarm) next.counted.push(request);
        next.isWarm = true;
        if (next.counted.length < SAMPLES) queue.push(next);
      } catch {
        // Unreachable, refused by a policy of the page's, or the round is over: this beacon is asked no further,
        // unless there is another way to ask it.
        next.modes.shift();
        if (!next.isWarm && next.modes.length > 0) queue.push(next);
      }
    }
  }

  try {
    await Promise.all(Array.from({ length: Math.min(PARALLEL, beacons.length) }, work));
    await timings.settled();
    const rtts: Record<string, number> = {};
    for (const { beacon, counted } of all) {
      if (counted.length === 0) continue;
      const leastMs = Math.min(...counted.map((request) => timings.rttMs(request)));
      rtts[beacon.id] = Math.round(leastMs * 100) / 100;
    }
    return rtts;
  } finally {
    timings.close();
  }
}
