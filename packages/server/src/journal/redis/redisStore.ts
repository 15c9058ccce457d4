import { performance } from "node:perf_hooks";
import { sceneIdSchema } from "@probematch/shared";
import * as v from "valibot";
import type { LogReporter, LogStore, MatchLog, TelemetryLog } from "../logs.js";
import { RedisConnection, RedisStoreError, withoutPassword } from "./connection.js";
import { sceneKeys } from "./keys.js";
import { RedisClock } from "./redisClock.js";
import { RedisJournal } from "./redisJournal.js";
import { RedisTelemetry } from "./redisTelemetry.js";

export interface RedisStoreOptions {
  /** `redis://[user:password@]host:port[/database]`, or `rediss://…` for TLS. Redis 7 or Valkey. */
  readonly url: string;
  /** What all keys begin with: one study, one prefix. Default: `"probematch"`. */
  readonly keyPrefix?: string;
  /** Names this server process; another one each time it starts. */
  readonly nodeId: string;
  readonly reporter: LogReporter;
  /** How long a scene goes undecided, at most, when the node that decides is gone without a word, ms. Default: 5000. */
  readonly leaseMs?: number;
  /** After so long without a sign of life of a node its participants count as disconnected, ms. Default: 10000. */
  readonly nodeMs?: number;
  /** What cannot be written for this long is refused, ms. Default: 5000, or half of `nodeMs` where that is less. */
  readonly appendTimeoutMs?: number;
  /** A snapshot is made, and what lies behind the one before moved to the archive, every so many events. Default: 10000. */
  readonly snapshotEvents?: number;
}

/** A node's logs in Redis, which it shares with other nodes. */
export interface RedisStore extends LogStore {
  readonly shared: NonNullable<LogStore["shared"]>;
}

/** Looks at the time on opening: the quickest answer counts. */
const CLOCK_LOOKS = 5;

/**
 * Logs in Redis, for several nodes: one stream per scene that every node reads; whoever holds the scene's lease
 * decides.
 *
 * @throws {RedisStoreError} Redis cannot be reached, or is too old
 * @example
 * ```ts
 * const store = await openRedisStore({ url: "redis://localhost:6379", nodeId: randomUUID(), reporter: pino() });
 * const journal = await store.scene("ultimatum");
 * await journal.open((events) => events.forEach(apply));
 * ```
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const { url, reporter } = options;
  const connection = await RedisConnection.open({
    url,
    name: "probematch-write",
    reporter,
    silenceMs: options.appendTimeoutMs ?? 5000,
  });
  try {
    await checkServer(connection, url, reporter);
    const clock = new RedisClock(reporter);
    await lookAtClock(connection, clock);
    return new Store(connection, clock, options);
  } catch (error) {
    connection.close();
    throw error;
  }
}

class Store implements RedisStore {
  readonly shared: NonNullable<LogStore["shared"]>;
  readonly #clock: RedisClock;
  readonly #connection: RedisConnection;
  readonly #options: RedisStoreOptions;
  readonly #journals = new Map<string, RedisJournal>();
  readonly #telemetry = new Map<string, RedisTelemetry>();
  #closing: Promise<void> | null = null;

  constructor(connection: RedisConnection, clock: RedisClock, options: RedisStoreOptions) {
    this.#connection = connection;
    this.#clock = clock;
    this.shared = { nodeId: options.nodeId, clock };
    this.#options = options;
  }

  async scene(sceneId: string): Promise<RedisJournal> {
    this.#check(sceneId);
    if (this.#journals.has(sceneId)) throw new Error(`the journal of ${sceneId} is in use already`);
    const { url, keyPrefix = "probematch", nodeId, reporter } = this.#options;
    const { leaseMs = 5000, nodeMs = 10_000, snapshotEvents = 10_000 } = this.#options;
    const appendTimeoutMs = this.#options.appendTimeoutMs ?? Math.min(5000, nodeMs / 2);
    const journal = new RedisJournal({
      url,
      keyPrefix,
      sceneId,
      keys: sceneKeys(keyPrefix, sceneId),
      nodeId,
      connection: this.#connection,
      clock: this.#clock,
      reporter,
      leaseMs,
      nodeMs,
      appendTimeoutMs,
      snapshotEvents,
      onClosed: () => this.#journals.delete(sceneId),
    });
    this.#journals.set(sceneId, journal);
    return journal;
  }

  /** Matches follow from the journal, which is all in Redis: `probematch journal export` writes them out. */
  async matches(sceneId: string): Promise<MatchLog> {
    this.#check(sceneId);
    let lastSeq = 0;
    return {
      get lastSeq() {
        return lastSeq;
      },
      append(record) {
        lastSeq = Math.max(lastSeq, record.seq);
      },
      flush: async () => undefined,
      close: async () => undefined,
    };
  }

  async telemetry(sceneId: string): Promise<TelemetryLog> {
    this.#check(sceneId);
    const { keyPrefix = "probematch", reporter } = this.#options;
    const log =
      this.#telemetry.get(sceneId) ??
      new RedisTelemetry({
        connection: this.#connection,
        stream: sceneKeys(keyPrefix, sceneId).telemetry,
        sceneId,
        reporter,
      });
    this.#telemetry.set(sceneId, log);
    return log;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled([...this.#telemetry.values()].map((log) => log.close()));
    await Promise.allSettled([...this.#journals.values()].map((journal) => journal.close()));
    this.#connection.close();
  }

  #check(sceneId: string): void {
    if (this.#closing !== null) throw new Error("the store is closed");
    v.parse(sceneIdSchema, sceneId);
  }
}

const OLDEST_VERSION = 7;

async function checkServer(connection: RedisConnection, url: string, reporter: LogReporter): Promise<void> {
  const info = String(await connection.send(["INFO"], 5000));
  const field = (name: string) => new RegExp(`^${name}:(.*)$`, "m").exec(info)?.[1]?.trim();
  const version = field("redis_version") ?? "0";
  if (Number.parseInt(version, 10) < OLDEST_VERSION) {
    throw new RedisStoreError(
      `Redis at ${withoutPassword(url)} is version ${version}. Probematch needs Redis ${OLDEST_VERSION} or newer, or Valkey.`,
    );
  }
  if (field("aof_enabled") !== "1") {
    reporter.warn(
      'Redis does not log to disk what it is told: what happened since its last snapshot is lost when it ends. Set "appendonly yes" in its configuration.',
    );
  }
  const policy = field("maxmemory_policy");
  if (field("maxmemory") !== "0" && policy !== undefined && policy !== "noeviction") {
    reporter.warn(
      { policy },
      'Redis may throw keys away when its memory is full. Set "maxmemory-policy noeviction".',
    );
  }
}

async function lookAtClock(connection: RedisConnection, clock: RedisClock): Promise<void> {
  let best: { readonly tripMs: number; readonly redisMs: number; readonly askedAt: number } | null = null;
  for (let i = 0; i < CLOCK_LOOKS; i += 1) {
    const askedAt = performance.now();
    const [seconds, micros] = (await connection.send(["TIME"], 5000)) as [string, string];
    const tripMs = performance.now() - askedAt;
    const redisMs = Number(seconds) * 1000 + Number(micros) / 1000;
    if (best === null || tripMs < best.tripMs) best = { tripMs, redisMs, askedAt };
  }
  if (best !== null) clock.start(best.redisMs - (best.askedAt + best.tripMs / 2));
}
