import type { RallyMessage, Shot } from "./message.js";

/** Half a paddle's length, as a share of the court's width. */
export const PADDLE_REACH = 0.13;
/** How close to its edge a ball may pass and still be struck. */
const EDGE = 0.02;
const FIRST_SERVE_MS = 1500;
const NEXT_SERVE_MS = 1300;

type Ball =
  /** Nobody has it: the partner has not said hello yet. */
  | { readonly phase: "none" }
  /** On my paddle until `at`. */
  | { readonly phase: "serving"; readonly at: number }
  | { readonly phase: "partnerServes" }
  | { readonly phase: "out"; readonly shot: Shot; readonly since: number; readonly durationMs: number }
  | { readonly phase: "in"; readonly shot: Shot; readonly since: number };

/** Where the ball is, as its player sees it: `x` 0 = my line, 1 = my partner's; `y` across. */
export interface BallView {
  readonly x: number;
  readonly y: number;
}

/**
 * One side of a rally. The two sides keep the ball in play together; the side a ball flies to decides whether
 * it was struck, so that nobody misses a ball they have visibly hit.
 *
 * Delay is hidden in the flight: a ball that leaves takes one round trip longer on the screen of the one who struck
 * it. It then reaches the far line just when the answer arrives, however slow the connection is.
 *
 * No clock, no network and no screen: time comes in through `step`, messages through `receive`.
 */
export class Rally {
  /** Centre of my paddle across the court, 0…1. */
  paddle = 0.5;
  partnerPaddle = 0.5;
  /** Strokes in the rally under way. */
  strokes = 0;
  best = 0;
  total = 0;
  running = true;
  #ball: Ball = { phase: "none" };
  #now = 0;
  #roundTripMs = 0;
  readonly #servesFirst: boolean;
  readonly #send: (message: RallyMessage) => void;
  readonly #random: () => number;

  constructor(servesFirst: boolean, send: (message: RallyMessage) => void, random: () => number) {
    this.#servesFirst = servesFirst;
    this.#send = send;
    this.#random = random;
  }

  get phase(): Ball["phase"] {
    return this.#ball.phase;
  }

  step(dtMs: number, roundTripMs: number): void {
    this.#roundTripMs = roundTripMs;
    if (!this.running) return;
    this.#now += dtMs;
    const ball = this.#ball;
    if (ball.phase === "serving" && this.#now >= ball.at) {
      this.strokes = 0;
      this.#shoot(0, this.paddle, (this.#random() - 0.5) * 0.9);
    }
    if (ball.phase === "in" && this.#now >= ball.since + ball.shot.durationMs) this.#arrive(ball.shot);
  }

  receive(message: RallyMessage): void {
    switch (message.t) {
      // Said when a page opens or the two have found each other again: who serves first does so anew.
      case "hello":
        this.#ball = this.#servesFirst
          ? { phase: "serving", at: this.#now + FIRST_SERVE_MS }
          : { phase: "partnerServes" };
        return;
      case "shot":
        this.#ball = { phase: "in", shot: message, since: this.#now };
        this.#count(message.n);
        return;
      case "miss":
        this.#ball = { phase: "partnerServes" };
        return;
      case "paddle":
        this.partnerPaddle = message.y;
        return;
      default:
    }
  }

  ball(): BallView | null {
    const ball = this.#ball;
    switch (ball.phase) {
      case "none":
        return null;
      case "serving":
        return { x: 0, y: this.paddle };
      case "partnerServes":
        return { x: 1, y: this.partnerPaddle };
      case "in": {
        const t = (this.#now - ball.since) / ball.shot.durationMs;
        return { x: 1 - Math.min(1, t), y: acrossAt(ball.shot, t) };
      }
      case "out": {
        const t = Math.min(1, (this.#now - ball.since) / ball.durationMs);
        return { x: t, y: acrossAt(ball.shot, t) };
      }
    }
  }

  /** Where the ball that comes to me will cross my line; `null` when none is coming. */
  get landing(): number | null {
    return this.#ball.phase === "in" ? acrossAt(this.#ball.shot, 1) : null;
  }

  #arrive(shot: Shot): void {
    const y = acrossAt(shot, 1);
    const off = y - this.paddle;
    if (Math.abs(off) <= PADDLE_REACH + EDGE) {
      const n = shot.n + 1;
      this.total += 1;
      this.#count(n);
      // The nearer to the paddle's end, the steeper.
      this.#shoot(n, y, (off / PADDLE_REACH) * 0.8 + (this.#random() - 0.5) * 0.2);
      return;
    }
    this.#send({ t: "miss" });
    this.#ball = { phase: "serving", at: this.#now + NEXT_SERVE_MS };
  }

  #shoot(n: number, y: number, drift: number): void {
    const shot: Shot = { n, y, drift, durationMs: flightMs(n) };
    this.#send({ t: "shot", ...shot });
    this.#ball = {
      phase: "out",
      shot,
      since: this.#now,
      durationMs: shot.durationMs + this.#roundTripMs,
    };
  }

  #count(strokes: number): void {
    this.strokes = strokes;
    this.best = Math.max(this.best, strokes);
  }
}

/** A rally begins gently and gets faster. */
const flightMs = (n: number): number => Math.max(800, 1500 - 45 * n);

/** Where across the court a shot is at the share `t` of its flight, thrown back by the side lines. */
export function acrossAt({ y, drift }: Pick<Shot, "y" | "drift">, t: number): number {
  const straight = y + drift * Math.min(1, t);
  const folded = ((straight % 2) + 2) % 2;
  return folded > 1 ? 2 - folded : folded;
}
