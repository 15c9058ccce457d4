import { shortHash } from "./random.js";

/**
 * Names follow from the scene's seed and a count, so that a replay comes to the same ones and no two scenes,
 * studies or pilots to equal ones.
 */
export const proposalIdOf = (seed: string, count: number): string =>
  `p${shortHash(`${seed}/proposal/${count}`)}`;

export const matchIdOf = (proposalId: string): string => `m${proposalId.slice(1)}`;

/**
 * One pair of a proposal, by seats.
 *
 * @param repeats how often the pair was probed in this proposal before
 */
export const probeIdOf = (proposalId: string, seatA: number, seatB: number, repeats = 0): string =>
  `${proposalId}-${seatA}${seatB}${repeats === 0 ? "" : `-${repeats}`}`;

/** What the members of a match call each other; says nothing about who they are. */
export function aliasesOf(seed: string, matchId: string, count: number): string[] {
  return Array.from(
    { length: count },
    (_, seat) => `peer-${shortHash(`${seed}/${matchId}/${seat}`).slice(0, 6)}`,
  );
}
