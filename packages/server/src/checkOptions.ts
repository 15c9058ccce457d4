import * as v from "valibot";
import { defaultLimits, type GatewayLimits } from "./gateway/options.js";
import { MIN_SECRET_BYTES } from "./gateway/tokens.js";
import { logLevels } from "./log.js";
import { shown } from "./matchmakers/options.js";
import type { HeartbeatOptions, JournalOptions, ProbematchOptions, RedisOptions } from "./options.js";
import { ConfigError, type ConfigProblem } from "./scene/configError.js";
import { ms, type Option, readObject, readOption, readSection, whole, yesOrNo } from "./scene/readOptions.js";
import { type ResolvedScene, readScenes } from "./scene/resolveScene.js";

/** A server's settings, complete and checked. What needs no default is taken from the options themselves. */
export interface CheckedOptions {
  readonly scenes: readonly ResolvedScene[];
  readonly dataDir: string | null;
  /** `null`: the logs are in files, or nowhere. */
  readonly redis: Required<RedisOptions> | null;
  readonly journal: Required<JournalOptions>;
  readonly limits: GatewayLimits;
  readonly heartbeat: Required<HeartbeatOptions>;
  readonly trustedProxies: number;
  readonly serveClient: boolean;
  readonly httpPrefix: string | null;
  readonly processMetrics: boolean;
  readonly closeTimeoutMs: number;
}

const option = <T>(schema: v.GenericSchema<unknown, T>, wanted: string, fallback: T): Option<T> => ({
  schema,
  wanted,
  fallback,
});
const text = v.pipe(v.string(), v.minLength(1));
const urls = (kinds: readonly string[]) => {
  const url = v.pipe(
    v.string(),
    v.check((given) => kinds.some((kind) => given.startsWith(`${kind}:`) && given.length > kind.length + 1)),
  );
  return v.union([url, v.pipe(v.array(url), v.minLength(1))]);
};
const isOrigin = (given: string): boolean => URL.canParse(given) && new URL(given).origin === given;
const maybe = <T>(schema: v.GenericSchema<unknown, T>, wanted: string) =>
  option<T | undefined>(v.optional(schema), wanted, undefined);

const server = {
  dataDir: option<string | null>(v.nullable(text), "a folder's path, or null to keep nothing", "data"),
  adminToken: maybe(v.pipe(v.string(), v.minLength(16)), "at least 16 characters, hard to guess"),
  logLevel: option<string>(v.picklist(logLevels), `one of ${logLevels.join(", ")}`, "info"),
  logger: maybe(
    v.looseObject({ info: v.function(), warn: v.function(), error: v.function(), child: v.function() }),
    "a pino logger",
  ),
  allowedOrigins: option<string | readonly string[]>(
    v.union([v.literal("*"), v.array(v.pipe(v.string(), v.check(isOrigin)))]),
    '"*" or a list of origins, such as "https://study.example.org": scheme and host, no path, no / at the end',
    "*",
  ),
  trustedProxies: whole(0, 0, 16),
  serveClient: yesOrNo(true),
  httpPrefix: option<string | null>(
    v.pipe(v.string(), v.regex(/^(\/[A-Za-z0-9._~-]+)*$/)),
    'a path that begins with / and does not end with one, such as "/live", or "" for none',
    null,
  ),
  processMetrics: yesOrNo(false),
  closeTimeoutMs: ms(10_000, 1),
  transformSignal: maybe(v.function(), "a function of (from, to, probeId, signal)"),
};

const limits = {
  joinsPerMinutePerParticipant: whole(defaultLimits.joinsPerMinutePerParticipant, 1, 1_000_000),
  joinsPerMinutePerAddress: whole(defaultLimits.joinsPerMinutePerAddress, 1, 1_000_000),
  beaconRequestsPerMinutePerAddress: whole(defaultLimits.beaconRequestsPerMinutePerAddress, 1, 1_000_000),
  messageBurst: whole(defaultLimits.messageBurst, 1, 1_000_000),
  messagesPerSecond: whole(defaultLimits.messagesPerSecond, 1, 1_000_000),
  signalsPerProbe: whole(defaultLimits.signalsPerProbe, 1, 1_000_000),
} satisfies Record<keyof GatewayLimits, Option<number>>;
const journal = { fsyncMs: ms(200), maxFileBytes: whole(64 * 1024 * 1024, 4096, Number.MAX_SAFE_INTEGER) };
const heartbeat = { intervalMs: ms(5000, 100), timeoutMs: ms(5000, 100) };

const iceServer = v.strictObject({
  urls: urls(["stun", "stuns", "turn", "turns"]),
  username: v.optional(text),
  credential: v.optional(text),
});
const ice = {
  servers: maybe(
    v.array(iceServer),
    'a list of { urls, username?, credential? } with urls such as "stun:stun.example.org:3478"',
  ),
  turn: maybe(v.looseObject({}), "an object with urls and secret"),
};
const turn = {
  urls: maybe(urls(["turn", "turns"]), 'one or several of "turn:…" or "turns:…"'),
  secret: maybe(text, "the secret of the TURN server (coturn: static-auth-secret)"),
  lifeMs: ms(600_000, 1000),
};

