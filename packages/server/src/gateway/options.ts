import type { Server as HttpServer } from "node:http";
import type { Signal } from "@probematch/shared";
import type { Logger } from "pino";
import type { SceneHandle } from "../runtime/sceneHandle.js";
import type { IceSettings } from "./iceServers.js";
import type { SharedCounts } from "./joinLimiter.js";
import type { GatewayObserver } from "./observer.js";
import type { ProbematchIo, SocketServerOptions } from "./socketServer.js";

/** Who may come in. */
export type AuthSettings =
  /** Only with a token signed with this secret (at least 32 bytes); see `signParticipantToken`. */
  | { readonly mode: "token"; readonly secret: string }
  /**
   * Anybody, under any participant id they name: for trying things out and for games. With a `secret` resume
   * tokens outlive a restart of the server; without one it makes one for the run.
   */
  | { readonly mode: "open"; readonly secret?: string };

export interface GatewayLimits {
  /** Connections a minute for one participant of one scene. Default: 10. */
  readonly joinsPerMinutePerParticipant: number;
  /** Connections a minute from one IP address; a whole lab may be behind one. Default: 600. */
  readonly joinsPerMinutePerAddress: number;
  /** Requests a minute from one IP address to this node's beacon. Default: 6000. */
  readonly beaconRequestsPerMinutePerAddress: number;
  /** Messages a page may send at once (seven links' candidates come in a burst). Default: 400. */
  readonly messageBurst: number;
  /** Messages a second a page may send for long. Default: 50. */
  readonly messagesPerSecond: number;
  /** WebRTC signals one side may send in one probe. Default: 200. */
  readonly signalsPerProbe: number;
}

export const defaultLimits: GatewayLimits = {
  joinsPerMinutePerParticipant: 10,
  joinsPerMinutePerAddress: 600,
  beaconRequestsPerMinutePerAddress: 6000,
  messageBurst: 400,
  messagesPerSecond: 50,
  signalsPerProbe: 200,
};

/**
 * Changes or drops (`null`) a signal on its way between two participants of a probe.
 *
 * For test rigs and the demo, which write the address of a delay relay into the candidates; a study has no use for it.
 * Order is kept per sender, also where the hook is asynchronous. A hook that throws drops the signal.
 *
 * @param from participant id of the sender
 * @param to participant id of the receiver
 */
export type TransformSignal = (
  from: string,
  to: string,
  probeId: string,
  signal: Signal,
) => Signal | null | Promise<Signal | null>;

export interface GatewayOptions extends SocketServerOptions {
  /** Where to listen: an HTTP server, or a socket server made with `createSocketServer` (then its maker closes it). */
  readonly server: { readonly httpServer: HttpServer } | { readonly io: ProbematchIo };
  readonly scenes: ReadonlyMap<string, SceneHandle>;
  readonly auth: AuthSettings;
  /** Default: none; pages then connect directly, with the addresses they know themselves. */
  readonly ice?: IceSettings;
  readonly limits?: Partial<GatewayLimits>;
  /** Where several nodes count together who connects how often. Default: each for itself. */
  readonly sharedCounts?: SharedCounts;
  /**
   * How many reverse proxies in front of this server add to `X-Forwarded-For`; the address they saw is used for
   * the join limit. Default: 0, the header is not read, because anybody can send one.
   */
  readonly trustedProxies?: number;
  /** Time between the server's own echoes on one connection. Default: 5000. */
  readonly serverEchoIntervalMs?: number;
  /** A page whose participation ended is disconnected after this long, if it has not gone itself. Default: 5000. */
  readonly endedLingerMs?: number;
  /** Participants are told their standing again after this long, though nothing changed. Default: 5000. */
  readonly standingRefreshMs?: number;
  readonly logger: Logger;
  /** Told of what happens at the connections: for metrics, telemetry and the admin feed. */
  readonly observer?: Partial<GatewayObserver>;
  readonly transformSignal?: TransformSignal;
}
