import type { IncomingMessage } from "node:http";
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { GatewayLimits } from "./options.js";

/** Counts that several nodes keep together. */
export interface SharedCounts {
  /** A limiter of so many points a minute. */
  limiter(name: string, points: number): RateLimiterAbstract;
  /** What to count instead of the key itself, which nobody can make the key of again. */
  disguise(key: string): string;
}

/**
 * How often somebody may connect. Addresses are used for counting, for a minute, and nowhere else: one server keeps them
 * in memory, several nodes keep a disguise of them together.
 */
export class JoinLimiter {
  readonly #perAddress: RateLimiterAbstract;
  readonly #perParticipant: RateLimiterAbstract;
  readonly #disguise: (key: string) => string;

  constructor(
    limits: Pick<GatewayLimits, "joinsPerMinutePerAddress" | "joinsPerMinutePerParticipant">,
    shared?: SharedCounts,
  ) {
    const limiter = (name: string, points: number) =>
      shared?.limiter(name, points) ?? new RateLimiterMemory({ points, duration: 60 });
    this.#perAddress = limiter("address", limits.joinsPerMinutePerAddress);
    this.#perParticipant = limiter("participant", limits.joinsPerMinutePerParticipant);
    this.#disguise = (key) => shared?.disguise(key) ?? key;
  }

  /** Counts a connection of this address; `false` = one too many. */
  admitAddress(address: string): Promise<boolean> {
    return consume(this.#perAddress, this.#disguise(address));
  }

  /** Counts a connection of this participant; `false` = one too many. */
  admitParticipant(sceneId: string, participantId: string): Promise<boolean> {
    return consume(this.#perParticipant, this.#disguise(`${sceneId}/${participantId}`));
  }

  /** Takes a participant's last connection back: it failed through no fault of the page, which will try again. */
  async forgive(sceneId: string, participantId: string): Promise<void> {
    await this.#perParticipant.reward(this.#disguise(`${sceneId}/${participantId}`));
  }
}

/** Counts one more for this key; `false` = one too many. */
export async function consume(limiter: RateLimiterAbstract, key: string): Promise<boolean> {
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
