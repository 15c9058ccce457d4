import type { Palette } from "./palette.js";
import { type BallView, PADDLE_REACH, type Rally } from "./rally.js";

/** Room between a line and the edge of the picture, as a share of the court's length. */
const MARGIN = 0.07;
const THICKNESS = 0.018;
/** How soon the picture of the ball catches up with where it really is, ms. */
const CATCH_UP_MS = 70;
/** A jump as wide as this is a new ball, not a correction. */
const NEW_BALL = 0.5;

/**
 * Draws a rally. Everybody sees their own side at the left, or at the bottom where the picture is higher than wide.
 */
export class Court {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #shown: BallView | null = null;
  #partnerPaddle = 0.5;
  palette: Palette;

  constructor(canvas: HTMLCanvasElement, palette: Palette) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("this browser cannot draw");
    this.#canvas = canvas;
    this.#context = context;
    this.palette = palette;
  }

  get isUpright(): boolean {
    return this.#canvas.clientHeight > this.#canvas.clientWidth;
  }

  draw(rally: Rally, dtMs: number, dimmed: boolean): void {
    this.#fit();
    const { width, height } = this.#canvas;
    const context = this.#context;
    const { palette } = this;
    const unit = Math.max(width, height);
    context.globalAlpha = 1;
    context.fillStyle = palette.court;
    context.fillRect(0, 0, width, height);
    this.#numeral(String(rally.strokes), width, height);
    this.#lines(unit);
    if (dimmed) context.globalAlpha = 0.45;
    this.#partnerPaddle += (rally.partnerPaddle - this.#partnerPaddle) * (1 - Math.exp(-dtMs / 40));
    this.#paddle(0, rally.paddle, palette.mine, unit);
    this.#paddle(1, this.#partnerPaddle, palette.theirs, unit);
    this.#ball(rally, dtMs, unit);
  }

  /** Where across the court a point of the page is, 0…1. */
  acrossFrom(clientX: number, clientY: number): number {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const share = this.isUpright ? (clientX - left) / width : (clientY - top) / height;
    return Math.min(1, Math.max(0, (share - MARGIN) / (1 - 2 * MARGIN)));
  }

  #fit(): void {
    const scale = window.devicePixelRatio || 1;
    const width = Math.round(this.#canvas.clientWidth * scale);
    const height = Math.round(this.#canvas.clientHeight * scale);
    if (this.#canvas.width === width && this.#canvas.height === height) return;
    this.#canvas.width = width;
    this.#canvas.height = height;
  }

  /** From the player's court to pixels. */
  #at(x: number, y: number): [number, number] {
    const { width, height } = this.#canvas;
    const along = MARGIN + x * (1 - 2 * MARGIN);
    const across = MARGIN + y * (1 - 2 * MARGIN);
    return this.isUpright ? [across * width, (1 - along) * height] : [along * width, across * height];
  }

  #numeral(text: string, width: number, height: number): void {
    const context = this.#context;
    context.fillStyle = this.palette.numeral;
    context.font = `700 ${Math.round(Math.min(width, height) * 0.5)}px ${this.palette.font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(text, width / 2, height / 2 + height * 0.02);
  }

  #lines(unit: number): void {
    const context = this.#context;
    const [x0, y0] = this.#at(-0.035, -0.035);
    const [x1, y1] = this.#at(1.035, 1.035);
    context.strokeStyle = this.palette.line;
    context.lineWidth = Math.max(1, unit * 0.0022);
    context.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
    context.setLineDash([unit * 0.008, unit * 0.008]);
    context.beginPath();
    context.moveTo(...this.#at(0.5, -0.035));
    context.lineTo(...this.#at(0.5, 1.035));
    context.stroke();
    context.setLineDash([]);
  }

  #paddle(x: 0 | 1, y: number, color: string, unit: number): void {
    const context = this.#context;
    const behind = x === 0 ? -THICKNESS : 1 + THICKNESS;
    context.strokeStyle = color;
    context.lineWidth = unit * THICKNESS;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(...this.#at(behind, y - PADDLE_REACH));
    context.lineTo(...this.#at(behind, y + PADDLE_REACH));
    context.stroke();
    context.lineCap = "butt";
  }

  #ball(rally: Rally, dtMs: number, unit: number): void {
    const target = rally.ball();
    this.#shown = smoothed(this.#shown, target, dtMs);
    if (this.#shown === null) return;
    const context = this.#context;
    const [x, y] = this.#at(this.#shown.x, this.#shown.y);
    context.fillStyle = this.palette.ball;
    context.beginPath();
    context.arc(x, y, unit * 0.0135, 0, 2 * Math.PI);
    context.fill();
  }
}

/** The network makes a ball jump a little when it changes hands: the picture closes the gap over some frames. */
function smoothed(shown: BallView | null, target: BallView | null, dtMs: number): BallView | null {
  if (shown === null || target === null) return target;
  const gap = Math.hypot(target.x - shown.x, target.y - shown.y);
  if (gap > NEW_BALL) return target;
  const share = 1 - Math.exp(-dtMs / CATCH_UP_MS);
  return { x: shown.x + (target.x - shown.x) * share, y: shown.y + (target.y - shown.y) * share };
}
