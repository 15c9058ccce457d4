/** The chance with these log-odds. */
export const logistic = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds));

/** The log-odds of a chance; of one that is as good as certain, those of one in a million. */
export function logOddsOf(chance: number): number {
  const doubtful = Math.min(1 - LEAST_CHANCE, Math.max(LEAST_CHANCE, chance));
  return Math.log(doubtful / (1 - doubtful));
}

const LEAST_CHANCE = 1e-6;
