import type { Beacon, BeaconRtts } from "@probematch/shared";
import { isHidden } from "../measuring/loopWatch.js";
import { measureBeacons } from "./beaconRound.js";

/** A round is over after this long: before the server stops waiting for a newcomer's first figures (3 s). */
const BUDGET_MS = 2500;
/** A person's place in the network seldom changes while they wait. Give or take a tenth, so that pages spread out. */
const REFRESH_MS = 5 * 60_000;
/** A connection that comes and goes does not start a round each time. */
const LEAST_APART_MS = 30_000;
/** While links to peers are measured, a round waits. */
const RETRY_MS = 5000;

export interface BeaconsOptions {
  readonly measureWhileHidden: boolean;
  /** False while something else is measured. */
  readonly mayMeasure: () => boolean;
  /** What one round measured: at least one beacon. */
  readonly onReport: (rttMs: BeaconRtts) => void;
}

/**
 * Measures the RTTs to the scene's beacons in the background: once connected, and every few minutes as long as the
 * participant waits, never in a hidden page. A beacon that fails leaves a gap, and nothing waits for any of this.
 */
export class Beacons {
  readonly #options: BeaconsOptions;
  #beacons: readonly Beacon[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round: AbortController | null = null;
  #lastRoundAt = Number.NEGATIVE_INFINITY;
  /** A round was due and the page was hidden. */
  #isOverdue = false;

  constructor(options: BeaconsOptions) {
    this.#options = options;
  }

  /** Measures from now on; also called when the connection is back, perhaps over another network. */
  start(beacons: readonly Beacon[]): void {
    this.stop();
    if (beacons.length === 0) return;
    this.#beacons = beacons;
    if (typeof document !== "undefined") {
      document.addEventListener("visibilitychange", this.#onVisibility);
    }
    this.#measureIn(this.#lastRoundAt + LEAST_APART_MS - performance.now());
  }

  /** Ends it and what is under way, until the next `start`. Idempotent. */
  stop(): void {
    if (typeof document !== "undefined") {
      document.removeEventListener("visibilitychange", this.#onVisibility);
    }
    clearTimeout(this.#timer);
    this.#isOverdue = false;
    this.#dropRound();
  }

  /** A round begins in front, so that it was hidden whatever it is told now: see {@link Probe}. */
  readonly #onVisibility = () => {
    if (this.#options.measureWhileHidden) return;
    if (this.#round !== null) {
      this.#dropRound();
      this.#isOverdue = true;
    }
    if (this.#isOverdue && !isHidden()) this.#measureIn(0);
  };

  #mustPause(): boolean {
    return isHidden() && !this.#options.measureWhileHidden;
  }

  #measureIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#measure(), Math.max(0, delayMs));
  }

  async #measure(): Promise<void> {
    this.#isOverdue = this.#mustPause();
    if (this.#isOverdue) return;
    if (!this.#options.mayMeasure()) return this.#measureIn(RETRY_MS);
    const round = new AbortController();
    this.#round = round;
    this.#timer = setTimeout(() => round.abort(), BUDGET_MS);
    const rttMs = await measureBeacons(this.#beacons, round.signal);
    if (this.#round !== round) return;
    this.#round = null;
    this.#isOverdue = this.#mustPause();
    if (this.#isOverdue) return;
    this.#lastRoundAt = performance.now();
    this.#measureIn(REFRESH_MS * (0.9 + Math.random() / 5));
    if (Object.keys(rttMs).length > 0) this.#options.onReport(rttMs);
  }

  /** What it measured is not reported. */
  #dropRound(): void {
    const round = this.#round;
    this.#round = null;
    round?.abort();
  }
}
