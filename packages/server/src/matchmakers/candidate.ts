import type { Attributes, RttSummary } from "@probematch/shared";

/** A waiting participant as a matchmaker sees one. Read-only; valid during one call. */
export interface Candidate {
  readonly participantId: string;
  /** Server time of arrival, epoch ms. */
  readonly arrivedAt: number;
  readonly waitedMs: number;
  /** The scene ends the wait at this server time, epoch ms; `null` = it sets no limit. */
  readonly waitDeadlineAt: number | null;
  /** From the study's token, the URL or the page; the token's outrank the page's. */
  readonly attributes: Attributes;
  /** RTT to the server, `null` until the first measurement. */
  readonly serverRtt: RttSummary | null;
  /** RTT to each beacon in ms; beacons that were not reached are absent. */
  readonly beaconRttMs: Readonly<Record<string, number>>;
  readonly history: {
    /** Earlier partners, most recent match first. */
    readonly partners: readonly string[];
    readonly matches: number;
  };
  /** Higher is served first; default 0. */
  readonly priority: number;
}
