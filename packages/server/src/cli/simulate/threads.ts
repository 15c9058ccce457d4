import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { SimulationRow } from "../../sim/simulation.js";
import type { CliIo } from "../io.js";
import type { Job } from "./jobs.js";
import type { SimulateOptions } from "./plan.js";

/** What a thread is started with. It makes the plan anew: a matchmaker cannot be handed over. */
export interface ThreadStart {
  readonly options: SimulateOptions;
  readonly cwd: string;
  readonly env: CliIo["env"];
}

/** To a thread. It does one at a time. */
export interface ThreadOrder {
  readonly job: Job;
  readonly wantsLog: boolean;
}

/** From a thread. */
export type ThreadWord =
  | { readonly kind: "progress"; readonly share: number }
  | { readonly kind: "done"; readonly row: SimulationRow; readonly log: readonly string[] }
  | { readonly kind: "failed"; readonly name: string; readonly message: string; readonly stack: string };

/** Below this a thread takes longer to start than the work does. */
const LEAST_PARTICIPANTS = 3_000;

/** How many threads are worth it. */
export const threadsFor = (participants: number): number =>
  participants < LEAST_PARTICIPANTS ? 1 : availableParallelism();

interface ThreadsWatch {
  /** How much of all jobs is done, 0 to 1, and what is at work. */
  readonly onProgress: (share: number, what: Job) => void;
  /** Is given the first job's log; `null` = it is not wanted. */
  readonly onLogLine: ((line: string) => void) | null;
  readonly stop: AbortSignal;
}

/**
 * Does the jobs on several threads.
 *
 * @returns a row for each job, in their order; `null` when it was stopped
 * @throws what a job failed with
 */
export async function simulateInThreads(
  start: ThreadStart,
  jobs: readonly Job[],
  count: number,
  { onProgress, onLogLine, stop }: ThreadsWatch,
): Promise<readonly SimulationRow[] | null> {
  if (stop.aborted) return null;
  const rows = new Map<Job, SimulationRow>();
  const shares = new Map<Job, number>();
  // The shortest ones fill the end, when a thread would have nothing to do.
  const left = [...jobs].sort((a, b) => Number(isShort(a)) - Number(isShort(b)));
  const threads = Array.from(
    { length: Math.min(count, jobs.length) },
    () => new Worker(new URL("./thread.js", import.meta.url), { workerData: start, stdout: true }),
  );
  try {
    await new Promise<void>((resolve, reject) => {
      stop.addEventListener("abort", () => resolve(), { once: true });
      for (const thread of threads) {
        let job: Job | undefined;
        const next = () => {
          job = left.shift();
          if (job === undefined) return;
          thread.postMessage({
            job,
            wantsLog: onLogLine !== null && job === jobs[0],
          } satisfies ThreadOrder);
        };
        const note = (share: number) => {
          if (job === undefined) return;
          shares.set(job, share);
          onProgress([...shares.values()].reduce((sum, one) => sum + one, 0) / jobs.length, job);
        };
        thread.on("message", (word: ThreadWord) => {
          if (word.kind === "failed") reject(errorOf(word));
          else if (word.kind === "progress") note(word.share);
          else {
            note(1);
            if (job !== undefined) rows.set(job, word.row);
            for (const line of word.log) onLogLine?.(line);
            next();
            if (rows.size === jobs.length) resolve();
          }
        });
        thread.on("error", reject);
        thread.on("exit", (code) => reject(new Error(`a simulating thread ended with ${code}`)));
        next();
      }
    });
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
  return stop.aborted ? null : jobs.flatMap((job) => rows.get(job) ?? []);
}

/** Most of its people are with nobody, so there is little to probe. */
const isShort = ({ name }: Job): boolean => name === "latency-fifo";

/** As it was thrown there: errors lose their names on the way. */
function errorOf({ name, message, stack }: Extract<ThreadWord, { kind: "failed" }>): Error {
  const error = new Error(message);
  error.name = name;
  error.stack = stack;
  return error;
}
