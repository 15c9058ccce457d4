import type { IncomingMessage, ServerResponse } from "node:http";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { clientAddress, consume } from "../gateway/joinLimiter.js";

/** The last part of a beacon's path. */
export const BEACON_PATH = "/beacon";

const headers = {
  // A page may use it from anywhere, cross-origin isolated pages (which have the finer clock) too.
  "access-control-allow-origin": "*",
  "cross-origin-resource-policy": "cross-origin",
  // Lets the page see the browser's own timing of the request, without the time it queued.
  "timing-allow-origin": "*",
  // An answer from a cache would tell how near the cache is.
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
} as const;

export interface BeaconLimits {
  readonly beaconRequestsPerMinutePerAddress: number;
  /** See `trustedProxies` of the server's options. */
  readonly trustedProxies: number;
}

/**
 * Answers pages that measure their RTT to this node: with nothing, at once. The limit keeps one address from using
 * it for a flood; a page sends five requests a round, every few minutes.
 */
export class BeaconFace {
  readonly #trustedProxies: number;
  readonly #limiter: RateLimiterMemory;

  constructor({ beaconRequestsPerMinutePerAddress, trustedProxies }: BeaconLimits) {
    this.#trustedProxies = trustedProxies;
    this.#limiter = new RateLimiterMemory({ points: beaconRequestsPerMinutePerAddress, duration: 60 });
  }

  async send(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await consume(this.#limiter, clientAddress(request, this.#trustedProxies))) {
      response.writeHead(204, headers);
    } else {
      // The page's code cannot see the status; a closed connection makes the next request expensive for the sender.
      response.writeHead(429, { ...headers, "retry-after": "60", "content-length": 0, connection: "close" });
    }
    response.end();
  }
}
