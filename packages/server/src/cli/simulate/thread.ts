/** A thread of `probematch simulate`: does the jobs it is told, one after the other. */
import { parentPort, workerData } from "node:worker_threads";
import type { CliIo } from "../io.js";
import { simulateJob } from "./jobs.js";
import { planWorld } from "./planWorld.js";
import type { ThreadOrder, ThreadStart, ThreadWord } from "./threads.js";

const { options, cwd, env } = workerData as ThreadStart;
const tell = (word: ThreadWord): void => parentPort?.postMessage(word);
/** Everything there is to say was said when the command made the same plan. */
const io: CliIo = {
  out: () => undefined,
  err: () => undefined,
  env,
  cwd,
  confirm: async () => null,
  terminal: null,
  stop: new AbortController().signal,
};
const plan = planWorld(options, io);
// Awaited, and its failure told, with the first job.
plan.catch(() => undefined);

parentPort?.on("message", async ({ job, wantsLog }: ThreadOrder) => {
  const log: string[] = [];
  try {
    const row = await simulateJob(await plan, job, options.seed, {
      onProgress: (share) => tell({ kind: "progress", share }),
      onLogLine: wantsLog ? (line) => void log.push(line) : null,
      stop: io.stop,
    });
    if (row !== null) tell({ kind: "done", row, log });
  } catch (error) {
    const { name, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
    tell({ kind: "failed", name, message, stack });
  }
});
