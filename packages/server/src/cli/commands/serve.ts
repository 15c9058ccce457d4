import { once } from "node:events";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { ProbematchOptions } from "../../options.js";
import { type CliIo, UsageError } from "../io.js";

const help = `
A configuration has "auth", "scenes" and, where wanted, the other options of createProbematch():

  { "auth": { "mode": "open" },
    "scenes": [{ "id": "ultimatum", "groupSize": 2,
                 "matchmaking": { "matchmaker": { "name": "latency-fifo", "maxServerRttMs": 200, "maxP2pRttMs": 150 } } }] }

A .js or .mjs file exports it by default and may use matchmakers and hooks of its own.

Examples:
  probematch serve --config study.json --port 4170
  PROBEMATCH_SECRET=… probematch serve --config study.mjs --secret-env PROBEMATCH_SECRET --data /var/lib/study
  PROBEMATCH_SECRET=… probematch serve --config study.mjs --secret-env PROBEMATCH_SECRET --redis redis://10.0.0.5:6379`;

/** `probematch serve`: runs a server until it is told to stop. */
export function addServe(program: Command, io: CliIo): void {
  program
    .command("serve")
    .description("Run a server with a configuration file until Ctrl+C or SIGTERM.")
    .requiredOption("-c, --config <file>", "configuration: .json, .js or .mjs")
    .addOption(
      new Option("-p, --port <port>", "port to listen on, 0 = any free one")
        .argParser(portNumber)
        .default(4170),
    )
    .option("--host <host>", "address to listen on (default: all of this machine)")
    .option("-d, --data <folder>", "folder of the logs, instead of the configuration's dataDir")
    .option("--redis <url>", "logs in Redis, shared with other nodes, instead of a folder: redis://host:6379")
    .option("--secret-env <name>", "environment variable with the secret of the tokens, for auth.secret")
    .option("--secret-file <file>", "file with the secret of the tokens, for auth.secret")
    .addHelpText("after", help)
    .action(async (options) => {
      const [{ createProbematch }, { readConfig }, { readSecret }] = await Promise.all([
        import("../../server.js"),
        import("../readConfig.js"),
        import("../secret.js"),
      ]);
      const config = await readConfig(options.config, io);
      const secret = await readSecret(options, io);
      let given: Record<string, unknown> = { ...config };
      if (options.data !== undefined) given["dataDir"] = resolve(io.cwd, options.data);
      if (options.redis !== undefined) {
        if (options.data !== undefined) throw new UsageError("give --data or --redis, not both.");
        const { dataDir: _, ...others } = given;
        given = { ...others, redis: { ...(config["redis"] ?? {}), url: options.redis } };
      }
      if (secret !== undefined) given["auth"] = { ...(config["auth"] ?? {}), secret };
      // The server checks every option itself and lists what does not fit.
      const probematch = await createProbematch(given as unknown as ProbematchOptions);
      try {
        const { url } = await probematch.listen({
          port: options.port,
          ...(options.host === undefined ? {} : { host: options.host }),
        });
        io.err(`probematch: listening on ${url} (Ctrl+C ends it)\n`);
        if (!io.stop.aborted) await once(io.stop, "abort");
      } finally {
        await probematch.close();
      }
    });
}

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("Wanted a whole number from 0 to 65535.");
}
