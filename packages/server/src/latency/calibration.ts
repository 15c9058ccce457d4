import * as v from "valibot";
import { logistic } from "./prior.js";

/** Where a correction is kept, as log-odds of the chance that was said; in between it is interpolated. */
const NODES = [-6, -4.5, -3, -1.5, 0, 1.5, 3, 4.5, 6] as const;
const SPACING = 1.5;
/** By how much the shift may fall for each log-odd that was said; 1 would make all of them the same. */
const STEEPEST = 0.95;
/** That what was said is right weighs as much, before any probe, as so many of them. */
const PRESUMED_PROBES = 20;

/** What became of the probes near one node. */
interface Experience {
  count: number;
  /** Sum of the chances that were said. */
  said: number;
  /** How many came out within the limit. */
  within: number;
}

/** What was learned, as plain JSON, one entry per node. */
export const savedCalibrationSchema = v.array(
  v.object({ count: v.number(), said: v.number(), within: v.number() }),
);
export type SavedCalibration = v.InferOutput<typeof savedCalibrationSchema>;

/**
 * Corrects chances by what became of the probes they were said of, so that of those said to have 30 %, 30 % are good in this
 * scene too. Log-odds are shifted, by an amount that is kept at a few nodes and interpolated (as in Platt 1999, with a
 * broken line in the place of the straight one), and shrunk towards none where probes are few.
 */
export class Calibration {
  readonly #nodes: readonly Experience[];
  #shifts: readonly number[];
  #probes = 0;

  constructor(saved: SavedCalibration = []) {
    this.#nodes = NODES.map((_, i) => ({ count: 0, said: 0, within: 0, ...saved[i] }));
    this.#shifts = shiftsOf(this.#nodes);
  }

  /** Counts up with every probe: what was corrected is right as long as this is the same. */
  get version(): number {
    return this.#probes;
  }

  save(): SavedCalibration {
    return this.#nodes.map((node) => ({ ...node }));
  }

  /** A probe of a pair of which `said` was said (not corrected) came out within the limit, or not. */
  observe(said: number, isWithin: boolean): void {
    const { lower, share } = placeOf(said);
    for (const [i, weight] of [
      [lower, 1 - share],
      [lower + 1, share],
    ] as const) {
      const node = this.#nodes[i];
      if (node === undefined) continue;
      node.count += weight;
      node.said += weight * said;
      if (isWithin) node.within += weight;
    }
    this.#shifts = shiftsOf(this.#nodes);
    this.#probes += 1;
  }

  /** The chance that is meant where `said` was said. */
  corrected(said: number): number {
    if (said <= 0 || said >= 1) return said;
    const { lower, share } = placeOf(said);
    const shift = (1 - share) * (this.#shifts[lower] ?? 0) + share * (this.#shifts[lower + 1] ?? 0);
    const odds = (said / (1 - said)) * Math.exp(shift);
    return odds / (1 + odds);
  }
}

/** Never so much less than at the node before that the likelier of two pairs would come out as the less likely one. */
function shiftsOf(nodes: readonly Experience[]): readonly number[] {
  let least = Number.NEGATIVE_INFINITY;
  return nodes.map((node, i) => {
    const shift = Math.max(least, shiftAt(node, i));
    least = shift - STEEPEST * SPACING;
    return shift;
  });
}

/** The shift of log-odds at a node: from what was said to what was, both with the presumed probes, which came out as said, added. */
function shiftAt({ count, said, within }: Experience, i: number): number {
  const here = logistic(NODES[i] ?? 0);
  const total = count + PRESUMED_PROBES;
  const presumed = PRESUMED_PROBES * here;
  return logOdds((within + presumed) / total) - logOdds((said + presumed) / total);
}

const logOdds = (chance: number): number => Math.log(chance / (1 - chance));

/** The node below, and how far it is from there to the next one, 0 to 1. */
function placeOf(chance: number): { readonly lower: number; readonly share: number } {
  const [first] = NODES;
  const last = NODES.length - 1;
  const at = Math.min(
    last,
    Math.max(0, (logOdds(Math.min(1 - 1e-9, Math.max(1e-9, chance))) - first) / SPACING),
  );
  const lower = Math.min(last - 1, Math.floor(at));
  return { lower, share: at - lower };
}
