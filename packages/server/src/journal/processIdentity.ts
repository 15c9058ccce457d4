import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import * as v from "valibot";
import { errorCode } from "./errors.js";

/**
 * Which process it is, so that a later one can tell whether it still runs: a pid alone may be another process's by
 * then, or mean another process in another container.
 */
export const processIdentitySchema = v.object({
  pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  host: v.string(),
  /** This start of the machine and the pid namespace in it; `null` where the system has none (not Linux). */
  pidSpace: v.nullable(v.string()),
  /** When the process began, in clock ticks since the machine's start; `null` as above. */
  startTicks: v.nullable(v.string()),
});
export type ProcessIdentity = v.InferOutput<typeof processIdentitySchema>;

/** The identity of this process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  return {
    pid: process.pid,
    host: hostname(),
    pidSpace: await ownPidSpace(),
    startTicks: (await readStat("self"))?.startTicks ?? null,
  };
}

/**
 * Does that process still run?
 *
 * @returns `unknown` where this process cannot see it: another machine or container, or a system without `/proc`
 */
export async function isRunning(other: ProcessIdentity, own: ProcessIdentity): Promise<boolean | "unknown"> {
  if (other.host !== own.host && other.pidSpace === null) return "unknown";
  if (other.pidSpace !== own.pidSpace) return "unknown";
  const signal = sendNothing(other.pid);
  if (signal === "ESRCH") return false;
  if (other.startTicks === null) return "unknown";
  const stat = await readStat(String(other.pid));
  // Of a process we may not signal, `/proc` may be hidden as well.
  if (stat === null) return signal === null ? false : "unknown";
  return stat.startTicks === other.startTicks && stat.state !== "Z" && stat.state !== "X";
}

/** The error code of sending a process no signal at all, `null` when it could be sent. */
function sendNothing(pid: number): string | null {
  try {
    process.kill(pid, 0);
    return null;
  } catch (error) {
    return errorCode(error) ?? "unknown";
  }
}

async function ownPidSpace(): Promise<string | null> {
  try {
    const bootId = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    return `${bootId.trim()} ${await readlink("/proc/self/ns/pid")}`;
  } catch {
    return null;
  }
}

/** A process's state and start from `/proc/{pid}/stat` (proc(5): fields 3 and 22), `null` where it is not there. */
async function readStat(
  pid: string,
): Promise<{ readonly state: string; readonly startTicks: string } | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // Field 2 is the program's name in brackets and may hold anything, brackets too.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const state = fields[0];
    const startTicks = fields[19];
    return state === undefined || startTicks === undefined ? null : { state, startTicks };
  } catch {
    return null;
  }
}
