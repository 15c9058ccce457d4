import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startRedis } from "@probematch/testbed";
import { figuresOf, print } from "./figures.js";
import { connectIdle, generateLoad } from "./load/generator.js";
import type { ServerFigures, SetupName } from "./load/serverProcess.js";

interface Options {
  readonly setup: readonly string[];
  readonly rate: number;
  readonly seconds: number;
  readonly idle: number;
  readonly json?: true | undefined;
}

/**
 * What a server carries: those who only wait (memory), then matches at a fixed rate (latency, CPU). Servers, Redis and
 * the generator share the machine; the generator's own cost is in every row alike.
 */
export async function benchLoad(options: Options): Promise<void> {
  const rows: object[] = [];
  for (const setup of options.setup as readonly SetupName[]) {
    process.stderr.write(`${setup} …\n`);
    rows.push(await measure(setup, options));
  }
  print({ rows }, options.json, () => rows.map(flat));
}

async function measure(setup: SetupName, { rate, seconds, idle }: Options): Promise<object> {
  const redis = setup.startsWith("redis") ? await startRedis() : null;
  const dataDir = await mkdtemp(join(tmpdir(), "probematch-load-"));
  const nodes = setup === "redis-3" ? 3 : 1;
  const servers = await Promise.all(
    Array.from({ length: nodes }, (_, i) => startServer(setup, join(dataDir, `${i}`), redis?.url)),
  );
  const urls = servers.map(({ port }) => `http://127.0.0.1:${port}`);
  try {
    await generateLoad(urls, Math.min(rate, 200), 2, "warm");
    const before = await figures(servers);
    const waiting = await connectIdle(urls, idle);
    const during = await figures(servers);
    waiting.close();
    await figures(servers);
    const start = await figures(servers);
    const load = await generateLoad(urls, rate, seconds, "load");
    const end = await figures(servers);
    const { p50, p95 } = figuresOf(load.latenciesMs);
    const p99 =
      [...load.latenciesMs].sort((a, b) => a - b)[Math.floor(load.latenciesMs.length * 0.99)] ?? null;
    const bytesPerConnection = Math.round((during.rssBytes - before.rssBytes) / idle);
    return {
      setup,
      participants: load.participants,
      refused: load.refused,
      assignedPerSecond: Math.round(load.assignedPerSecond),
      latencyMs: { p50, p95, p99: p99 === null ? null : Number(p99.toFixed(1)) },
      joinsPerSecond: Math.round(waiting.joinsPerSecond),
      bytesPerConnection,
      connectionsPerGiB: Math.round(2 ** 30 / bytesPerConnection),
      cpuMsPerMatch: Number(((end.cpuMs - start.cpuMs) / (load.participants / 2)).toFixed(2)),
      eventLoopDelayMs: { p50: round(end.eventLoopDelayMs.p50), p99: round(end.eventLoopDelayMs.p99) },
    };
  } finally {
    for (const { child } of servers) {
      child.send("close");
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await once(child, "exit");
      clearTimeout(timer);
    }
    await redis?.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

interface ServerChild {
  readonly child: ChildProcess;
  readonly port: number;
}

async function startServer(
  setup: SetupName,
  dataDir: string,
  redisUrl: string | undefined,
): Promise<ServerChild> {
  const program = fileURLToPath(new URL("load/serverProcess.js", import.meta.url));
  const child = fork(program, [setup, dataDir, ...(redisUrl === undefined ? [] : [redisUrl])], {
    execArgv: ["--expose-gc"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return { child, port };
}

/** Of all nodes together; the worst event loop. */
async function figures(servers: readonly ServerChild[]): Promise<ServerFigures> {
  const all = await Promise.all(
    servers.map(async ({ child }) => {
      child.send("figures");
      const [answer] = (await once(child, "message")) as [{ figures: ServerFigures }];
      return answer.figures;
    }),
  );
  return {
    rssBytes: all.reduce((sum, f) => sum + f.rssBytes, 0),
    cpuMs: all.reduce((sum, f) => sum + f.cpuMs, 0),
    eventLoopDelayMs: {
      p50: Math.max(...all.map((f) => f.eventLoopDelayMs.p50)),
      p99: Math.max(...all.map((f) => f.eventLoopDelayMs.p99)),
    },
  };
}

const round = (value: number) => Number(value.toFixed(1));

/** Nested figures side by side, for a table. */
function flat(row: object): object {
  return Object.fromEntries(
    Object.entries(row).flatMap(([key, value]) =>
      value !== null && typeof value === "object"
        ? Object.entries(value).map(([inner, v]) => [`${key}.${inner}`, v])
        : [[key, value]],
    ),
  );
}
