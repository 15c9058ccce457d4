import type { IncomingMessage } from "node:http";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { GatewayLimits } from "./options.js";

/**
 * How often somebody may connect. Addresses are used for counting, for a minute, in memory, and nowhere else.
 */
export class JoinLimiter {
  readonly #perAddress: RateLimiterMemory;
  readonly #perParticipant: RateLimiterMemory;

  constructor(limits: Pick<GatewayLimits, "joinsPerMinutePerAddress" | "joinsPerMinutePerParticipant">) {
    this.#perAddress = new RateLimiterMemory({ points: limits.joinsPerMinutePerAddress, duration: 60 });
    this.#perParticipant = new RateLimiterMemory({
      points: limits.joinsPerMinutePerParticipant,
      duration: 60,
    });
  }

  /** Counts a connection of this address; `false` = one too many. */
  admitAddress(address: string): Promise<boolean> {
    return consume(this.#perAddress, address);
  }

  /** Counts a connection of this participant; `false` = one too many. */
  admitParticipant(sceneId: string, participantId: string): Promise<boolean> {
    return consume(this.#perParticipant, `${sceneId}/${participantId}`);
  }

  /** Takes a participant's last connection back: it failed through no fault of the page, which will try again. */
  async forgive(sceneId: string, participantId: string): Promise<void> {
    await this.#perParticipant.reward(`${sceneId}/${participantId}`);
  }
}

/** Counts one more for this key; `false` = one too many. */
export async function consume(limiter: RateLimiterMemory, key: string): Promise<boolean> {
  try {
    await limiter.consume(key);
    return true;
  } catch (rejection) {
    // The library rejects with its result where the limit is passed, with an Error where something broke.
    if (rejection instanceof RateLimiterRes) return false;
    throw rejection;
  }
}

/**
 * The address a request came from. Each proxy appends the address it saw to `X-Forwarded-For`, so that of the page
 * is as many places from the right as there are trusted proxies; what stands left of it anybody could have written.
 */
export function clientAddress(request: IncomingMessage, trustedProxies: number): string {
  const direct = request.socket.remoteAddress ?? "unknown";
  if (trustedProxies < 1) return direct;
  const header = request.headers["x-forwarded-for"];
  const chain = (Array.isArray(header) ? header.join(",") : (header ?? ""))
    .split(",")
    .map((address) => address.trim())
    .filter((address) => address !== "");
  return chain.at(-trustedProxies) ?? chain[0] ?? direct;
}
