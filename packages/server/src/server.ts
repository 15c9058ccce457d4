import { randomUUID } from "node:crypto";
import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import { type AdminFeed, createAdminFeed } from "./admin/adminFeed.js";
import { type CheckedOptions, checkOptions } from "./checkOptions.js";
import { createGateway, type Gateway } from "./gateway/createGateway.js";
import { type NodeLink, openNodeLink } from "./gateway/nodes.js";
import type { AuthSettings, GatewayOptions } from "./gateway/options.js";
import { BeaconFace } from "./http/beacon.js";
import { CLIENT_FILE_PATH, loadClientFile } from "./http/clientFile.js";
import { Faces } from "./http/faces.js";
import { createMetrics, type Metrics } from "./http/metrics.js";
import { shareServer } from "./http/shareServer.js";
import { WhyFace } from "./http/why.js";
import { openFileStore } from "./journal/fileStore.js";
import type { LogStore } from "./journal/logs.js";
import { createVolatileStore } from "./journal/memoryJournal.js";
import { openRedisStore } from "./journal/redis/redisStore.js";
import { closeHttpServer, type Listening, type ListenOptions, localUrl, openHttpServer } from "./listen.js";
import { createLogger } from "./log.js";
import { type OpenScenes, openScenes } from "./openScenes.js";
import type { AuthOptions, ProbematchOptions } from "./options.js";
import type { SceneHandle } from "./runtime/sceneHandle.js";

/** A running server. */
export interface Probematch {
  /** The scenes by their names: how they stand, and what happens in them. */
  readonly scenes: ReadonlyMap<string, SceneHandle>;
  /**
   * Works on an application's own HTTP server (so with Express, Fastify, Koa), which keeps every request that is not
   * below `/probematch`. The application's request handler has to be on the server already. Once, instead of `listen`.
   */
  attach(httpServer: HttpServer): void;
  /**
   * Works on an HTTP server of its own. Once, instead of `attach`; when it fails it may be called again.
   *
   * @throws {ListenError} the port is in use, or the like
   */
  listen(options?: ListenOptions): Promise<Listening>;
  /**
   * Lets pages come back by themselves later, ends all connections, writes what is left to the logs and, after
   * `listen`, ends the HTTP server. Places are kept in the journal. Idempotent; takes at most `closeTimeoutMs`.
   */
  close(): Promise<void>;
}

/** What the faces' paths begin with on somebody else's server. */
const SHARED_PREFIX = "/probematch";

/**
 * Starts a server: reads the scenes' logs back, and is ready to be attached to an HTTP server.
 *
 * @example
 * ```ts
 * import { createProbematch, LatencyFifoMatchmaker, scene } from "@probematch/server";
 *
 * const probematch = await createProbematch({
 *   auth: { secret: process.env.PROBEMATCH_SECRET ?? "" },
 *   scenes: [
 *     scene("ultimatum").matchmaking({
 *       matchmaker: new LatencyFifoMatchmaker({ maxServerRttMs: 200, maxP2pRttMs: 150 }),
 *     }),
 *   ],
 * });
 * probematch.attach(httpServer); // or: await probematch.listen({ port: 4170 });
 * process.once("SIGTERM", () => void probematch.close());
 * ```
 * @throws {ConfigError} with every mistake of the options and the scenes
 * @throws {DataFolderError} the data folder is foreign, damaged, in use, or cannot be read or written
 */
export async function createProbematch(options: ProbematchOptions): Promise<Probematch> {
  const settings = checkOptions(options);
  const logger = options.logger ?? createLogger(options.logLevel ?? "info");
  const metrics = createMetrics({ includeProcess: settings.processMetrics });
  const store = await openStore(settings, logger);
  let link: NodeLink | null = null;
  try {
    if (settings.redis !== null)
      link = await openNodeLink({ ...settings.redis, secret: options.auth.secret ?? "", logger });
    const clientFile = settings.serveClient ? await loadClientFile() : null;
    if (settings.serveClient && clientFile === null) {
      logger.warn(`${CLIENT_FILE_PATH} is not served: @probematch/client has not been built here`);
    }
    const scenes = await openScenes(settings.scenes, store, metrics, logger);
    const faces = new Faces({
      scenes: scenes.runtimes,
      metrics,
      clientFile,
      beacon: new BeaconFace({ ...settings.limits, trustedProxies: settings.trustedProxies }),
      why: new WhyFace({
        scenes: scenes.runtimes,
        adminToken: options.adminToken,
        trustedProxies: settings.trustedProxies,
      }),
      logger,
      isClosing: () => server.closing,
    });
    const server: Server = new Server({ options, settings, logger, metrics, store, link, scenes, faces });
    return server;
  } catch (error) {
    metrics.close();
    link?.close();
    await store.close();
    throw error;
  }
}

function openStore(settings: CheckedOptions, logger: Logger): Promise<LogStore> | LogStore {
  const { redis, dataDir, journal } = settings;
  if (redis !== null) return openRedisStore({ ...redis, nodeId: randomUUID(), reporter: logger });
  if (dataDir === null) return createVolatileStore(logger);
  return openFileStore({ dataDir, reporter: logger, ...journal });
}

