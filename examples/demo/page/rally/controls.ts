import type { Court } from "./court.js";
import type { Rally } from "./rally.js";

/** Widths of the court a paddle crosses in a second, by keyboard and on its own. */
const SPEED = 1.5;
const AUTO_SPEED = 1.1;

const directions: Readonly<Record<string, -1 | 1>> = {
  ArrowUp: -1,
  ArrowLeft: -1,
  KeyW: -1,
  KeyA: -1,
  ArrowDown: 1,
  ArrowRight: 1,
  KeyS: 1,
  KeyD: 1,
};

/** Moves the paddle: by keys, mouse, pen or finger, or by itself. */
export class Controls {
  /** The paddle follows the ball on its own. */
  auto = false;
  readonly #held = new Set<string>();
  readonly #court: Court;
  readonly #rally: Rally;
  readonly #off = new AbortController();

  constructor(canvas: HTMLCanvasElement, court: Court, rally: Rally) {
    this.#court = court;
    this.#rally = rally;
    const { signal } = this.#off;
    canvas.addEventListener("pointermove", (event) => this.#point(event), { signal });
    canvas.addEventListener("pointerdown", (event) => this.#point(event), { signal });
    window.addEventListener("keydown", (event) => this.#press(event), { signal });
    window.addEventListener("keyup", ({ code }) => this.#held.delete(code), { signal });
    window.addEventListener("blur", () => this.#held.clear(), { signal });
  }

  step(dtMs: number): void {
    const rally = this.#rally;
    if (this.auto) {
      // A little beside the middle, so that the ball does not always come back straight.
      const aim =
        (rally.landing ?? 0.5) + (rally.landing === null ? 0 : 0.05 * Math.sin(rally.strokes * 2.4));
      rally.paddle = towards(rally.paddle, aim, (AUTO_SPEED * dtMs) / 1000);
      return;
    }
    const direction = [...this.#held].reduce((sum, code) => sum + (directions[code] ?? 0), 0);
    if (direction !== 0) rally.paddle = inside(rally.paddle + (Math.sign(direction) * SPEED * dtMs) / 1000);
  }

  close(): void {
    this.#off.abort();
  }

  #point(event: PointerEvent): void {
    if (!this.auto) this.#rally.paddle = this.#court.acrossFrom(event.clientX, event.clientY);
  }

  #press(event: KeyboardEvent): void {
    // Keys belong to a button or a slider while one has the focus, and to the browser with a modifier.
    const onControl =
      event.target instanceof HTMLElement && event.target.closest("button, input, a, summary");
    if (!(event.code in directions) || onControl || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#held.add(event.code);
  }
}

const inside = (y: number): number => Math.min(1, Math.max(0, y));

const towards = (from: number, to: number, most: number): number =>
  inside(from + Math.min(most, Math.max(-most, to - from)));
