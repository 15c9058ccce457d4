import type { Logger } from "pino";
import type { DefaultEventsMap, Namespace } from "socket.io";
import { clientAddress } from "../gateway/joinLimiter.js";
import { RefusedConnection, refusal } from "../gateway/refusals.js";
import type { ProbematchIo } from "../gateway/socketServer.js";
import type { SceneHandle } from "../runtime/sceneHandle.js";
import { ActivityLog } from "./activityLog.js";
import { ADMIN_NAMESPACE, type AdminEvents } from "./adminMessages.js";
import { AdminToken } from "./adminToken.js";

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
  const { io, scenes, trustedProxies = 0 } = options;
  const logger = options.logger.child({ room: "admin" });
  // socket.io types namespaces after their server; this one has other messages.
  const namespace = io.of(ADMIN_NAMESPACE) as unknown as Namespace<DefaultEventsMap, AdminEvents>;
  const token = new AdminToken(options.token);
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
    if (!token.isSet) {
      return new RefusedConnection(
        refusal("token_required", "The admin feed is off: no admin token is set."),
      );
    }
    const code = await token.refusalOf(given, address);
    if (code === null) return null;
    if (code === "token_invalid") logger.warn("somebody tried to open the admin feed with a wrong token");
    return new RefusedConnection(refusal(code));
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
