import type { LobbyState } from "./state.js";

/** How far back the observed rate looks. */
const WINDOW_MS = 10 * 60_000;
/** Fewer seats than this are no rate. */
const MIN_SEATS = 6;

/**
 * How long somebody at this place in line can expect to wait, from the rate at which seats were filled in the
 * last ten minutes: `position / rate` (every seat filled takes one person out of the line).
 *
 * @param position 1 = next in line
 * @returns ms, or `null` when fewer than {@link MIN_SEATS} seats were filled in that time: then nothing is known
 */
export function estimateWaitMs(
  state: Pick<LobbyState, "recentSeats">,
  position: number,
  now: number,
): number | null {
  const seats = state.recentSeats;
  const windowStart = now - WINDOW_MS;
  // Newest last and bounded, so a walk from the end is short.
  let first = seats.length;
  while (first > 0 && (seats[first - 1] ?? 0) > windowStart) first -= 1;
  const filled = seats.length - first;
  const oldest = seats[first];
  if (filled < MIN_SEATS || oldest === undefined) return null;
  // From the oldest seat counted until now: a scene that stopped filling seats shows in a growing span.
  const spanMs = Math.max(now - oldest, 1);
  return (position * spanMs) / filled;
}
