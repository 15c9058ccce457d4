/** How long somebody was there, and whether the wait ended because they went away. */
export interface Stay {
  readonly ms: number;
  readonly left: boolean;
}

/**
 * How many have gone away after how long a wait, if nothing else had ended it: the estimate of Kaplan and Meier (1958), for
 * which a match, a wait limit or the end of the log is not leaving, only the end of what is known.
 */
export class LeavingCurve {
  /** Share who are still there just after that long a wait, falling. */
  readonly steps: readonly { readonly ms: number; readonly stayShare: number }[];
  /** Nobody was seen waiting longer. */
  readonly observedMs: number;

  constructor(stays: readonly Stay[]) {
    const sorted = [...stays].sort((a, b) => a.ms - b.ms || Number(b.left) - Number(a.left));
    const steps: { ms: number; stayShare: number }[] = [];
    let stayShare = 1;
    for (const [i, { ms, left }] of sorted.entries()) {
      if (!left) continue;
      stayShare *= 1 - 1 / (sorted.length - i);
      steps.push({ ms, stayShare });
    }
    this.steps = steps;
    this.observedMs = sorted.at(-1)?.ms ?? 0;
  }

  /** Share gone after so long a wait, as far as was seen. */
  goneAfter(ms: number): number {
    return 1 - (this.steps.findLast((step) => step.ms <= ms)?.stayShare ?? 1);
  }

  /**
   * @param u uniform in [0, 1)
   * @returns the wait after which somebody goes away; `null` = does not, as far as was seen
   */
  draw(u: number): number | null {
    return this.steps.find((step) => step.stayShare <= 1 - u && step.stayShare < 1)?.ms ?? null;
  }
}
