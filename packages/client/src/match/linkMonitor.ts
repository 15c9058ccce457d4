import { type ClientMessages, median } from "@probematch/shared";
import type { PingLink } from "../probe/pingLink.js";
import { PendingPings } from "../rtt/pendingPings.js";

const EVERY_MS = 1000;
const REPORT_EVERY = 5;
const TIMEOUT_MS = 2000;
/** Apart from the numbers of the probe's own pings, whose late answers may still come. */
const FIRST_SEQ = 0x1_0000;

type LinkReport = ClientMessages["linkReport"]["links"][number];

interface Watched {
  readonly link: PingLink;
  readonly pending: PendingPings;
  samplesMs: number[];
  lost: number;
}

/** Goes on measuring the links of a match, once a second, for the log. No decision reads it. */
export class LinkMonitor {
  readonly #watched: readonly Watched[];
  readonly #onSample: (link: PingLink, rttMs: number) => void;
  readonly #onReport: (links: LinkReport[]) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #rounds = 0;

  constructor(
    links: readonly PingLink[],
    onSample: (link: PingLink, rttMs: number) => void,
    onReport: (links: LinkReport[]) => void,
  ) {
    this.#onSample = onSample;
    this.#onReport = onReport;
    this.#watched = links.map((link) => ({
      link,
      pending: new PendingPings(TIMEOUT_MS),
      samplesMs: [],
      lost: 0,
    }));
    for (const watched of this.#watched) {
      watched.link.onFrame = (seq, at) => this.#answered(watched, seq, at);
    }
    this.#timer = setInterval(() => this.#round(), EVERY_MS);
  }

  /** Idempotent. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #answered(watched: Watched, seq: number | null, at: number): void {
    const rttMs = seq === null ? null : watched.pending.answered(seq, at);
    if (rttMs === null) return;
    watched.samplesMs.push(rttMs);
    this.#onSample(watched.link, rttMs);
  }

  #round(): void {
    this.#rounds += 1;
    for (const watched of this.#watched) {
      watched.lost += watched.pending.expire(performance.now()).length;
      if (!watched.link.link.isOpen) continue;
      const seq = FIRST_SEQ + this.#rounds;
      watched.pending.sent(seq, watched.link.ping(seq));
    }
    if (this.#rounds % REPORT_EVERY === 0) this.#report();
  }

  #report(): void {
    const active = this.#watched.filter(({ samplesMs, lost }) => samplesMs.length + lost > 0);
    if (active.length === 0) return;
    this.#onReport(
      active.map(({ link, samplesMs, lost }) => ({ probeId: link.probeId, rttMs: median(samplesMs), lost })),
    );
    for (const watched of active) {
      watched.samplesMs = [];
      watched.lost = 0;
    }
  }
}
