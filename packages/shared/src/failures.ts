import * as v from "valibot";

/**
 * Why a probe has no trustworthy number. A failure is never evidence that a pair is too slow:
 * it is tried again later with back-off.
 *
 * - `peer_gone`: one side left, lost its connection or reloaded
 * - `not_ready`: one side never said it was ready to probe
 * - `ice_failed`: no network path was found, or the path broke
 * - `channel_timeout`: a path may exist, but the data channel did not open in time
 * - `all_lost`: the channel opened and every ping was lost
 * - `hidden_tab`: a page was in the background, where timers are throttled
 * - `stalled`: a page's event loop stood still during the measurement
 * - `disagreement`: the two sides' numbers differ by more than noise explains
 * - `coarse_clock`: both browsers' clocks move in steps too large to time anything with
 * - `deadline`: the server's deadline passed before both sides had reported
 */
export const probeFailures = [
  "peer_gone",
  "not_ready",
  "ice_failed",
  "channel_timeout",
  "all_lost",
  "hidden_tab",
  "stalled",
  "disagreement",
  "coarse_clock",
  "deadline",
] as const;

export const probeFailureSchema = v.picklist(probeFailures);
export type ProbeFailure = v.InferOutput<typeof probeFailureSchema>;

/** The failures a browser itself can report; the others are the server's to decide. */
export const reportableFailures = [
  "ice_failed",
  "channel_timeout",
  "all_lost",
  "hidden_tab",
  "stalled",
  "peer_gone",
] as const satisfies readonly ProbeFailure[];
export const reportableFailureSchema = v.picklist(reportableFailures);
export type ReportableFailure = v.InferOutput<typeof reportableFailureSchema>;
