/** A sample this close to the limit says nothing: the floor of both pages may still come off it. */
const GUARD_MS = 1;

/**
 * So many more samples on one side of the limit than on the other are certainty. Wald's sequential probability ratio test
 * (1945) on the sign of each sample, "three of four are above" against "three of four are below": each sample multiplies the
 * odds by 3 or 1/3, and at 3⁵ to 1 the chance of an error is at most 1/(1 + 3⁵) = 0.4 %.
 */
const CERTAIN = 5;

/**
 * Whether a path's median RTT is above or below a limit, as soon as that is certain. Only the side of each sample counts, so
 * that neither the shape of the delays nor a few very late answers matter. Near the limit, where fewer than three of
 * four fall on one side, it takes its time or never decides; then all samples together do.
 */
export class SideOfLimit {
  readonly #limitMs: number;
  /** Samples above the limit less samples below it. */
  #lead = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  add(rttMs: number): void {
    const beyondMs = rttMs - this.#limitMs;
    if (Math.abs(beyondMs) > GUARD_MS) this.#lead += Math.sign(beyondMs);
  }

  get isCertain(): boolean {
    return Math.abs(this.#lead) >= CERTAIN;
  }
}
