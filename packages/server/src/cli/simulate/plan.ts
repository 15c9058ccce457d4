import type { SimulatedWorld } from "../../sim/simulatedWorld.js";
import type { ChosenStudy, StudyChoice } from "./chooseStudy.js";
import type { FitReport } from "./fitReport.js";

/** What was asked for; what is left out comes from the configuration or the pilot, or has a default. */
export interface SimulateOptions extends StudyChoice {
  readonly latency: string;
  readonly labels?: string | undefined;
  readonly region?: string | undefined;
  readonly participants?: number | undefined;
  readonly arrivalsPerSecond?: number | undefined;
  readonly arrivals?: string | undefined;
  readonly attributes?: string | undefined;
  readonly lastMileMs: number;
  readonly jitterMs: number;
  readonly probeMs: number;
  readonly probeFailures: number;
  readonly dropout: number;
  readonly fit?: string | undefined;
  readonly seed: string;
  readonly threads?: number | undefined;
  readonly journal?: string | undefined;
  readonly plot?: string | undefined;
  readonly json?: true | undefined;
}

/** What is to be simulated. */
export interface SimulationPlan {
  /** Where the latencies are from, for the figures. */
  readonly matrix: string;
  readonly study: ChosenStudy;
  /** How many come. */
  readonly participants: number;
  /** A fresh one for every run: the same people, the same paths. */
  worldFor(maxP2pRttMs: number): SimulatedWorld;
  /** What a pilot's log taught; `null` without one. */
  readonly fit: FitReport | null;
}
