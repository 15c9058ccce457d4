import { resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import type { CliIo } from "../io.js";

const help = `
Writes the same files as a server with a data folder: {scene}_journal.jsonl, {scene}_matches.jsonl and
{scene}_telemetry.jsonl. Changes nothing in Redis, and may run while the study does.

With --json: { "dataDir", "scenes": [{ "sceneId", "events", "matches", "telemetry" }] }

Example:
  probematch journal export --redis redis://localhost:6379 --data backup-2027-01-15`;

/** `probematch journal export`: writes a study's logs out of Redis. */
export function addJournalExport(journal: Command, io: CliIo): void {
  journal
    .command("export")
    .description("Write the logs of a study that runs over Redis to files.")
    .requiredOption("-r, --redis <url>", "where the logs are: redis://host:6379")
    .requiredOption("-d, --data <folder>", "where to write them: a new folder")
    .option("--redis-prefix <prefix>", "what the study's keys begin with, its redis.keyPrefix", "probematch")
    .option("-s, --scene <scene>", "only this scene")
    .option("--json", "print what was written as one JSON object")
    .addHelpText("after", help)
    .action(async (options) => {
      const { exportLogs } = await import("../../journal/redis/exportLogs.js");
      const { createLogger } = await import("../../log.js");
      const report = await exportLogs({
        url: options.redis,
        keyPrefix: options.redisPrefix,
        dataDir: resolve(io.cwd, options.data),
        sceneId: options.scene,
        reporter: createLogger("silent"),
      });
      if (options.json === true) return io.out(`${JSON.stringify(report)}\n`);
      const lines = report.scenes.map(
        ({ sceneId, events, matches, telemetry }) =>
          `${sceneId}: ${events} events, ${matches} matches, ${telemetry} telemetry records\n`,
      );
      io.out(`${lines.join("")}Written to ${report.dataDir}.\n`);
    });
}
