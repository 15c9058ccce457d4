import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type RedisService, startRedis } from "@probematch/testbed";
import type { SetupName } from "../options.js";
import type { ServerFigures, ServerMemory } from "./serverProcess.js";

/** Who is connected is disconnected first, and a profile is written at the very end. */
const CLOSE_MS = 20_000;

/** What all processes of a setup used so far. */
export interface SetupFigures extends ServerFigures {
  /** Redis' own CPU time; 0 where there is none. */
  readonly redisCpuMs: number;
}

/** The servers of one setup, each in a process of its own, with its Redis. */
export class Servers {
  readonly urls: readonly string[];
  readonly #children: readonly ChildProcess[];
  readonly #redis: RedisService | null;
  readonly #dataDir: string;

  private constructor(children: readonly ServerChild[], redis: RedisService | null, dataDir: string) {
    this.#children = children.map(({ child }) => child);
    this.urls = children.map(({ port }) => `http://127.0.0.1:${port}`);
    this.#redis = redis;
    this.#dataDir = dataDir;
  }

  /** @param profileDir where each server leaves a CPU profile when it ends */
  static async start(setup: SetupName, profileDir: string | undefined): Promise<Servers> {
    const redis = setup.startsWith("redis") ? await startRedis({ appendOnly: true }) : null;
    const dataDir = await mkdtemp(join(tmpdir(), "probematch-load-"));
    process.once("exit", () => rmSync(dataDir, { recursive: true, force: true }));
    const count = setup === "redis-3" ? 3 : 1;
    const children = await Promise.all(
      Array.from({ length: count }, (_, i) =>
        startServer(setup, join(dataDir, `${i}`), redis?.url, profileDir),
      ),
    );
    return new Servers(children, redis, dataDir);
  }

  /** Of all nodes together; of the event loops the worst. Event-loop delays are those since the last call. */
  async figures(): Promise<SetupFigures> {
    const all = await this.#ask<ServerFigures>("figures");
    return {
      cpuMs: all.reduce((sum, f) => sum + f.cpuMs, 0),
      redisCpuMs: this.#redis === null ? 0 : await redisCpuMs(this.#redis.url),
      eventLoopDelayMs: {
        p50: Math.max(...all.map((f) => f.eventLoopDelayMs.p50)),
        p99: Math.max(...all.map((f) => f.eventLoopDelayMs.p99)),
      },
    };
  }

  /** Of all nodes together, after several collections. */
  async memory(): Promise<ServerMemory> {
    const all = await this.#ask<ServerMemory>("memory");
    return {
      rssBytes: all.reduce((sum, m) => sum + m.rssBytes, 0),
      liveBytes: all.reduce((sum, m) => sum + m.liveBytes, 0),
    };
  }

  async #ask<Answer>(question: "figures" | "memory"): Promise<readonly Answer[]> {
    return await Promise.all(
      this.#children.map(async (child) => {
        child.send(question);
        const [{ answer }] = (await once(child, "message")) as [{ answer: Answer }];
        return answer;
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        child.send("close");
        const timer = setTimeout(() => child.kill("SIGKILL"), CLOSE_MS);
        await once(child, "exit");
        clearTimeout(timer);
      }),
    );
    await this.#redis?.close();
    await rm(this.#dataDir, { recursive: true, force: true });
  }
}

/** By Redis' own account. */
async function redisCpuMs(url: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write("INFO cpu\r\nQUIT\r\n");
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  const seconds = [...text.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].map(([, value]) => Number(value));
  return seconds.reduce((sum, value) => sum + value, 0) * 1000;
}

interface ServerChild {
  readonly child: ChildProcess;
  readonly port: number;
}

async function startServer(
  setup: SetupName,
  dataDir: string,
  redisUrl: string | undefined,
  profileDir: string | undefined,
): Promise<ServerChild> {
  const program = fileURLToPath(new URL("serverProcess.js", import.meta.url));
  const profiling = profileDir === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDir}`];
  const child = fork(program, [setup, dataDir, ...(redisUrl === undefined ? [] : [redisUrl])], {
    execArgv: ["--expose-gc", ...profiling],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return { child, port };
}
