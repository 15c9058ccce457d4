import { randomInt } from "node:crypto";
import { type RttStats, summarizeRtts } from "@probematch/shared";
import { monotonicMs } from "./messageBudget.js";
import type { Rounded, Rounds } from "./rounds.js";

/** Samples kept; older ones say little about now. */
const WINDOW = 20;
/** An echo without an answer for this long is lost. */
const LOST_AFTER_MS = 10_000;
/** Echoes in quick succession at first, where a rule of the scene waits for them. */
const BURST = 3;
const nothing: readonly never[] = [];

/**
 * The server's own timing of one connection: it sends an echo every few seconds and waits for the answer.
 *
 * The numbers are random, so that a page cannot answer an echo it has not received.
 */
export class ServerTiming implements Rounded {
  readonly #send: (seq: number) => void;
  readonly #clock: () => number;
  readonly #burst: number;
  readonly #rounds: Rounds;
  readonly #turn: number;
  /** Echoes without an answer yet, oldest first. */
  #sent: readonly { readonly seq: number; readonly at: number }[] = nothing;
  readonly #samplesMs: number[] = [];
  #answered = 0;
  #lost = 0;

  /**
   * @param rounds an echo is sent in each, besides the first ones
   * @param hurried a rule of the scene reads server RTTs, so that people wait for the first three samples
   * @param clock monotonic time in ms; default: `performance.now()`
   */
  constructor(
    send: (seq: number) => void,
    { rounds, hurried }: { readonly rounds: Rounds; readonly hurried: boolean },
    clock = monotonicMs,
  ) {
    this.#send = send;
    this.#clock = clock;
    this.#burst = hurried ? BURST : 1;
    this.#rounds = rounds;
    this.#turn = rounds.add(this);
    this.tick();
  }

  /** An answer came. Unknown and repeated numbers are ignored. */
  answered(seq: number): void {
    const echo = this.#sent.find((sent) => sent.seq === seq);
    if (echo === undefined) return;
    this.#sent = this.#sent.length === 1 ? nothing : this.#sent.filter((sent) => sent !== echo);
    this.#samplesMs.push(this.#clock() - echo.at);
    if (this.#samplesMs.length > WINDOW) this.#samplesMs.shift();
    this.#answered += 1;
    if (this.#answered < this.#burst) this.tick();
  }

  /** `null` until the first answer. */
  stats(): RttStats | null {
    return summarizeRtts(this.#samplesMs, this.#lost);
  }

  stop(): void {
    this.#rounds.remove(this, this.#turn);
  }

  tick(): void {
    const at = this.#clock();
    const waitedFor = this.#sent.filter((sent) => at - sent.at < LOST_AFTER_MS);
    this.#lost += this.#sent.length - waitedFor.length;
    const seq = randomInt(0x1_0000_0000);
    this.#sent = [...waitedFor, { seq, at }];
    this.#send(seq);
  }
}
