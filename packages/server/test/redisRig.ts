import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type RedisService, redisServers, startRedis } from "@probematch/testbed";
import { pino } from "pino";
import { RedisConnection } from "../src/journal/redis/connection.js";
import { openRedisStore, type RedisStore } from "../src/journal/redis/redisStore.js";
import { temporaryFolder } from "./dataFolders.js";

/** Redis tests are left out, and say so in their title, where no server is installed. */
export const hasRedis = redisServers().length > 0;
export const redisTitle = (title: string): string =>
  hasRedis ? title : `${title} (left out: redis-server is not installed)`;

/** Short times, so that what has to expire does so soon; an append on a busy machine may take more than 800 ms. */
export const quick = { leaseMs: 900, nodeMs: 2000, appendTimeoutMs: 2000, snapshotEvents: 10_000 };

/** A real Redis of its own, and nodes' stores on it. */
export class RedisRig {
  redis: RedisService;
  readonly keyPrefix = "test";
  readonly log: Record<string, unknown>[] = [];
  readonly #folder: string;
  readonly #command: string | undefined;
  readonly #stores: RedisStore[] = [];

  private constructor(redis: RedisService, folder: string, command: string | undefined) {
    this.redis = redis;
    this.#folder = folder;
    this.#command = command;
  }

  /** @param command the program; default: the first of `redisServers()` */
  static async start(command = redisServers()[0]): Promise<RedisRig> {
    const folder = temporaryFolder();
    const program = command === undefined ? {} : { command };
    const rig = new RedisRig(await startRedis({ appendOnly: true, folder, ...program }), folder, command);
    // Otherwise a busy disk may let Redis answer before it has written.
    await rig.command("CONFIG", "SET", "appendfsync", "always");
    return rig;
  }

  /** Asks Redis for something beside the stores. */
  async command(...args: string[]): Promise<unknown> {
    const reporter = pino({ level: "silent" });
    const connection = await RedisConnection.open({
      url: this.redis.url,
      name: "test",
      reporter,
      silenceMs: 5000,
    });
    try {
      return await connection.send(args, 5000);
    } finally {
      connection.close();
    }
  }

  /** Ends Redis as a power cut of its process would. */
  async kill(): Promise<void> {
    const gone = once(this.redis.process, "exit");
    this.redis.process.kill("SIGKILL");
    await gone;
  }

  /** Starts Redis again where it was, with what it had written or with nothing. */
  async restart(keeping: "everything" | "nothing" = "everything"): Promise<void> {
    const { port } = this.redis;
    if (keeping === "nothing") await rm(join(this.#folder, "appendonlydir"), { recursive: true });
    const program = this.#command === undefined ? {} : { command: this.#command };
    this.redis = await startRedis({ appendOnly: true, folder: this.#folder, port, ...program });
  }

  async store(nodeId: string = randomUUID(), changes: Partial<typeof quick> = {}): Promise<RedisStore> {
    const reporter = pino(
      { level: "trace" },
      { write: (line: string) => void this.log.push(JSON.parse(line)) },
    );
    const { redis, keyPrefix } = this;
    const store = await openRedisStore({ url: redis.url, keyPrefix, nodeId, reporter, ...quick, ...changes });
    this.#stores.push(store);
    return store;
  }

  /** Redis answers nobody, as when its machine hangs. */
  pause(): void {
    this.redis.process.kill("SIGSTOP");
  }

  resume(): void {
    this.redis.process.kill("SIGCONT");
  }

  async close(): Promise<void> {
    this.resume();
    await Promise.all(this.#stores.map((store) => store.close()));
    await this.redis.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
