import type { LobbyConfig } from "./config.js";
import type { LobbyState } from "./state.js";
import { treatmentsLeft } from "./treatments.js";

/** How many more matches the scene makes, open proposals not counted; infinite where nothing limits them. */
export function matchesLeft(state: LobbyState, config: LobbyConfig): number {
  const { maxMatches, treatments } = config;
  const byNumber = (maxMatches ?? Number.POSITIVE_INFINITY) - state.matchesCommitted;
  if (treatments === undefined) return byNumber;
  return Math.min(byNumber, treatmentsLeft(treatments, state.treatments));
}