const redis = {
  url: maybe(
    v.pipe(
      v.string(),
      v.check((given) => URL.canParse(given) && /^rediss?:$/.test(new URL(given).protocol)),
    ),
    'a URL such as "redis://localhost:6379"',
  ),
  keyPrefix: option<string>(
    v.pipe(v.string(), v.regex(/^[A-Za-z0-9._:-]{1,64}$/)),
    "1 to 64 letters, digits, or any of . _ : -",
    "probematch",
  ),
  leaseMs: ms(5000, 500),
  nodeMs: ms(10_000, 1000),
  snapshotEvents: whole(10_000, 10, 100_000_000),
};

const keys = Object.keys({
  ...server,
  redis: true,
  scenes: true,
  auth: true,
  journal: true,
  ice: true,
  limits: true,
  heartbeat: true,
} satisfies Record<keyof ProbematchOptions, unknown>);

/** @throws {ConfigError} that lists every mistake, those of the scenes included */
export function checkOptions(input: ProbematchOptions): CheckedOptions {
  const problems: ConfigProblem[] = [];
  const given = readObject(input, keys, "options", problems);
  const scenes = readScenes(given["scenes"], "scenes", problems);
  checkAuth(given["auth"], problems);
  const canRelay = checkIce(given["ice"], problems);
  for (const [i, { settings }] of scenes.entries()) {
    if (!settings.relayOnly || canRelay) continue;
    problems.push({
      path: `scenes[${i}].probing.relayOnly`,
      problem:
        "no connection can be relayed without a TURN server: set ice.turn, or a turn: URL in ice.servers.",
    });
  }
  const read = <T>(of: Option<T>, name: string): T => readOption(of, given[name], name, problems);
  for (const name of ["adminToken", "logLevel", "logger", "allowedOrigins", "transformSignal"] as const) {
    readOption<unknown>(server[name], given[name], name, problems);
  }
  const checked: CheckedOptions = {
    scenes,
    dataDir: read(server.dataDir, "dataDir"),
    redis: checkRedis(given, problems),
    journal: readSection(journal, given["journal"], "journal", problems),
    limits: readSection(limits, given["limits"], "limits", problems),
    heartbeat: readSection(heartbeat, given["heartbeat"], "heartbeat", problems),
    trustedProxies: read(server.trustedProxies, "trustedProxies"),
    serveClient: read(server.serveClient, "serveClient"),
    httpPrefix: read(server.httpPrefix, "httpPrefix"),
    processMetrics: read(server.processMetrics, "processMetrics"),
    closeTimeoutMs: read(server.closeTimeoutMs, "closeTimeoutMs"),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return checked;
}

function checkAuth(given: unknown, problems: ConfigProblem[]): void {
  if (given === undefined) {
    problems.push({
      path: "auth",
      problem: 'say who may come in: { secret: "…" } for signed tokens, or { mode: "open" } for everybody.',
    });
    return;
  }
  const auth = readObject(given, ["mode", "secret"], "auth", problems);
  if (auth !== given) return;
  const mode = readOption(
    option<string>(v.picklist(["token", "open"]), '"token" or "open"', "token"),
    auth["mode"],
    "auth.mode",
    problems,
  );
  const { secret } = auth;
  if (secret === undefined && mode === "open") return;
  if (typeof secret === "string" && Buffer.byteLength(secret) >= MIN_SECRET_BYTES) return;
  const what = typeof secret === "string" ? `one of ${Buffer.byteLength(secret)} bytes` : shown(secret);
  problems.push({
    path: "auth.secret",
    problem: `wanted a secret of at least ${MIN_SECRET_BYTES} bytes, given ${what}. Make one with: openssl rand -base64 32`,
  });
}

function checkRedis(
  { redis: section, dataDir, auth }: Readonly<Record<string, unknown>>,
  problems: ConfigProblem[],
): Required<RedisOptions> | null {
  if (section === undefined) return null;
  const { url, ...others } = readSection(redis, section, "redis", problems);
  if (url === undefined) {
    if (problems.every(({ path }) => !path.startsWith("redis"))) {
      problems.push({ path: "redis.url", problem: `wanted ${redis.url.wanted}, given nothing.` });
    }
    return null;
  }
  if (typeof dataDir === "string") {
    problems.push({
      path: "dataDir",
      problem: "the logs are either here or in redis: leave one of the two out.",
    });
  }
  if ((auth as { secret?: unknown } | undefined)?.secret === undefined) {
    problems.push({
      path: "auth.secret",
      problem:
        "with redis every node has to have the same secret, so that pages can come back to any of them.",
    });
  }
  if (others.nodeMs < 2 * others.leaseMs) {
    problems.push({
      path: "redis.nodeMs",
      problem: `wanted at least twice leaseMs, which is ${others.leaseMs}, given ${others.nodeMs}.`,
    });
  }
  return { url, ...others };
}

/** @returns true when there is a TURN server */
function checkIce(given: unknown, problems: ConfigProblem[]): boolean {
  const settings = readSection(ice, given, "ice", problems);
  if (settings.turn !== undefined) {
    const read = readSection(turn, settings.turn, "ice.turn", problems);
    for (const name of ["urls", "secret"] as const) {
      if (read[name] !== undefined || (settings.turn as Record<string, unknown>)[name] !== undefined)
        continue;
      problems.push({ path: `ice.turn.${name}`, problem: `wanted ${turn[name].wanted}, given nothing.` });
    }
    return true;
  }
  return (settings.servers ?? []).some(({ urls }) => [urls].flat().some((url) => url.startsWith("turn")));
}
