import { setImmediate } from "node:timers/promises";
import { type ComparedMatchmaker, comparedMatchmaker } from "../../sim/qualityMatchmakers.js";
import { Simulation, type SimulationRow } from "../../sim/simulation.js";
import type { SimulationPlan } from "./plan.js";

/** One matchmaker under one limit: what can be simulated by itself. */
export interface Job {
  readonly name: string;
  readonly maxP2pRttMs: number;
}

const baselines = [
  "lowest-latency",
  "fifo",
  "latency-fifo",
  "oracle",
] as const satisfies readonly ComparedMatchmaker[];

/** Every limit with every matchmaker, the chosen one first. */
export function jobsOf({ study }: SimulationPlan): readonly Job[] {
  const names = [study.name, ...baselines.filter((name) => name !== study.name)];
  return study.limitsMs.flatMap((maxP2pRttMs) => names.map((name) => ({ name, maxP2pRttMs })));
}

export interface JobWatch {
  /** Told now and then how much is done, 0 to 1. */
  readonly onProgress: (share: number) => void;
  /** Called with every line of the log; `null` = it is not wanted. */
  readonly onLogLine: ((line: string) => void) | null;
  readonly stop: AbortSignal;
}

/** Moments of a study between two looks at whether somebody wants it stopped. */
const MOMENTS = 2_000;

/**
 * The same people come to every matchmaker.
 *
 * @returns `null` when it was stopped
 */
export async function simulateJob(
  { study, worldFor }: SimulationPlan,
  { name, maxP2pRttMs }: Job,
  seed: string,
  { onProgress, onLogLine, stop }: JobWatch,
): Promise<SimulationRow | null> {
  const world = worldFor(maxP2pRttMs);
  const matchmaker =
    name === study.name
      ? study.matchmakerFor(maxP2pRttMs)
      : comparedMatchmaker(name as ComparedMatchmaker, world, { maxP2pRttMs });
  const simulation = new Simulation({
    world,
    config: study.configFor(matchmaker),
    name,
    seed,
    ...(onLogLine !== null && { onEvent: (_, event) => onLogLine(`${JSON.stringify(event)}\n`) }),
  });
  while (!simulation.advance(MOMENTS)) {
    onProgress(simulation.progress);
    await setImmediate();
    if (stop.aborted) return null;
  }
  return simulation.row();
}
