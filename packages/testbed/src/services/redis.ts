import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findOnPath, MissingProgramError } from "../onPath.js";
import { answers, freePort, type Service, startService } from "./service.js";

export interface RedisService extends Service {
  /** `redis://host:port` */
  readonly url: string;
}

export interface RedisOptions {
  /** Keep a log on disk that survives a kill of the process. Default: `false`. */
  readonly appendOnly?: boolean;
  /** Where its files are, to start one that ended anew; kept. Default: a folder that goes with it. */
  readonly folder?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Default: the first of {@link redisServers}. */
  readonly command?: string;
}

/**
 * The programs that can be a Redis here: Redis itself and Valkey, as far as they are installed. The environment variable
 * `PROBEMATCH_TEST_REDIS` names the only one to use.
 */
export function redisServers(): readonly string[] {
  const wanted = process.env["PROBEMATCH_TEST_REDIS"];
  const names = wanted === undefined ? ["redis-server", "valkey-server"] : [wanted];
  return names.flatMap((name) => findOnPath(name) ?? []);
}

/**
 * Starts a Redis on the loopback interface, by default an empty one on a free port.
 *
 * @throws {MissingProgramError} when redis-server is not installed
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisService> {
  const command = options.command ?? redisServers()[0];
  if (command === undefined) {
    throw new MissingProgramError(
      "redis-server is not installed (Debian: apt-get install redis-server; macOS: brew install redis)",
    );
  }
  const host = "127.0.0.1";
  const port = options.port ?? (await freePort(host));
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "probematch-redis-")));
  const clean = async () => {
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
  const args = ["--port", `${port}`, "--bind", host, "--dir", folder, "--save", ""];
  args.push("--appendonly", options.appendOnly === true ? "yes" : "no", "--daemonize", "no");
  try {
    const service = await startService({
      command,
      args,
      cwd: folder,
      temporaryFolder: options.folder === undefined ? folder : undefined,
      host,
      port,
      isUp: () => answers(host, port, "PING\r\n", "+PONG"),
      timeoutMs: 10_000,
    });
    return {
      ...service,
      url: `redis://${host}:${port}`,
      close: async () => {
        await service.close();
        await clean();
      },
    };
  } catch (error) {
    await clean();
    throw error;
  }
}
