import type { ProbeParameters } from "@probematch/shared";
import { PendingPings } from "../rtt/pendingPings.js";
import { SideOfLimit } from "./sideOfLimit.js";

/** A stretch of time in which the page's event loop stood still (ms, monotonic clock). */
export interface Stall {
  readonly from: number;
  readonly to: number;
}

interface Answer {
  readonly rttMs: number;
  readonly at: number;
}

/** Departures vary by up to half the spacing either way, and by no more than this. */
const LARGEST_SHIFT_MS = 2.5;

/** Browsers' timers have whole milliseconds: a ping that is due within half of one leaves now. */
const TIMER_STEP_MS = 1;

/**
 * Until the next departure: `spacingMs` on the average, never the same twice. Where pings leave in a fixed rhythm and the path is
 * a multiple of it long, every answer arrives just when the next ping leaves, and waits for it: an even rhythm makes such a
 * path look longer than it is (RFC 2330, section 11.1.1, on why measurements should not be periodic).
 *
 * @param random 0…1
 */
export function untilNext(spacingMs: number, random: number): number {
  return spacingMs + (2 * random - 1) * Math.min(spacingMs / 2, LARGEST_SHIFT_MS);
}

/** Answers after which a series knows how long answers take. */
const ENOUGH = 5;

/**
 * The pings of one probe as one side sends them: when the next one leaves, which are answered, which are lost,
 * and what counts. Pure: times come in as arguments (ms, monotonic clock), sending is the caller's.
 *
 * The first `warmupPings` are sent like the others and not counted. Departures are about `spacingMs` apart, see
 * {@link untilNext}; with a spacing of 0 each ping leaves as soon as the one before it is answered or lost.
 *
 * With a limit the series ends early, after `minPings` counted answers, once {@link SideOfLimit} is certain.
 *
 * A ping is lost after `pingTimeoutMs`, or, once {@link ENOUGH} were answered, when it is out far longer than any of them
 * was: a lost packet must not keep people waiting for seconds.
 */
export class PingSeries {
  readonly #parameters: ProbeParameters;
  readonly #pending: PendingPings;
  readonly #answers = new Map<number, Answer>();
  readonly #total: number;
  readonly #minPings: number;
  readonly #side: SideOfLimit | null;
  readonly #random: () => number;
  #sent = 0;
  readonly #lost = new Set<number>();
  /** Every counted ping before this one is answered or lost. */
  #settled: number;
  #settledAnswers = 0;
  #longestMs = 0;
  #nextAt: number;

  /**
   * @param limitMs the limit to be certain about; `null` = all pings are always sent
   * @param random 0…1, shifts the departures. Default: an even rhythm
   */
  constructor(
    parameters: ProbeParameters,
    startAt: number,
    limitMs: number | null = null,
    random: () => number = () => 0.5,
  ) {
    this.#parameters = parameters;
    this.#pending = new PendingPings(parameters.pingTimeoutMs);
    this.#total = parameters.warmupPings + parameters.pings;
    this.#settled = parameters.warmupPings;
    this.#minPings = parameters.minPings ?? parameters.pings;
    this.#side = limitMs === null ? null : new SideOfLimit(limitMs);
    this.#random = random;
    this.#nextAt = startAt;
  }

  /** The number of the ping that has to leave now; `null` when none has to. */
  due(now: number): number | null {
    if (this.#sent >= this.#total || now < this.#nextAt - TIMER_STEP_MS / 2) return null;
    if (this.#parameters.spacingMs === 0 && this.#pending.size > 0) return null;
    return this.#sent;
  }

  /** The ping that was due left at `at`. */
  departed(at: number): void {
    this.#pending.sent(this.#sent, at);
    this.#sent += 1;
    // From the real departure, not from the plan: a late timer must not bunch the pings that follow.
    this.#nextAt = at + untilNext(this.#parameters.spacingMs, this.#random());
  }

  answered(seq: number, at: number): void {
    const rttMs = this.#pending.answered(seq, at);
    if (rttMs === null) return;
    this.#longestMs = Math.max(this.#longestMs, rttMs);
    if (seq < this.#parameters.warmupPings) return;
    this.#answers.set(seq, { rttMs, at });
    this.#settle();
  }

  expire(now: number): void {
    for (const seq of this.#pending.expire(now, this.#patienceMs)) {
      if (seq >= this.#parameters.warmupPings) this.#lost.add(seq);
    }
    this.#settle();
  }

  get spacingMs(): number {
    return this.#parameters.spacingMs;
  }

  get #patienceMs(): number {
    const { pingTimeoutMs } = this.#parameters;
    if (this.#answers.size < ENOUGH) return pingTimeoutMs;
    return Math.min(pingTimeoutMs, 1.5 * this.#longestMs + 50);
  }

  /** When {@link due} or {@link expire} may have something to do next; `null` when the series is over. */
  get wakeAt(): number | null {
    const expiryAt = this.#pending.nextExpiryAt(this.#patienceMs);
    const waitsForAnswer = this.#parameters.spacingMs === 0 && this.#pending.size > 0;
    if (this.#sent >= this.#total || waitsForAnswer) return expiryAt;
    return Math.min(this.#nextAt, expiryAt ?? this.#nextAt);
  }

  get isOver(): boolean {
    if (this.#isCertain) return true;
    return this.#answers.size + this.#lost.size >= this.#parameters.pings && this.#sent >= this.#total;
  }

  get #isCertain(): boolean {
    // With as many as there are to be, all are waited for.
    if (this.#minPings >= this.#parameters.pings || this.#settledAnswers < this.#minPings) return false;
    return this.#side?.isCertain === true;
  }

  /** Counted answers in sending order, ms; after an early end those that ended it. */
  get samplesMs(): number[] {
    return [...this.#answers]
      .filter(([seq]) => !this.#isCertain || seq < this.#settled)
      .sort(([a], [b]) => a - b)
      .map(([, { rttMs }]) => rttMs);
  }

  get lost(): number {
    return this.#lost.size;
  }

  /**
   * Goes on to the first ping whose fate is open. Only what lies before it may end a series early: those that are answered
   * first are the fast ones, and to stop at them would make every path look faster than it is.
   */
  #settle(): void {
    while (!this.#isCertain) {
      const answer = this.#answers.get(this.#settled);
      if (answer === undefined && !this.#lost.has(this.#settled)) return;
      this.#settled += 1;
      if (answer === undefined) continue;
      this.#settledAnswers += 1;
      this.#side?.add(answer.rttMs);
    }
  }

  /**
   * True when a stall held up the receipt of at least half of the counted answers: then their median is the
   * page's, not the path's.
   */
  isSpoiledBy(stalls: readonly Stall[]): boolean {
    const answers = [...this.#answers.values()];
    const spoiled = answers.filter(({ at }) => stalls.some(({ from, to }) => at >= from && at <= to));
    return answers.length > 0 && spoiled.length * 2 >= answers.length;
  }
}
