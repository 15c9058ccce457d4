import type { SimulationRow } from "../../sim/simulation.js";
import { loadDrawChart } from "../drawChart.js";
import { type CliIo, UsageError } from "../io.js";
import { writeOutput } from "../writeOutput.js";
import { SIMULATION_TITLE, simulationChart } from "./chart.js";
import { describeFit } from "./fitReport.js";
import { type Job, jobsOf, simulateJob } from "./jobs.js";
import type { SimulateOptions, SimulationPlan } from "./plan.js";
import { planFit } from "./planFit.js";
import { planWorld } from "./planWorld.js";
import { showProgress } from "./progress.js";
import { describeRows } from "./table.js";
import { simulateInThreads, threadsFor } from "./threads.js";

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
  const rows = await simulateAll(plan, options, note, io);
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

/** @returns `null` when it was stopped */
async function simulateAll(
  plan: SimulationPlan,
  options: SimulateOptions,
  onLogLine: ((line: string) => void) | null,
  io: CliIo,
): Promise<readonly SimulationRow[] | null> {
  const jobs = jobsOf(plan);
  const threads = options.threads ?? threadsFor(plan.participants);
  const progress = showProgress(io);
  const onProgress = (share: number, { name, maxP2pRttMs }: Job) =>
    progress.update(share, `${name}, ${maxP2pRttMs} ms`);
  try {
    // A pilot's people are as costly to learn about as to simulate.
    if (threads > 1 && options.fit === undefined) {
      const start = { options, cwd: io.cwd, env: io.env };
      return await simulateInThreads(start, jobs, threads, { onProgress, onLogLine, stop: io.stop });
    }
    const rows: SimulationRow[] = [];
    for (const [i, job] of jobs.entries()) {
      const row = await simulateJob(plan, job, options.seed, {
        onProgress: (share) => onProgress((i + share) / jobs.length, job),
        onLogLine: i === 0 ? onLogLine : null,
        stop: io.stop,
      });
      if (row === null) return null;
      rows.push(row);
    }
    return rows;
  } finally {
    progress.close();
  }
}
