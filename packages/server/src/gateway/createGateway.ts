import { Admissions, type Admitted } from "./admission.js";
import { createConversation } from "./conversation.js";
import { clientAddress, JoinLimiter } from "./joinLimiter.js";
import { LinkRepairs } from "./linkRepairs.js";
import { LobbyBoard } from "./lobbyBoard.js";
import { defaultLimits, type GatewayOptions } from "./options.js";
import { Presence } from "./presence.js";
import { createReceivers } from "./receivers.js";
import { RefusedConnection, refusal } from "./refusals.js";
import { Rounds } from "./rounds.js";
import { Session } from "./session.js";
import { SignalRelay } from "./signalRelay.js";
import {
  closeSocketServer,
  createSocketServer,
  forgetRequest,
  type ProbematchIo,
  type ProbematchSocket,
} from "./socketServer.js";

export interface Gateway {
  /** For the admin feed, which is a namespace of the same socket server. */
  readonly io: ProbematchIo;
  /** Pages connected now and let in, of all scenes. */
  readonly connections: number;
  /**
   * Tells the pages that the server closes and ends their connections; they come back by themselves. Places are
   * kept: the journal still has everybody. Idempotent.
   */
  close(): Promise<void>;
}

/** How long pages have for reading the farewell before their connections are cut. */
const FAREWELL_MS = 100;

/**
 * Connects participants' pages with the scenes of this node, over socket.io.
 *
 * @example
 * ```ts
 * const gateway = createGateway({
 *   server: { httpServer },
 *   scenes: new Map([["ultimatum", scene]]),
 *   auth: { mode: "token", secret: process.env.PROBEMATCH_SECRET },
 *   logger,
 * });
 * ```
 * @throws {TypeError} when the secret is too short
 */
export function createGateway(options: GatewayOptions): Gateway {
  const { scenes, auth, ice = {}, observer = {}, trustedProxies = 0 } = options;
  const logger = options.logger.child({ room: "gateway" });
  const limits = { ...defaultLimits, ...options.limits };
  const admissions = new Admissions(scenes, auth, new JoinLimiter(limits, options.sharedCounts));
  const ownsIo = "httpServer" in options.server;
  const io =
    "io" in options.server ? options.server.io : createSocketServer(options.server.httpServer, options);
  const { endedLingerMs = 5000, serverEchoIntervalMs = 5000 } = options;
  const sessionOf = (sceneId: string, participantId: string) =>
    halls.get(sceneId)?.presence.sessionOf(participantId) ?? null;
  const relay = new SignalRelay({
    io,
    sessionOf,
    signalsPerProbe: limits.signalsPerProbe,
    transformSignal: options.transformSignal,
    onRelayed: (sceneId) => observer.signalRelayed?.({ sceneId }),
    logger,
  });
  const receivers = createReceivers(relay, new LinkRepairs({ io, ice, sessionOf }), observer);
  const converse = createConversation({ receivers, limits, observer, logger });
  const echoes = new Rounds(serverEchoIntervalMs);
  let closing: Promise<void> | null = null;

  const halls = new Map(
    [...scenes].map(([sceneId, scene]) => {
      const presence: Presence = new Presence(
        scene,
        logger,
        () => board.changed(),
        (session, probeId) => relay.release(session, probeId),
      );
      const board = new LobbyBoard(
        () => presence.sessions(),
        options.standingRefreshMs ?? 5000,
        (error) => logger.error({ err: error, sceneId }, "participants could not be told where they stand"),
      );
      return [sceneId, { presence, board }];
    }),
  );

  if (auth.mode === "open") {
    logger.warn(
      "OPEN MODE: everybody may join, under any participant id. For a study, set a token secret and sign a token per participant.",
    );
  }

  /** A connection that goes on: its session, and what to say first. */
  const connected = new WeakMap<
    ProbematchSocket,
    { session: Session; resumed: boolean; stopWatching: () => void }
  >();

  /** Closes the connection without a refusal: a page then tries again by itself, after a while. */
  const later = (socket: ProbematchSocket) => socket.conn.close();

  async function admit(socket: ProbematchSocket): Promise<"connect" | "later" | "gone" | RefusedConnection> {
    if (closing !== null) return "later";
    const admission = await admissions.decide(
      socket.handshake.auth,
      clientAddress(socket.request, trustedProxies),
    );
    if (admission.status === "refused") {
      observer.connectionRefused?.({ sceneId: admission.sceneId, code: admission.refusal.code });
      return new RefusedConnection(admission.refusal);
    }
    const { admitted } = admission;
    if (!admitted.scene.available) {
      await admissions.forgive(admitted);
      return "later";
    }
    return arrive(socket, admitted);
  }

  async function arrive(
    socket: ProbematchSocket,
    admitted: Admitted,
  ): Promise<"connect" | "later" | "gone" | RefusedConnection> {
    const presence = halls.get(admitted.sceneId)?.presence;
    if (presence === undefined || socket.conn.readyState !== "open") return "gone";
    const session = new Session(socket, admitted, ice, { echoes, endedLingerMs });
    // Until it is connected, a socket does not say that its connection is over.
    const onClose = () => presence.leave(session);
    socket.conn.once("close", onClose);
    const { participantId, attributes, webrtc, priority, fresh } = admitted;
    try {
      const arrival = await presence.arrive(session, { participantId, attributes, webrtc, priority, fresh });
      if (arrival === "gone") return closing === null ? "gone" : "later";
      if (arrival.status === "refused") {
        observer.connectionRefused?.({ sceneId: admitted.sceneId, code: arrival.code });
        return new RefusedConnection(refusal(arrival.code));
      }
      connected.set(socket, {
        session,
        resumed: arrival.status === "resumed",
        stopWatching: () => socket.conn.off("close", onClose),
      });
      return "connect";
    } catch (error) {
      logger.error({ err: error, participantId }, "an arrival could not be written; the page tries again");
      await admissions.forgive(admitted);
      return "later";
    }
  }

  io.use((socket, next) => {
    admit(socket).then(
      (result) => {
        if (result === "connect") next();
        else if (result instanceof RefusedConnection) next(result);
        else later(socket);
      },
      (error: unknown) => {
        logger.error({ err: error }, "a connection could not be examined; the page tries again");
        later(socket);
      },
    );
  });

  io.on("connection", (socket) => {
    const entry = connected.get(socket);
    if (entry === undefined) return void socket.disconnect(true);
    connected.delete(socket);
    forgetRequest(socket);
    const { session, resumed, stopWatching } = entry;
    const { sceneId, participantId } = session;
    observer.joined?.({ sceneId, participantId, resumed });
    socket.on("disconnect", () => {
      const replaced = session.phase === "replaced";
      observer.gone?.({ sceneId, participantId, replaced });
      halls.get(sceneId)?.presence.leave(session);
    });
    stopWatching();
    converse(session);
    session.welcome(resumed);
  });

  async function close(): Promise<void> {
    io.local.emit("refused", { ...refusal("server_closing"), event: null });
    echoes.close();
    for (const { presence, board } of halls.values()) {
      presence.close();
      board.close();
    }
    if (io.sockets.sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, FAREWELL_MS));
    for (const socket of io.sockets.sockets.values()) socket.conn.close();
    if (ownsIo) await closeSocketServer(io);
  }

  return {
    io,
    get connections() {
      return io.sockets.sockets.size;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}
