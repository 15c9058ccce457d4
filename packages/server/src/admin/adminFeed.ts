import { createHash, timingSafeEqual } from "node:crypto";
import type { Logger } from "pino";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { DefaultEventsMap, Namespace } from "socket.io";
import { clientAddress } from "../gateway/joinLimiter.js";
import { RefusedConnection, refusal } from "../gateway/refusals.js";
import type { ProbematchIo } from "../gateway/socketServer.js";
import type { SceneHandle } from "../runtime/sceneHandle.js";
import { ActivityLog } from "./activityLog.js";
import { ADMIN_NAMESPACE, type AdminEvents } from "./adminMessages.js";

export interface AdminFeedOptions {
  readonly io: ProbematchIo;
  readonly scenes: ReadonlyMap<string, SceneHandle>;
  /** What a dashboard has to bring (`auth: { token }`). `undefined`: nobody gets in. */
  readonly token: string | undefined;
  /** As with the gateway. Default: 0. */
  readonly trustedProxies?: number;
  readonly logger: Logger;
}

export interface AdminFeed {
  /** Idempotent. */
  close(): void;
}

const KEPT_ACTIVITIES = 200;
const OVERVIEW_MS = 1000;
/** Wrong tokens a minute from one address. */
const WRONG_TOKENS_PER_MINUTE = 10;

/**
 * A live feed for the researcher, in a socket.io namespace of its own behind a token: what happens
 * (`match_formed` with the whole match record, arrivals, releases, ends) and how each scene stands.
 *
 * @example
 * ```ts
 * const feed = io("http://localhost:4170/admin", { path: SOCKET_PATH, auth: { token } });
 * feed.on("activity", (activity) => { … });
 * ```
 */
export function createAdminFeed(options: AdminFeedOptions): AdminFeed {
  const { io, scenes, token, trustedProxies = 0 } = options;
  const logger = options.logger.child({ room: "admin" });
  // socket.io types namespaces after their server; this one has other messages.
  const namespace = io.of(ADMIN_NAMESPACE) as unknown as Namespace<DefaultEventsMap, AdminEvents>;
  const wrongTokens = new RateLimiterMemory({ points: WRONG_TOKENS_PER_MINUTE, duration: 60 });
  const log = new ActivityLog(scenes, KEPT_ACTIVITIES, (activity) => {
    // Every node sees all of the log and tells its own dashboards.
    if (namespace.sockets.size > 0) namespace.local.emit("activity", activity);
  });
  const overview = () => ({
    at: Date.now(),
    scenes: [...scenes.values()].map((scene) => ({ ...scene.overview() })),
  });
  const timer = setInterval(() => {
    if (namespace.sockets.size > 0) namespace.local.emit("overview", overview());
  }, OVERVIEW_MS);
  timer.unref();
  let closed = false;

  async function examine(given: unknown, address: string): Promise<RefusedConnection | null> {
    if (closed) return new RefusedConnection(refusal("server_closing"));
    if (token === undefined) {
      return new RefusedConnection(
        refusal("token_required", "The admin feed is off: no admin token is set."),
      );
    }
    if (typeof given !== "string") return new RefusedConnection(refusal("token_required"));
    const limit = await wrongTokens.get(address);
    if (limit !== null && limit.consumedPoints >= WRONG_TOKENS_PER_MINUTE) {
      return new RefusedConnection(refusal("too_many_joins"));
    }
    if (sameToken(given, token)) return null;
    await wrongTokens.penalty(address);
    logger.warn("somebody tried to open the admin feed with a wrong token");
    return new RefusedConnection(refusal("token_invalid"));
  }

  namespace.use((socket, next) => {
    examine(socket.handshake.auth["token"], clientAddress(socket.request, trustedProxies)).then(
      (refused) => (refused === null ? next() : next(refused)),
      (error: unknown) => {
        logger.error({ err: error }, "a dashboard's connection could not be examined");
        next(new RefusedConnection(refusal("unavailable")));
      },
    );
  });
  namespace.on("connection", (socket) => {
    socket.emit("history", { activities: [...log.latest()] });
    socket.emit("overview", overview());
  });

  return {
    close() {
      closed = true;
      clearInterval(timer);
      log.close();
      for (const socket of namespace.sockets.values()) socket.conn.close();
    },
  };
}

/** Takes the same time wherever the two differ; hashing makes the lengths equal. */
function sameToken(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
