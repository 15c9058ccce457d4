import type { Peer } from "@probematch/client";
import type { RallyMessage } from "../rally/message.js";

/** Paddles are told several times a second: this long without one is a silence, ms. */
const SILENCE_MS = 2500;

/**
 * How it stands with the partner, worst first: its page is gone; the link has ended; it is being made anew; neither the server nor
 * this page hears of it (browsers take up to 15 s to find that a closed page's link is dead); it says nothing; its page is in the
 * background; it has lost the server only; it has not said hello yet; it is here.
 */
export type PartnerState =
  | "gone"
  | "closed"
  | "mending"
  | "unreachable"
  | "silent"
  | "hidden"
  | "offline"
  | "joining"
  | "here";

/** What this page knows of its partner's page. */
export class Partner {
  readonly #peer: Peer;
  #heardAt: number | null = null;
  #visible = true;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  heard(message: RallyMessage): void {
    this.#heardAt = performance.now();
    if (message.t === "hello" || message.t === "visible") this.#visible = message.visible;
  }

  get state(): PartnerState {
    const { open, connected, link } = this.#peer;
    // A broken link is being mended, unless the page is gone.
    if (!open && connected && link === "broken") return "mending";
    if (!open) return connected ? "closed" : "gone";
    if (this.#heardAt === null) return connected ? "joining" : "unreachable";
    const isSilent = performance.now() - this.#heardAt > SILENCE_MS;
    if (!connected && (isSilent || !this.#visible)) return "unreachable";
    // A page in the background draws nothing and so says nothing: that is not a silence.
    if (!this.#visible) return "hidden";
    if (isSilent) return "silent";
    return connected ? "here" : "offline";
  }
}
