import { type ClientMessages, median } from "@probematch/shared";
import type { PingLink } from "../probe/pingLink.js";
import { PendingPings } from "../rtt/pendingPings.js";
import type { PeerLink } from "./peerLink.js";

const EVERY_MS = 1000;
const REPORT_EVERY = 5;
const TIMEOUT_MS = 2000;
/** Apart from the numbers of the probe's own pings, whose late answers may still come. */
const FIRST_SEQ = 0x1_0000;

type LinkReport = ClientMessages["linkReport"]["links"][number];

/** Both ends ping once a second and answer at once: so long without either is no chance loss. */
const SILENT_MS = 3000;
/** A page whose own timer came so late may have kept the other's frames waiting too. */
const LATE_MS = 2 * EVERY_MS;

interface Watched {
  link: PingLink;
  readonly owner: PeerLink;
  heardAt: number;
  readonly pending: PendingPings;
  samplesMs: number[];
  lost: number;
}

/**
 * Goes on measuring the links of a match, once a second, for the log. No decision reads it; but a link on which nothing comes
 * any more is noticed here first.
 */
export class LinkMonitor {
  /** By probe. */
  readonly #watched = new Map<string, Watched>();
  readonly #onSample: (probeId: string, rttMs: number) => void;
  readonly #onReport: (links: LinkReport[]) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #rounds = 0;
  #roundAt = performance.now();

  constructor(onSample: (probeId: string, rttMs: number) => void, onReport: (links: LinkReport[]) => void) {
    this.#onSample = onSample;
    this.#onReport = onReport;
    this.#timer = setInterval(() => this.#round(), EVERY_MS);
  }

  /** From now on, also in place of the connection that carried the same link before. */
  watch(link: PingLink, owner: PeerLink): void {
    const watched = this.#watched.get(link.probeId) ?? {
      link,
      owner,
      heardAt: 0,
      pending: new PendingPings(TIMEOUT_MS),
      samplesMs: [],
      lost: 0,
    };
    watched.link = link;
    watched.heardAt = performance.now();
    this.#watched.set(link.probeId, watched);
    link.onFrame = (seq, at) => this.#answered(watched, seq, at);
  }

  /** Idempotent. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #answered(watched: Watched, seq: number | null, at: number): void {
    watched.heardAt = at;
    watched.owner.heard();
    const rttMs = seq === null ? null : watched.pending.answered(seq, at);
    if (rttMs === null) return;
    watched.samplesMs.push(rttMs);
    this.#onSample(watched.link.probeId, rttMs);
  }

  #round(): void {
    this.#rounds += 1;
    const now = performance.now();
    const isLate = now - this.#roundAt > LATE_MS;
    this.#roundAt = now;
    for (const watched of this.#watched.values()) {
      if (isLate) watched.heardAt = now;
      else if (now - watched.heardAt > SILENT_MS) watched.owner.silent();
      watched.lost += watched.pending.expire(now).length;
      if (!watched.link.link.isOpen) continue;
      const seq = FIRST_SEQ + this.#rounds;
      watched.pending.sent(seq, watched.link.ping(seq));
    }
    if (this.#rounds % REPORT_EVERY === 0) this.#report();
  }

  #report(): void {
    const active = [...this.#watched.values()].filter(({ samplesMs, lost }) => samplesMs.length + lost > 0);
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
