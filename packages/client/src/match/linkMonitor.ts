import { type ClientMessages, median } from "@probematch/shared";
import type { PingLink } from "../probe/pingLink.js";
import type { PeerLink } from "./peerLink.js";

const EVERY_MS = 1000;
const REPORT_EVERY = 5;

type LinkReport = ClientMessages["linkReport"]["links"][number];

/** Both ends ping once a second and answer at once: so long without either is no chance loss. */
const SILENT_MS = 3000;
/** A page whose own timer came so late may have kept the other's frames waiting too. */
const LATE_MS = 2 * EVERY_MS;

interface Watched {
  link: PingLink;
  readonly owner: PeerLink;
  heardAt: number;
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
      samplesMs: [],
      lost: 0,
    };
    watched.link = link;
    watched.heardAt = performance.now();
    this.#watched.set(link.probeId, watched);
    link.link.measured?.watch({
      onHeard: () => {
        watched.heardAt = performance.now();
        watched.owner.heard();
      },
      onSample: (rttMs) => {
        if (rttMs === null) {
          watched.lost += 1;
          return;
        }
        watched.samplesMs.push(rttMs);
        this.#onSample(watched.link.probeId, rttMs);
      },
    });
  }

  /** Idempotent. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #round(): void {
    this.#rounds += 1;
    const now = performance.now();
    const isLate = now - this.#roundAt > LATE_MS;
    this.#roundAt = now;
    for (const watched of this.#watched.values()) {
      if (isLate) watched.heardAt = now;
      else if (now - watched.heardAt > SILENT_MS) watched.owner.silent();
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