interface Parts {
  readonly options: ProbematchOptions;
  readonly settings: CheckedOptions;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly store: LogStore;
  /** To the other nodes; `null`: there are none. */
  readonly link: NodeLink | null;
  readonly scenes: OpenScenes;
  readonly faces: Faces;
}

class Server implements Probematch {
  readonly #parts: Parts;
  /** What stands on an HTTP server: ended before the scenes are. */
  #attached: { readonly gateway: Gateway; readonly feed: AdminFeed; readonly unshare: () => void } | null =
    null;
  #ownServer: HttpServer | null = null;
  #listening = false;
  #closing: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get scenes(): ReadonlyMap<string, SceneHandle> {
    return this.#parts.scenes.runtimes;
  }

  get closing(): boolean {
    return this.#closing !== null;
  }

  attach(httpServer: HttpServer): void {
    this.#mustBeFree("attach");
    this.#attach(httpServer, SHARED_PREFIX);
  }

  async listen(options: ListenOptions = {}): Promise<Listening> {
    this.#mustBeFree("listen");
    this.#listening = true;
    try {
      const { server, address } = await openHttpServer(options);
      if (this.closing) {
        await closeHttpServer(server);
        throw new Error("the server was closed while it began to listen");
      }
      this.#ownServer = server;
      this.#attach(server, "");
      const url = localUrl(address);
      this.#parts.logger.info({ url }, "listening");
      return { port: address.port, url };
    } finally {
      this.#listening = false;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeInTime();
    return this.#closing;
  }

  #mustBeFree(call: string): void {
    if (this.closing) throw new Error(`${call}() was called on a closed server`);
    if (this.#attached !== null || this.#listening) {
      throw new Error(`${call}() was called on a server that works on an HTTP server already`);
    }
  }

  #attach(httpServer: HttpServer, defaultPrefix: string): void {
    const { options, settings, scenes, logger, faces, link } = this.#parts;
    const prefix = settings.httpPrefix ?? defaultPrefix;
    const handle = (request: IncomingMessage, response: ServerResponse) =>
      faces.handle(request, response, prefix);
    const unshare = shareServer(httpServer, handle);
    const gateway = createGateway({
      server: { httpServer },
      scenes: scenes.runtimes,
      auth: authSettings(options.auth),
      limits: settings.limits,
      trustedProxies: settings.trustedProxies,
      allowedOrigins: options.allowedOrigins ?? "*",
      pingIntervalMs: settings.heartbeat.intervalMs,
      pingTimeoutMs: settings.heartbeat.timeoutMs,
      logger,
      observer: this.#observer(),
      ...(link === null ? {} : { adapter: link.adapter, sharedCounts: link.counts }),
      ...(options.ice === undefined ? {} : { ice: options.ice }),
      ...(options.transformSignal === undefined ? {} : { transformSignal: options.transformSignal }),
    });
    const feed = createAdminFeed({
      io: gateway.io,
      scenes: scenes.runtimes,
      token: options.adminToken,
      trustedProxies: settings.trustedProxies,
      logger,
    });
    this.#attached = { gateway, feed, unshare };
  }

  #observer(): GatewayOptions["observer"] & object {
    const { metrics, scenes } = this.#parts;
    return {
      ...metrics.observer,
      rttReported: ({ sceneId, participantId, at, reported, own, corrected }) =>
        scenes.telemetry
          .get(sceneId)
          ?.write({ type: "server.rtt", at, participantId, reported, own, corrected }),
    };
  }

  async #closeInTime(): Promise<void> {
    const { settings, logger } = this.#parts;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), settings.closeTimeoutMs);
    });
    const result = await Promise.race([this.#closeAll(), late]);
    clearTimeout(timer);
    if (result === "late") logger.error(`not everything had ended after ${settings.closeTimeoutMs} ms`);
    else logger.info("closed");
  }

  /** From the outside in; a part that fails to end does not keep the others open. */
  async #closeAll(): Promise<void> {
    const { scenes, store, link, metrics, logger } = this.#parts;
    const attached = this.#attached;
    const steps: readonly [string, () => unknown][] = [
      ["admin feed", () => attached?.feed.close()],
      ["gateway", () => attached?.gateway.close()],
      ["HTTP server", () => this.#ownServer && closeHttpServer(this.#ownServer)],
      ["link to other nodes", () => link?.close()],
      ["scenes", () => scenes.close()],
      ["logs", () => store.close()],
      ["metrics", () => metrics.close()],
      ["HTTP faces", () => attached?.unshare()],
    ];
    for (const [part, end] of steps) {
      try {
        await end();
      } catch (error) {
        logger.error({ err: error }, `the ${part} did not end as it should`);
      }
    }
  }
}

function authSettings(auth: AuthOptions): AuthSettings {
  if (auth.mode !== "open") return { mode: "token", secret: auth.secret };
  return auth.secret === undefined ? { mode: "open" } : { mode: "open", secret: auth.secret };
}
