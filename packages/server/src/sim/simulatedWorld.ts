import type { Attributes, RttStats } from "@probematch/shared";

/** Somebody who comes to a simulated study. */
export interface SimulatedPerson {
  readonly id: string;
  /** ms from the beginning. */
  readonly arrivesAt: number;
  /** Leaves at this time unless matched by then; `null` = stays as long as the scene lets it. */
  readonly leavesAt: number | null;
  /** As from a token: what a scene's rules read. */
  readonly attributes: Attributes;
  /** False: this browser cannot be probed. */
  readonly webrtc: boolean;
  /** The region, which is no attribute: what is told of who was left out goes by it; `null` = there is none. */
  readonly region: string | null;
  readonly beaconRttMs: Readonly<Record<string, number>>;
  /** `null` = never measured. */
  readonly serverRtt: RttStats | null;
  /** From the arrival until these RTTs are known. */
  readonly measuredAfterMs: number;
}

/** What a probe comes to, and how long it takes from the proposal to both reports. */
export type SimulatedProbe =
  | { readonly status: "measured"; readonly rttMs: number; readonly tookMs: number }
  | { readonly status: "failed"; readonly tookMs: number };

/** People, and what is between them. A world answers one study: what its chance brings depends on what was asked before. */
export interface SimulatedWorld {
  /** By time of arrival. */
  readonly people: readonly SimulatedPerson[];
  /** The true RTT of a pair, last miles included, ms; infinite where one of the two is a stranger. */
  rttMs(a: string, b: string): number;
  /** False: the two are the same person come twice, who is no partner to itself. Default: all may. */
  mayMeet?(a: string, b: string): boolean;
  probe(a: string, b: string): SimulatedProbe;
}

/** Statistics of pings that all took the same time. */
export const steadyRtt = (rttMs: number): RttStats => ({
  medianMs: rttMs,
  minMs: rttMs,
  p95Ms: rttMs,
  jitterMs: 0,
  samples: 5,
  lost: 0,
});
