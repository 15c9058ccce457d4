/**
 * Pings that were sent and not yet answered. A sequence number ties an answer to its ping, so a late answer
 * is never taken for an early answer to a later ping. Pure: times come in as arguments (ms, monotonic clock).
 */
export class PendingPings {
  readonly #sentAt = new Map<number, number>();
  readonly #timeoutMs: number;

  /** @param timeoutMs a ping unanswered for this long is lost; an answer after that changes nothing */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  sent(seq: number, at: number): void {
    this.#sentAt.set(seq, at);
  }

  /** @returns the RTT in ms; `null` for an answer that is late, doubled or to no ping of ours */
  answered(seq: number, at: number): number | null {
    const sentAt = this.#sentAt.get(seq);
    if (sentAt === undefined || at - sentAt > this.#timeoutMs) return null;
    this.#sentAt.delete(seq);
    return Math.max(0, at - sentAt);
  }

  /**
   * @param patienceMs how long a ping may be out; at most the timeout, which is the default
   * @returns the pings that are lost by now; each is returned once
   */
  expire(now: number, patienceMs = this.#timeoutMs): number[] {
    const lost: number[] = [];
    for (const [seq, sentAt] of this.#sentAt) {
      if (now - sentAt <= patienceMs) continue;
      this.#sentAt.delete(seq);
      lost.push(seq);
    }
    return lost;
  }

  /** When the oldest ping will be lost; `null` when none is under way. */
  nextExpiryAt(patienceMs = this.#timeoutMs): number | null {
    let oldest: number | null = null;
    for (const sentAt of this.#sentAt.values()) if (oldest === null || sentAt < oldest) oldest = sentAt;
    return oldest === null ? null : oldest + patienceMs;
  }

  get size(): number {
    return this.#sentAt.size;
  }
}
