import { describe, expect, it } from "vitest";
import { checkOptions } from "./checkOptions.js";
import type { ProbematchOptions } from "./options.js";
import { ConfigError, type ConfigProblem } from "./scene/configError.js";
import { scene } from "./scene/scene.js";

const secret = "a secret of at least thirty-two bytes";
const least: ProbematchOptions = { scenes: [scene("ultimatum")], auth: { secret } };

function mistakesOf(change: Record<string, unknown>): readonly ConfigProblem[] {
  try {
    checkOptions({ ...least, ...change } as unknown as ProbematchOptions);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
const pathsOf = (change: Record<string, unknown>) => mistakesOf(change).map(({ path }) => path);

describe("checkOptions", () => {
  it("needs scenes and a word on who may come in, and has a default for everything else", () => {
    const { scenes, ...rest } = checkOptions(least);
    expect(scenes).toHaveLength(1);
    expect(rest).toEqual({
      dataDir: "data",
      redis: null,
      journal: { fsyncMs: 200, maxFileBytes: 64 * 1024 * 1024 },
      limits: {
        joinsPerMinutePerParticipant: 10,
        joinsPerMinutePerAddress: 600,
        beaconRequestsPerMinutePerAddress: 6000,
        messageBurst: 400,
        messagesPerSecond: 50,
        signalsPerProbe: 200,
      },
      heartbeat: { intervalMs: 5000, timeoutMs: 5000 },
      trustedProxies: 0,
      serveClient: true,
      httpPrefix: null,
      processMetrics: false,
      closeTimeoutMs: 10_000,
    });
  });

  it("takes a URL of Redis for logs that several nodes share, and asks for the secret they share", () => {
    const url = "redis://localhost:6379";
    expect(checkOptions({ ...least, redis: { url } }).redis).toEqual({
      url,
      keyPrefix: "probematch",
      leaseMs: 5000,
      nodeMs: 10_000,
      snapshotEvents: 10_000,
    });
    expect(pathsOf({ redis: { url, leaseMs: 8000 } })).toEqual(["redis.nodeMs"]);
    expect(pathsOf({ redis: { url: "localhost:6379", keyPrefix: "a b" } })).toEqual([
      "redis.url",
      "redis.keyPrefix",
    ]);
    expect(pathsOf({ redis: {} })).toEqual(["redis.url"]);
    expect(pathsOf({ redis: { url }, dataDir: "data" })).toEqual(["dataDir"]);
    expect(pathsOf({ redis: { url }, auth: { mode: "open" } })).toEqual(["auth.secret"]);
  });

  it("lists the mistakes of the server and of every scene together", () => {
    const scenes = [{ id: "a", groupSize: 1 }, scene("b").waitroom({ graceMs: -1 })];
    expect(
      pathsOf({ scenes, auth: undefined, dataDir: "", datadir: "x", limits: { messageBurst: 0 } }),
    ).toEqual([
      "options.datadir",
      "scenes[0].groupSize",
      "scenes[1].waitroom.graceMs",
      "auth",
      "dataDir",
      "limits.messageBurst",
    ]);
  });

  it.each([
    [undefined, ["auth"]],
    [{}, ["auth.secret"]],
    [{ secret: "short" }, ["auth.secret"]],
    [{ mode: "open", secret: "short" }, ["auth.secret"]],
    [{ mode: "closed", secret }, ["auth.mode"]],
    ["open", ["auth"]],
    [{ mode: "open" }, []],
    [{ mode: "token", secret }, []],
  ])("for auth %j names %j", (auth, paths) => {
    expect(pathsOf({ auth })).toEqual(paths);
  });

  it("never shows a secret", () => {
    const [mistake] = mistakesOf({ auth: { secret: "hunter2" } });
    expect(mistake?.problem).not.toContain("hunter2");
  });

  it.each([
    [{ servers: [{ urls: "stun.example.org" }] }, ["ice.servers"]],
    [{ servers: { urls: "stun:stun.example.org" } }, ["ice.servers"]],
    [{ turn: { urls: "stun:example.org", secret } }, ["ice.turn.urls"]],
    [{ turn: {} }, ["ice.turn.urls", "ice.turn.secret"]],
    [{ turns: {} }, ["ice.turns"]],
    [{ servers: [{ urls: ["stun:a:1", "turn:a:2"], username: "u", credential: "c" }] }, []],
    [{ turn: { urls: "turns:example.org:5349", secret, lifeMs: 60_000 } }, []],
  ])("for ice %j names %j", (ice, paths) => {
    expect(pathsOf({ ice })).toEqual(paths);
  });

  it("refuses relayOnly where there is nothing to relay through", () => {
    const scenes = [scene("plain"), scene("hidden").probing({ relayOnly: true })];
    expect(pathsOf({ scenes })).toEqual(["scenes[1].probing.relayOnly"]);
    expect(pathsOf({ scenes, ice: { servers: [{ urls: "stun:example.org" }] } })).toHaveLength(1);
    expect(pathsOf({ scenes, ice: { turn: { urls: "turn:example.org", secret } } })).toEqual([]);
  });

  it.each([
    [{ allowedOrigins: ["https://study.example.org/"] }],
    [{ allowedOrigins: ["study.example.org"] }],
    [{ adminToken: "admin" }],
    [{ logLevel: "loud" }],
    [{ logger: { info() {} } }],
    [{ trustedProxies: "1" }],
    [{ httpPrefix: "live" }],
    [{ httpPrefix: "/live/" }],
    [{ journal: { fsyncMs: -1 } }],
    [{ closeTimeoutMs: 0 }],
    [{ transformSignal: true }],
  ])("refuses %j", (change) => {
    expect(mistakesOf(change)).toHaveLength(1);
  });

  it.each([
    [{ allowedOrigins: ["https://study.example.org", "http://localhost:5173"] }],
    [{ httpPrefix: "" }],
    [{ httpPrefix: "/live/v2" }],
    [{ dataDir: null }],
  ])("takes %j", (change) => {
    expect(mistakesOf(change)).toEqual([]);
  });
});
