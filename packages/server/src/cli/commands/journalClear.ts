import { resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import { type CliIo, UsageError } from "../io.js";

const help = `
Removes journals, match logs and telemetry for good; the data of a study is in them. Refused while a server uses the
folder. Asks first; with --yes it does not.

Example:
  probematch journal clear --data data --scene pilot --yes`;

/** `probematch journal clear`: removes logs. */
export function addJournalClear(journal: Command, io: CliIo): void {
  journal
    .command("clear")
    .description("Remove the logs of one scene, or of all.")
    .option("-d, --data <folder>", "folder of the logs", "data")
    .option("-s, --scene <scene>", "only this scene")
    .option("-y, --yes", "do not ask")
    .option("--json", "print { dataDir, scenes, removed } as one JSON object")
    .addHelpText("after", help)
    .action(async (options) => {
      const { clearLogs, findClearable } = await import("../../journal/clearLogs.js");
      const { createLogger } = await import("../../log.js");
      const folder = resolve(io.cwd, options.data);
      const found = await findClearable(folder, options.scene);
      if (options.yes !== true && found.removed.length > 0) {
        const what = `${found.removed.length} files of ${found.scenes.join(", ")} in ${found.dataDir}`;
        const answer = await io.confirm(`Remove ${what} for good?`);
        if (answer === null) throw new UsageError(`add --yes to remove ${what} for good.`);
        if (!answer) throw new UsageError("nothing was removed.");
      }
      const report = await clearLogs(folder, createLogger("silent"), options.scene);
      if (options.json === true) return io.out(`${JSON.stringify(report)}\n`);
      io.out(
        report.removed.length === 0
          ? `${report.dataDir} has no logs.\n`
          : `Removed ${report.removed.length} files of ${report.scenes.join(", ")} from ${report.dataDir}.\n`,
      );
    });
}
