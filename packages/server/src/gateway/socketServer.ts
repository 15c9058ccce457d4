import type { Server as HttpServer, IncomingMessage } from "node:http";
import {
  type ClientToServerEvents,
  MAX_MESSAGE_BYTES,
  type ServerToClientEvents,
  SOCKET_PATH,
} from "@probematch/shared";
import { type DefaultEventsMap, Server, type ServerOptions, type Socket } from "socket.io";

export type ProbematchIo = Server<ClientToServerEvents, ServerToClientEvents, DefaultEventsMap>;
export type ProbematchSocket = Socket<ClientToServerEvents, ServerToClientEvents, DefaultEventsMap>;

/** The room of a participant's page. Rooms exist on the server only; no page ever sees a name of one. */
export const roomOf = (sceneId: string, participantId: string): string => `${sceneId}/${participantId}`;

export interface SocketServerOptions {
  /**
   * Origins whose pages may connect, such as `"https://study.example.org"`; pages of the server's own host always
   * may. Default: `"*"`, any. That is safe: no cookie is read, a page has to bring its token itself.
   */
  readonly allowedOrigins?: readonly string[] | "*";
  /** Time between heartbeats. Default: 5000. */
  readonly pingIntervalMs?: number;
  /** A connection is given up when a heartbeat is unanswered for this long. Default: 5000, so a vanished page is noticed in at most 10 s. */
  readonly pingTimeoutMs?: number;
  /** Carries messages to the pages of other nodes. Default: there are none. */
  readonly adapter?: NonNullable<ServerOptions["adapter"]>;
}

type Connection = Pick<ProbematchSocket["conn"], "request">;

/** Messages up to this size are read and refused with a code; larger ones end the connection. */
const MAX_READ_BYTES = 2 * MAX_MESSAGE_BYTES;

/** socket.io on an HTTP server, under the protocol's own path, beside whatever else the server does. */
export function createSocketServer(httpServer: HttpServer, options: SocketServerOptions = {}): ProbematchIo {
  const { allowedOrigins = "*" } = options;
  const io: ProbematchIo = new Server(httpServer, {
    path: SOCKET_PATH,
    // The requests of one long-polling page would go to several nodes, of which only one knows it.
    transports: options.adapter === undefined ? ["websocket", "polling"] : ["websocket"],
    serveClient: false,
    ...(options.adapter === undefined ? {} : { adapter: options.adapter }),
    maxHttpBufferSize: MAX_READ_BYTES,
    pingInterval: options.pingIntervalMs ?? 5000,
    pingTimeout: options.pingTimeoutMs ?? 5000,
    connectTimeout: 15_000,
    cors: { origin: allowedOrigins === "*" ? "*" : [...allowedOrigins] },
    // Browsers apply CORS to polling only; the same rule has to hold for websockets.
    allowRequest: (request, answer) => answer(null, originAllowed(request, allowedOrigins)),
  });
  // What is told together leaves in one system call; most of a message's cost is the kernel's.
  io.engine.on("flush", ({ request }: Connection, packets: readonly unknown[]) => {
    if (packets.length > 1) request.socket.cork();
  });
  io.engine.on("drain", ({ request }: Connection) => request.socket.uncork());
  return io;
}

/**
 * Lets go of the request a connection was made with, a quarter of what a connection that only waits takes: who it is has been
 * decided. What is left is what another namespace on the same connection is judged by.
 */
export function forgetRequest({ conn, handshake }: ProbematchSocket): void {
  const { socket, headers } = conn.request;
  const forwarded = headers["x-forwarded-for"];
  const kept = forwarded === undefined ? nothing : { "x-forwarded-for": forwarded };
  Object.assign(conn, { request: { socket, connection: socket, headers: kept, url: "" } });
  Object.assign(handshake, { auth: nothing, headers: kept, query: nothing, url: "", time: "" });
}

/** One for all of them. */
const nothing: object = Object.freeze({});

/**
 * Ends all connections, so that pages notice at once and try again, but leaves the HTTP server to its owner.
 * (`io.close()` would close it too, and tell pages not to come back.)
 */
export async function closeSocketServer(io: ProbematchIo): Promise<void> {
  io.engine.close();
  await Promise.all([...io._nsps.values()].map((namespace) => namespace.adapter.close()));
}

/** Requests without an origin do not come from a page of another site. */
function originAllowed(request: IncomingMessage, allowed: readonly string[] | "*"): boolean {
  const { origin, host } = request.headers;
  if (allowed === "*" || origin === undefined || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
