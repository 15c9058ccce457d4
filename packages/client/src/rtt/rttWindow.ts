import { type RttStats, summarizeRtts } from "@probematch/shared";

/** The last results of a repeated measurement; older ones fall out. Lost pings count among them. */
export class RttWindow {
  readonly #results: (number | null)[] = [];
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  /** @param rttMs `null` = lost */
  add(rttMs: number | null): void {
    this.#results.push(rttMs);
    if (this.#results.length > this.#size) this.#results.shift();
  }

  /** `null` when nothing was answered. */
  summary(): RttStats | null {
    const answered = this.#results.filter((rttMs) => rttMs !== null);
    return summarizeRtts(answered, this.#results.length - answered.length);
  }

  clear(): void {
    this.#results.length = 0;
  }
}

/** Did the path change enough that the server should know? More than 5 ms and more than a tenth, or the loss did. */
export function isNews(reported: RttStats | null, now: RttStats): boolean {
  if (reported === null) return true;
  const step = Math.abs(now.medianMs - reported.medianMs);
  const share = (stats: RttStats) => stats.lost / (stats.lost + stats.samples);
  return step > Math.max(5, 0.1 * reported.medianMs) || Math.abs(share(now) - share(reported)) > 0.1;
}
