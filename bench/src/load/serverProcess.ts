import { monitorEventLoopDelay } from "node:perf_hooks";
import { createProbematch, FifoMatchmaker, sameAttribute, scene } from "@probematch/server";
import { startBareServer } from "./bareServer.js";

export interface ServerFigures {
  readonly cpuMs: number;
  readonly eventLoopDelayMs: { readonly p50: number; readonly p99: number };
}

export interface ServerMemory {
  /** What the process has of the machine's memory. */
  readonly rssBytes: number;
  /** What of it is in use: live objects of the heap, and what they hold outside. */
  readonly liveBytes: number;
}

/** V8 gives memory back some time after a collection, so several are made. */
const COLLECTIONS = 4;
const AFTER_COLLECTION_MS = 1000;

/** A rule under which nobody can be with anybody. */
class Apart extends FifoMatchmaker {
  override allowsPair(): boolean {
    return false;
  }
}

const [, , setup, dataDir, redisUrl] = process.argv;
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();

const server = setup === "bare-socket.io" ? await startBareServer() : await startOurs();

process.send?.({ port: server.port });
process.on("message", (question) => {
  if (question === "close") void server.close().then(() => process.exit(0));
  if (question === "memory") void memory().then((answer) => process.send?.({ answer }));
  if (question !== "figures") return;
  const { user, system } = process.cpuUsage();
  const answer: ServerFigures = {
    cpuMs: (user + system) / 1000,
    eventLoopDelayMs: { p50: delay.percentile(50) / 1e6, p99: delay.percentile(99) / 1e6 },
  };
  delay.reset();
  process.send?.({ answer });
});
process.on("disconnect", () => process.exit(0));

async function memory(): Promise<ServerMemory> {
  for (let i = 0; i < COLLECTIONS; i += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, AFTER_COLLECTION_MS));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rssBytes: rss, liveBytes: heapUsed + external };
}

async function startOurs(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const unlimited = 1_000_000;
  const probematch = await createProbematch({
    auth: { mode: "open", secret: "the same for all nodes of this benchmark" },
    logLevel: "silent",
    ...(redisUrl === undefined ? { dataDir: dataDir ?? null } : redisOptions(redisUrl)),
    limits: {
      joinsPerMinutePerAddress: unlimited,
      joinsPerMinutePerParticipant: unlimited,
      messageBurst: unlimited,
      messagesPerSecond: unlimited,
    },
    scenes: [
      scene("load").matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 150 }) }),
      // Where most cannot be with most.
      scene("crowd")
        .matchmaking({
          matchmaker: new FifoMatchmaker({ maxP2pRttMs: 150 }),
          rules: [sameAttribute("language")],
        })
        .waitroom({ timeoutMs: null }),
      // Nobody here is ever matched: for counting those who wait.
      scene("idle").groupSize(8).matchmaking({ matchmaker: new Apart() }).waitroom({ timeoutMs: null }),
    ],
  });
  const { port } = await probematch.listen({ port: 0, host: "127.0.0.1" });
  return { port, close: () => probematch.close() };
}

/** Set when the server can use Redis. */
function redisOptions(url: string): object {
  return { redis: { url } };
}
