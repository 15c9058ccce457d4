import { createClient } from "redis";
import { reasonOf } from "../errors.js";
import type { LogReporter } from "../logs.js";

export interface ConnectionOptions {
  readonly url: string;
  /** What it is for, in log lines and in Redis' CLIENT LIST. */
  readonly name: string;
  readonly reporter: LogReporter;
  /** A connection on which nothing comes for this long is given up and made anew, ms. */
  readonly silenceMs: number;
  /** Ask for a sign of life this often, where nothing else is said, ms. Default: never. */
  readonly pingMs?: number;
}

/** Redis cannot be used: what is wrong and what to do, for the person who started the server. */
export class RedisStoreError extends Error {
  override readonly name = "RedisStoreError";
}

/** An answer did not come in time: what was asked for may have been done or not. */
class RedisTimeoutError extends Error {
  override readonly name = "RedisTimeoutError";
}

const CONNECT_MS = 5000;
const RETRY_MAX_MS = 1000;

/**
 * The plain client. It makes its connection anew by itself, at first at once and then every second; commands sent
 * meanwhile fail unless `queueOffline` is set.
 */
export function createRedisClient(options: ConnectionOptions & { readonly queueOffline?: boolean }) {
  const { url, name, reporter, silenceMs } = options;
  const client = createClient({
    url,
    name,
    RESP: 2,
    disableOfflineQueue: options.queueOffline !== true,
    // The library's own would be an AbortSignal per command; see `RedisConnection.send` and `silenceMs`.
    commandOptions: { timeout: 0 },
    ...(options.pingMs === undefined ? {} : { pingInterval: options.pingMs }),
    socket: {
      connectTimeout: 2000,
      socketTimeout: silenceMs,
      reconnectStrategy: (retries: number) => Math.min(50 * (retries + 1), RETRY_MAX_MS),
    },
  });
  let failing = false;
  client.on("error", (error: unknown) => {
    if (!failing) reporter.warn({ reason: reasonOf(error), connection: name }, "no connection to Redis");
    failing = true;
  });
  client.on("ready", () => {
    if (failing) reporter.info({ connection: name }, "connected to Redis again");
    failing = false;
  });
  return client;
}

export type RedisClient = ReturnType<typeof createRedisClient>;

/** @throws {RedisStoreError} Redis is not there within five seconds */
export async function connectClient(client: RedisClient, url: string): Promise<void> {
  let lastError: unknown = null;
  const note = (error: unknown) => {
    lastError = error;
  };
  client.on("error", note);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(reasonOf(lastError ?? "no answer"))), CONNECT_MS);
  });
  try {
    await Promise.race([client.connect(), late]);
  } catch (error) {
    client.destroy();
    throw new RedisStoreError(
      `Redis at ${withoutPassword(url)} cannot be reached: ${reasonOf(error)}. Start it, or correct the URL (redis://host:port).`,
    );
  } finally {
    clearTimeout(timer);
    client.off("error", note);
  }
}

export function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return "this URL";
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** One connection to Redis with a deadline on every answer. */
export class RedisConnection {
  readonly #client: RedisClient;
  #closed = false;

  private constructor(client: RedisClient) {
    this.#client = client;
  }

  /** @throws {RedisStoreError} Redis is not there within five seconds */
  static async open(options: ConnectionOptions): Promise<RedisConnection> {
    const client = createRedisClient(options);
    await connectClient(client, options.url);
    return new RedisConnection(client);
  }

  get ready(): boolean {
    return !this.#closed && this.#client.isReady;
  }

  /** Called when the connection is made (anew) or lost. */
  onChange(listener: () => void): void {
    this.#client.on("ready", listener);
    // Before each attempt to make it anew, and when an attempt fails.
    this.#client.on("reconnecting", listener);
    this.#client.on("error", listener);
  }

  /**
   * @throws {RedisTimeoutError} no answer in time
   * @throws {ErrorReply} Redis refused
   */
  async send(args: readonly string[], timeoutMs: number): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new RedisTimeoutError(`Redis has not answered for ${timeoutMs} ms`)),
        timeoutMs,
      );
    });
    try {
      return await Promise.race([this.#client.sendCommand([...args]), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it at once. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#client.destroy();
  }
}
