import type { ProbeVerdict } from "./edge.js";
import type { JoinedProbe } from "./joinReports.js";

/**
 * What a joined probe means for its pair.
 *
 * @param shouldReject the matchmaker's rule for a measured RTT (see `Matchmaker.shouldRejectForRtt`)
 */
export function verdictOf(joined: JoinedProbe, shouldReject: (rttMs: number) => boolean): ProbeVerdict {
  if (joined.status === "failed") return { status: "failed", reason: joined.reason };
  const { measurement } = joined;
  return { status: shouldReject(measurement.rttMs) ? "too_slow" : "accepted", measurement };
}
