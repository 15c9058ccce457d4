import { setImmediate } from "node:timers/promises";
import type { Matchmaker } from "../../matchmakers/matchmaker.js";
import { type ComparedMatchmaker, comparedMatchmaker } from "../../sim/qualityMatchmakers.js";
import type { SimulatedWorld } from "../../sim/simulatedWorld.js";
import { Simulation, type SimulationRow } from "../../sim/simulation.js";
import { loadDrawChart } from "../drawChart.js";
import { type CliIo, UsageError } from "../io.js";
import { writeOutput } from "../writeOutput.js";
import { SIMULATION_TITLE, simulationChart } from "./chart.js";
import { describeFit } from "./fitReport.js";
import type { SimulateOptions, SimulationPlan } from "./plan.js";
import { planFit } from "./planFit.js";
import { planWorld } from "./planWorld.js";
import { showProgress } from "./progress.js";
import { describeRows } from "./table.js";

/**
 * Simulates every limit with every matchmaker, and prints the figures.
 *
 * @returns false when it was stopped before the end; then nothing is printed
 * @throws {UsageError | ConfigError | DataFolderError | SimulationStuckError}
 */
export async function runSimulation(options: SimulateOptions, io: CliIo): Promise<boolean> {
  const { fit: pilot } = options;
  // Before the work, so that nobody waits for it in vain.
  const draw = options.plot === undefined ? null : await loadDrawChart();
  const plan =
    pilot === undefined ? await planWorld(options, io) : await planFit({ ...options, fit: pilot }, io);
  if (plan === null) return false;
  const { study, fit, matrix } = plan;
  if (study.limitsMs.length === 0)
    throw new UsageError(
      "the study's matchmaker has no maxP2pRttMs, so nothing would be probed. Give a limit with --max-p2p-rtt.",
    );
  const log: string[] = [];
  const note = options.journal === undefined ? null : (line: string) => void log.push(line);
  const rows = await simulateAll(plan, options.seed, note, io);
  if (rows === null) return false;
  if (options.journal !== undefined) await writeOutput(options.journal, log.join(""), io);
  if (options.plot !== undefined && draw !== null)
    await writeOutput(options.plot, await draw(simulationChart(rows, study.name), SIMULATION_TITLE), io);
  if (options.json === true) {
    const report = { rows: rows.map((row) => ({ matrix, ...row })), ...(fit === null ? {} : { fit }) };
    io.out(`${JSON.stringify(report)}\n`);
  } else io.out(`${fit === null ? "" : describeFit(fit)}${describeRows(rows, study.name)}`);
  return true;
}

const baselines = [
  "lowest-latency",
  "fifo",
  "latency-fifo",
  "oracle",
] as const satisfies readonly ComparedMatchmaker[];
/** Moments of a study between two looks at whether somebody wants it stopped. */
const MOMENTS = 2_000;

/**
 * The same people come to every matchmaker.
 *
 * @param note the chosen matchmaker's log under the first limit, a line at a time; `null` = it is not wanted
 * @returns `null` when it was stopped
 */
async function simulateAll(
  { study, worldFor }: SimulationPlan,
  seed: string,
  note: ((line: string) => void) | null,
  io: CliIo,
): Promise<SimulationRow[] | null> {
  const names = [study.name, ...baselines.filter((name) => name !== study.name)];
  const total = study.limitsMs.length * names.length;
  const rows: SimulationRow[] = [];
  const progress = showProgress(io);
  const matchmakerOf = (name: string, maxP2pRttMs: number, world: SimulatedWorld): Matchmaker =>
    name === study.name
      ? study.matchmakerFor(maxP2pRttMs)
      : comparedMatchmaker(name as ComparedMatchmaker, world, { maxP2pRttMs });
  try {
    for (const maxP2pRttMs of study.limitsMs) {
      for (const name of names) {
        const world = worldFor(maxP2pRttMs);
        const config = study.configFor(matchmakerOf(name, maxP2pRttMs, world));
        const simulation = new Simulation({
          world,
          config,
          name,
          seed,
          ...(note !== null &&
            rows.length === 0 && { onEvent: (_, event) => note(`${JSON.stringify(event)}\n`) }),
        });
        while (!simulation.advance(MOMENTS)) {
          progress.update((rows.length + simulation.progress) / total, `${name}, ${maxP2pRttMs} ms`);
          await setImmediate();
          if (io.stop.aborted) return null;
        }
        rows.push(simulation.row());
      }
    }
    return rows;
  } finally {
    progress.close();
  }
}
