import * as v from "valibot";

/**
 * How a participant left a scene. One list for client, journal, metrics and completion codes.
 *
 * - `matched`: became a member of a match
 * - `timed_out`: the scene's wait limit passed
 * - `left`: the page called `leave()`, or stayed away longer than the grace time
 * - `excluded_rtt`: the participant's own server RTT is above the scene's entry limit
 * - `excluded_no_webrtc`: the browser has no usable WebRTC and the scene measures peer latency
 * - `partner_lost`: the partners this participant had to wait for did not come in time
 * - `removed`: taken out by the researcher
 * - `study_full`: the scene takes no more participants, or has all the matches it needs
 * - `server_error`: the server could not go on with this participant
 */
export const outcomes = [
  "matched",
  "timed_out",
  "left",
  "excluded_rtt",
  "excluded_no_webrtc",
  "partner_lost",
  "removed",
  "study_full",
  "server_error",
] as const;

export const outcomeSchema = v.picklist(outcomes);
export type Outcome = v.InferOutput<typeof outcomeSchema>;
