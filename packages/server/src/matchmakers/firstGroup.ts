import type { Candidate } from "./candidate.js";
import type { MatchContext } from "./matchmaker.js";

/** How many pairs a search may still look at. Shared by the searches of one question. */
export interface SearchBudget {
  pairs: number;
}

/**
 * The first group in order of seniority: of all sets of `size` candidates of the list who may all be in one
 * group with each other (and with `fixed`), the one whose members come first, compared member by member. Beginnings that
 * cannot become a group by the scene's rules are not followed.
 *
 * Depth-first with backtracking. Finding such a set is the clique problem, so the search is bounded: when the
 * budget is used up the answer is `null`, as if there were no group.
 *
 * @param bySeniority in order; may contain `fixed` and taken ones, they are passed over
 * @param from index of the first one to consider
 * @returns indices into the list, ascending
 */
export function firstGroup(
  fixed: Candidate | null,
  bySeniority: readonly Candidate[],
  from: number,
  size: number,
  taken: ReadonlySet<Candidate>,
  context: Pick<MatchContext, "allowed" | "allowedGroup">,
  budget: SearchBudget,
): readonly number[] | null {
  const chosen: Candidate[] = fixed === null ? [] : [fixed];
  const indices: number[] = [];

  const fits = (candidate: Candidate): boolean => {
    for (const member of chosen) {
      budget.pairs -= 1;
      if (!context.allowed(member, candidate)) return false;
    }
    return true;
  };

  const fill = (start: number): boolean => {
    if (indices.length === size) return true;
    for (let i = start; i < bySeniority.length && budget.pairs > 0; i += 1) {
      const candidate = bySeniority[i];
      if (candidate === undefined || candidate === fixed || taken.has(candidate) || !fits(candidate))
        continue;
      chosen.push(candidate);
      indices.push(i);
      if (context.allowedGroup(chosen) && fill(i + 1)) return true;
      chosen.pop();
      indices.pop();
    }
    return false;
  };

  if (fixed !== null && !context.allowedGroup(chosen)) return null;
  return fill(from) ? indices : null;
}

/** Which of two groups comes first, both as ascending indices of equal length. */
export function comesBefore(a: readonly number[], b: readonly number[]): boolean {
  for (const [i, index] of a.entries()) {
    const other = b[i] ?? Number.POSITIVE_INFINITY;
    if (index !== other) return index < other;
  }
  return false;
}
