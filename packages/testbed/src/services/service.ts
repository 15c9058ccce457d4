import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { connect, createServer } from "node:net";

/** A server that runs as a child process of the test. */
export interface Service {
  readonly host: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** Ends the process and waits until it is gone. Idempotent. */
  close(): Promise<void>;
}

/** Below what systems hand out to whoever names no port (Linux: from 32768 on, others: from 49152 on). */
const PORTS = { first: 20_000, count: 12_000 } as const;
const MOST_TAKEN = 50;

/**
 * A port nobody listens on now, drawn from those that no system hands out by itself: whoever starts meanwhile and names
 * no port does not get it, also while a service that had it is started anew. Should another process take it by name all
 * the same, the service says so.
 */
export async function freePort(host: string): Promise<number> {
  for (let taken = 0; ; taken += 1) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    try {
      await listenOnce(host, port);
      return port;
    } catch (error) {
      if (taken === MOST_TAKEN) throw error;
    }
  }
}

const listenOnce = (host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });

export interface ServiceStart {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Removed where this process ends without `close()`. Default: nothing. */
  readonly temporaryFolder?: string | undefined;
  /** Added to this process' environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly host: string;
  readonly port: number;
  /** Resolves `true` once the service answers. Asked again until it does. */
  readonly isUp: () => Promise<boolean>;
  readonly timeoutMs: number;
}

/**
 * Starts a program and waits until it answers.
 *
 * @throws {Error} with the program's last words when it ends early or does not answer in time
 */
export async function startService(start: ServiceStart): Promise<Service> {
  const child = spawn(start.command, start.args, {
    cwd: start.cwd,
    env: { ...process.env, ...start.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-2000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", (error) => {
      output += error.message;
      resolve();
    });
  });
  const isOver = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  const killWithUs = () => {
    child.kill("SIGKILL");
    if (start.temporaryFolder !== undefined) rmSync(start.temporaryFolder, { recursive: true, force: true });
  };
  process.once("exit", killWithUs);

  async function close(): Promise<void> {
    process.off("exit", killWithUs);
    if (isOver()) return;
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), 3000);
    await exited;
    clearTimeout(force);
  }

  const deadlineAt = performance.now() + start.timeoutMs;
  while (!(await start.isUp())) {
    if (isOver()) throw new Error(`${start.command} ended before it was up:\n${output}`);
    if (performance.now() > deadlineAt) {
      await close();
      throw new Error(`${start.command} did not answer within ${start.timeoutMs} ms:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // Somebody else answered.
  if (isOver()) throw new Error(`${start.command} ended before it was up:\n${output}`);
  return { host: start.host, port: start.port, process: child, close };
}

/** Sends `question` over TCP and tells whether the answer begins with `answer`. */
export async function answers(
  host: string,
  port: number,
  question: string,
  answer: string,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(500, () => done(false));
    socket.once("error", () => done(false));
    socket.once("connect", () => socket.write(question));
    socket.once("data", (chunk) => done(chunk.toString("latin1").startsWith(answer)));
  });
}
