import type { Logger } from "pino";
import type { IceSettings } from "./gateway/iceServers.js";
import type { GatewayLimits, TransformSignal } from "./gateway/options.js";
import type { LogLevel } from "./log.js";
import type { SceneInput } from "./scene/resolveScene.js";

/** Who may come in. */
export type AuthOptions =
  /** Only with a token signed with this secret (at least 32 bytes); see `signParticipantToken`. */
  | { readonly mode?: "token"; readonly secret: string }
  /**
   * Anybody, under any participant id they name: for trying things out and for games. With a `secret` a page can
   * prove after a restart of the server that it is who it was; without one the server makes one for the run.
   */
  | { readonly mode: "open"; readonly secret?: string };

export interface JournalOptions {
  /**
   * How long what happened may take to be on the disk itself, ms. A killed process never loses anything; this is about
   * power cuts. 0 = before anybody acts on it, at the price of a disk sync per write. Default: 200.
   */
  readonly fsyncMs?: number;
  /** A log's file that has reached this size is kept under a number and a new one is begun. Default: 64 MiB. */
  readonly maxFileBytes?: number;
}

export interface RedisOptions {
  /** `redis://[user:password@]host:port[/database]`, or `rediss://…` for TLS. Redis 7 or newer, or Valkey. */
  readonly url: string;
  /** What all of the study's keys and channels begin with. Default: `"probematch"`. */
  readonly keyPrefix?: string;
  /** How long a scene goes undecided, at most, when the node that decides is gone without a word, ms. Default: 5000. */
  readonly leaseMs?: number;
  /**
   * After so long without a sign of life of a node its participants count as disconnected, ms; the scene's grace time
   * begins then. Default: 10000. At least twice `leaseMs`.
   */
  readonly nodeMs?: number;
  /**
   * After so many events of a scene its state is kept as a snapshot, from which a node starts, and what lies behind the
   * snapshot before is moved to the log's archive, compressed. Default: 10000.
   */
  readonly snapshotEvents?: number;
}

export interface HeartbeatOptions {
  /** Time between heartbeats of a connection. Default: 5000. */
  readonly intervalMs?: number;
  /** A connection is given up when a heartbeat is unanswered for this long. Default: 5000. */
  readonly timeoutMs?: number;
}

/** What {@link createProbematch} is told. Only `scenes` and `auth` are needed. */
export interface ProbematchOptions {
  /** At least one; made with `scene(…)` or plain objects. */
  readonly scenes: readonly SceneInput[];
  readonly auth: AuthOptions;
  /**
   * The folder of all logs. Created when missing. Default: `"data"`, below the working directory. `null`: nothing is
   * kept when the process ends.
   */
  readonly dataDir?: string | null;
  /**
   * Keeps the logs in Redis, instead of `dataDir`, and shares them with every other server of the same `url` and
   * `keyPrefix`: these are nodes of one study. They need the same scenes and the same `auth.secret`.
   */
  readonly redis?: RedisOptions;
  readonly journal?: JournalOptions;
  /** STUN and TURN servers for the pages. Default: none; pages connect with the addresses they know themselves. */
  readonly ice?: IceSettings;
  /** Opens the admin feed to whoever has it; at least 16 characters. Default: none, the feed is off. */
  readonly adminToken?: string;
  /** Default: one that writes JSON lines to standard output. */
  readonly logger?: Logger;
  /** Of the default logger. Default: `"info"`. */
  readonly logLevel?: LogLevel;
  /** How much one page, participant or address may ask of the server. */
  readonly limits?: Partial<GatewayLimits>;
  /**
   * Origins whose pages may connect, such as `"https://study.example.org"`; those of the server's own host always
   * may. Default: `"*"`, any. That is safe: no cookie is read, a page has to bring its token itself.
   */
  readonly allowedOrigins?: readonly string[] | "*";
  /**
   * How many reverse proxies in front of this server add to `X-Forwarded-For`. Default: 0, the header is not read,
   * because anybody can send one.
   */
  readonly trustedProxies?: number;
  readonly heartbeat?: HeartbeatOptions;
  /** Serve the browser SDK for a script tag at `/probematch/probematch.js`. Default: `true`. */
  readonly serveClient?: boolean;
  /**
   * What the paths of health, metrics, queue and beacon begin with. Default: `/probematch` on an application's own server
   * (`attach`), so that none of its paths is taken, and nothing on a server that stands alone (`listen`).
   */
  readonly httpPrefix?: string;
  /** Add memory, CPU and event loop of the whole process to the metrics. Default: `false`. */
  readonly processMetrics?: boolean;
  /** `close()` gives up on what has not ended by then. Default: 10000. */
  readonly closeTimeoutMs?: number;
  /** Changes signals on their way between two pages; for test rigs and demos. */
  readonly transformSignal?: TransformSignal;
}
