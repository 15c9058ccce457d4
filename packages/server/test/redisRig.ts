import { randomUUID } from "node:crypto";
import { findOnPath, type RedisService, startRedis } from "@probematch/testbed";
import { pino } from "pino";
import { openRedisStore, type RedisStore } from "../src/journal/redis/redisStore.js";

/** Redis tests are left out, and say so in their title, where no server is installed. */
export const hasRedis = findOnPath("redis-server", "valkey-server") !== null;
export const redisTitle = (title: string): string =>
  hasRedis ? title : `${title} (left out: redis-server is not installed)`;

/** Short times, so that what has to expire does so soon. */
export const quick = { leaseMs: 400, nodeMs: 900, appendTimeoutMs: 600 };

/** A real Redis of its own, and nodes' stores on it. */
export class RedisRig {
  readonly redis: RedisService;
  readonly keyPrefix = "test";
  readonly log: Record<string, unknown>[] = [];
  readonly #stores: RedisStore[] = [];

  private constructor(redis: RedisService) {
    this.redis = redis;
  }

  static async start(): Promise<RedisRig> {
    return new RedisRig(await startRedis({ appendOnly: true }));
  }

  async store(nodeId: string = randomUUID(), changes: Partial<typeof quick> = {}): Promise<RedisStore> {
    const reporter = pino({ level: "trace" }, { write: (line: string) => void this.log.push(JSON.parse(line)) });
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
  }
}
