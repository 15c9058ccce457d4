import type { RttStats } from "@probematch/shared";

/** Fewer answers than this prove nothing against a page. */
const MIN_OWN_SAMPLES = 3;
/** Room for a busy page, a busy server and an uneven path, in ms. */
const TOLERANCE_MS = 50;

/**
 * Whose figure for a participant's server RTT counts.
 *
 * The page's report does: it measures on a quiet clock, more often, and knows what disturbed it. The server times
 * its own echoes beside it, because a page could claim to be nearer than it is. The claim is not believed when the
 * server, in at least three echoes, never saw an answer within twice the claimed median and 50 ms; then the
 * server's own figures count. A page that claims to be further away than it is harms only itself, and a page that
 * answers late (it was busy) looks further away to the server as well, so nothing is corrected in that direction.
 *
 * @param reported what the page measured
 * @param own what the server measured on the same connection; `null` = nothing yet
 */
export function settleServerRtt(
  reported: RttStats,
  own: RttStats | null,
): { readonly rtt: RttStats; readonly corrected: boolean } {
  const corrected =
    own !== null && own.samples >= MIN_OWN_SAMPLES && own.minMs > 2 * reported.medianMs + TOLERANCE_MS;
  return { rtt: corrected ? own : reported, corrected };
}
