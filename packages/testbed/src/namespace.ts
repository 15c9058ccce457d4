import { spawn, spawnSync } from "node:child_process";
import { findOnPath } from "./onPath.js";

/** Set for processes that run inside a namespace made here. */
const MARK = "PROBEMATCH_NETNS";
/** The one address of the namespace besides 127.0.0.1, on an interface that leads nowhere. */
export const NAMESPACE_ADDRESS = "10.99.0.1";

/** True in a process that was started by {@link runInNamespace}, and in all of its children. */
export function isInNamespace(): boolean {
  return process.env[MARK] === "1";
}

export interface NamespaceRun {
  /** Exit code of the command; 128 + signal number is not told apart from a code. */
  readonly exitCode: number;
}

/**
 * How this machine can make a network namespace: the words to put before a command, or `null` where it cannot.
 *
 * As root a plain one; without root inside a user namespace of its own, where the system allows that.
 */
export function namespacePrefix(): readonly string[] | null {
  if (process.platform !== "linux") return null;
  const unshare = findOnPath("unshare");
  const ip = findOnPath("ip");
  if (unshare === null || ip === null) return null;
  const flags = process.getuid?.() === 0 ? ["--net"] : ["--user", "--map-root-user", "--net"];
  const setUp = [
    `"${ip}" link set lo up`,
    // A pair of virtual ends with nothing behind them: Chromium gathers no candidates on a loopback interface.
    `"${ip}" link add pm0 type veth peer name pm1`,
    `"${ip}" addr add ${NAMESPACE_ADDRESS}/24 dev pm0`,
    `"${ip}" link set pm0 up`,
    `"${ip}" link set pm1 up`,
    `"${ip}" route add default dev pm0 src ${NAMESPACE_ADDRESS}`,
    'exec "$@"',
  ].join(" && ");
  const prefix = [unshare, ...flags, "--", "sh", "-c", setUp, "sh"];
  const [command, ...args] = [...prefix, "true"];
  if (command === undefined) return null;
  return spawnSync(command, args, { stdio: "ignore", timeout: 10_000 }).status === 0 ? prefix : null;
}

/**
 * Runs a command, with this process's standard streams, in a network namespace of its own: 127.0.0.1,
 * {@link NAMESPACE_ADDRESS} and a default route into nothing. WebRTC finds in it what it needs to gather candidates,
 * and no packet can leave.
 *
 * The namespace has no name and ends with its last process, so there is nothing to clean up, whatever happens to
 * this process.
 *
 * @returns `null` when this machine cannot make one; nothing was run
 *
 * @example
 * const run = await runInNamespace(process.execPath, ["test.mjs"]);
 * if (run === null) console.error("no namespace here: run on loopback instead");
 */
export async function runInNamespace(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<NamespaceRun | null> {
  const prefix = namespacePrefix();
  const program = prefix?.[0];
  if (prefix === null || program === undefined) return null;
  const child = spawn(program, [...prefix.slice(1), command, ...args], {
    stdio: "inherit",
    env: { ...env, [MARK]: "1" },
  });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  process.on("SIGINT", pass).on("SIGTERM", pass);
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => resolve({ exitCode: code ?? 1 }));
    });
  } finally {
    process.off("SIGINT", pass).off("SIGTERM", pass);
  }
}
