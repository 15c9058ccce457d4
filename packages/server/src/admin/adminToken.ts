import { createHash, timingSafeEqual } from "node:crypto";
import { RateLimiterMemory } from "rate-limiter-flexible";

/** Why somebody does not get in. */
export type AdminRefusal = "token_required" | "token_invalid" | "too_many_joins";

/** Wrong tokens a minute from one address. */
const WRONG_TOKENS_PER_MINUTE = 10;

/** The door to what only the researcher may see. */
export class AdminToken {
  readonly #token: string | undefined;
  readonly #wrong = new RateLimiterMemory({ points: WRONG_TOKENS_PER_MINUTE, duration: 60 });

  /** @param token what has to be brought; `undefined`: nobody gets in */
  constructor(token: string | undefined) {
    this.#token = token;
  }

  /** False: no token is set, so that no token could be right. */
  get isSet(): boolean {
    return this.#token !== undefined;
  }

  /** Why this token does not open from this address; `null` when it does. */
  async refusalOf(given: unknown, address: string): Promise<AdminRefusal | null> {
    if (this.#token === undefined || typeof given !== "string") return "token_required";
    const limit = await this.#wrong.get(address);
    if (limit !== null && limit.consumedPoints >= WRONG_TOKENS_PER_MINUTE) return "too_many_joins";
    if (sameToken(given, this.#token)) return null;
    await this.#wrong.penalty(address);
    return "token_invalid";
  }
}

/** Takes the same time wherever the two differ; hashing makes the lengths equal. */
function sameToken(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
