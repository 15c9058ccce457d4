import { quantile } from "@probematch/shared";
import { print } from "./figures.js";
import { connectIdle, generateLoad } from "./load/generator.js";
import { Servers, type SetupFigures } from "./load/servers.js";
import type { SetupName } from "./options.js";

interface Options {
  readonly setup: readonly SetupName[];
  readonly rate: number;
  readonly seconds: number;
  readonly idle: number;
  readonly waiting?: readonly number[] | true | undefined;
  readonly profile?: string | undefined;
  readonly json?: true | undefined;
}

/** Of those who wait these come before the memory is looked at: what a server loads once is no cost of a connection. */
const FIRST_SHARE = 0.1;
/** Load before the one that is measured, in seconds: at a gentle rate, then at the measured one. */
const WARM_S = 5;
/**
 * How long those who wait are watched before the load, to know what they cost by themselves, in ms: a whole number of the rounds
 * in which 10,000 are told where they stand.
 */
const WATCH_MS = 10_000;

/**
 * What a server carries: those who only wait (memory), then matches at a fixed rate (latency, CPU). Servers, Redis and
 * the generator share the machine; a row says what each of them took of it.
 */
export async function benchLoad(options: Options): Promise<void> {
  const rows: object[] = [];
  for (const setup of options.setup) {
    process.stderr.write(`${setup} …\n`);
    rows.push({ setup, ...(await measureMatches(setup, options)), ...(await measureIdle(setup, options)) });
  }
  const sizes = options.waiting === true ? [100, 1000, 10_000] : (options.waiting ?? []);
  const waitingRows: object[] = [];
  for (const setup of options.setup.filter(isOneNode)) {
    for (const size of sizes) {
      process.stderr.write(`${setup}, while ${size} wait …\n`);
      waitingRows.push(await measureBeside(setup, size, options));
    }
  }
  print({ rows, ...(waitingRows.length === 0 ? {} : { waitingRows }) }, options.json, () =>
    [...rows, ...waitingRows].map(flat),
  );
}

const isOneNode = (setup: SetupName): boolean => setup === "file" || setup === "redis-1";

/** Matches of people who come at a fixed rate. */
async function measureMatches(setup: SetupName, { rate, seconds, profile }: Options): Promise<object> {
  const servers = await Servers.start(setup, profile);
  try {
    await generateLoad(servers.urls, { perSecond: Math.min(rate, 400), seconds: WARM_S, run: "warm" });
    await generateLoad(servers.urls, { perSecond: rate, seconds: WARM_S, run: "warmer" });
    return await matchFigures(servers, { perSecond: rate, seconds, run: "load" });
  } finally {
    await servers.close();
  }
}

/** Memory of those who only wait, in servers that have done nothing else. */
async function measureIdle(setup: SetupName, { idle }: Options): Promise<object> {
  const servers = await Servers.start(setup, undefined);
  try {
    const firstCount = Math.round(idle * FIRST_SHARE);
    const first = await connectIdle(servers.urls, firstCount, { scene: "idle", run: "first" });
    const before = await servers.memory();
    const waiting = await connectIdle(servers.urls, idle - firstCount, { scene: "idle", run: "idle" });
    const after = await servers.memory();
    const perConnection = (key: keyof typeof after) =>
      Math.round((after[key] - before[key]) / (idle - firstCount));
    const start = await servers.figures();
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    const idleCpuShare = ((await servers.figures()).cpuMs - start.cpuMs) / WATCH_MS;
    waiting.close();
    first.close();
    return {
      idle,
      joinsPerSecond: Math.round(waiting.joinsPerSecond),
      bytesPerConnection: perConnection("rssBytes"),
      liveBytesPerConnection: perConnection("liveBytes"),
      connectionsPerGiB: Math.round(2 ** 30 / perConnection("rssBytes")),
      idleCpuShare: Number(idleCpuShare.toFixed(2)),
    };
  } finally {
    await servers.close();
  }
}

/** The same matches while others wait in the same scene, with whom nobody who comes may be. */
async function measureBeside(
  setup: SetupName,
  waiting: number,
  { rate, seconds, profile }: Options,
): Promise<object> {
  const servers = await Servers.start(setup, profile);
  try {
    const crowd = await connectIdle(servers.urls, waiting, { scene: "crowd", run: "crowd", language: "own" });
    const load = { scene: "crowd", perSecond: Math.min(rate, 400), language: "common" } as const;
    await generateLoad(servers.urls, { ...load, seconds: WARM_S, run: "warm" });
    const before = await servers.figures();
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    const idleCpuShare = ((await servers.figures()).cpuMs - before.cpuMs) / WATCH_MS;
    const result = await matchFigures(servers, { ...load, seconds, run: "load" }, idleCpuShare);
    crowd.close();
    return { setup, waiting, idleCpuShare: Number(idleCpuShare.toFixed(3)), ...result };
  } finally {
    await servers.close();
  }
}

/** @param idleCpuShare what the servers use of a core without the load, taken off */
async function matchFigures(
  servers: Servers,
  load: Parameters<typeof generateLoad>[1],
  idleCpuShare = 0,
): Promise<object> {
  const start = await servers.figures();
  const own = process.cpuUsage();
  const startedAt = performance.now();
  const { participants, refused, assigned, assignedPerSecond, latenciesMs } = await generateLoad(
    servers.urls,
    load,
  );
  const spanMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(own);
  const end = await servers.figures();
  const perMatch = (ms: number) => Number((ms / (assigned / 2)).toFixed(2));
  const took = (key: keyof Pick<SetupFigures, "cpuMs" | "redisCpuMs">) => end[key] - start[key];
  return {
    participants,
    refused,
    unmatched: participants - refused - assigned,
    assignedPerSecond: Math.round(assignedPerSecond),
    latencyMs: { p50: at(latenciesMs, 0.5), p95: at(latenciesMs, 0.95), p99: at(latenciesMs, 0.99) },
    cpuMsPerMatch: perMatch(took("cpuMs") - idleCpuShare * spanMs),
    redisCpuMsPerMatch: perMatch(took("redisCpuMs")),
    generatorCpuMsPerMatch: perMatch((user + system) / 1000),
    eventLoopDelayMs: { p50: round(end.eventLoopDelayMs.p50), p99: round(end.eventLoopDelayMs.p99) },
  };
}

function at(values: readonly number[], share: number): number | null {
  const value = quantile(values, share);
  return value === null ? null : round(value);
}

const round = (value: number) => Number(value.toFixed(1));

/** Nested figures side by side, for a table. */
function flat(row: object): object {
  return Object.fromEntries(
    Object.entries(row).flatMap(([key, value]) =>
      value !== null && typeof value === "object"
        ? Object.entries(value).map(([inner, v]) => [`${key}.${inner}`, v])
        : [[key, value]],
    ),
  );
}
