import { resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import type { Finding, SceneReport, VerifyReport } from "../../journal/verifyLogs.js";
import type { CliIo, Finish } from "../io.js";

const help = `
Changes nothing and may run beside a server. An unfinished end is no damage: a server is writing just now, or was
killed while it did, and the next start cuts it off. Ends with 1 when a log is damaged.

With --json: { "dataDir", "ok", "scenes": [{ "sceneId",
  "journal": { "files", "bytes", "events", "matches", "participants", "firstAt", "lastAt", "damage", "torn" },
  "matchLog": { "files", "bytes", "records", "missing", "damage", "torn" },
  "telemetry": { "files", "bytes", "records", "damage", "torn" } }] }
where "damage" and "torn" are null or { "file", "line", "reason" }, and times are epoch ms.

Example:
  probematch journal verify --data data --scene ultimatum --json`;

/** `probematch journal verify`: reads everything and says what is in it. */
export function addJournalVerify(journal: Command, io: CliIo, finish: Finish): void {
  journal
    .command("verify")
    .description("Read a data folder's logs from end to end and say what is in them.")
    .option("-d, --data <folder>", "folder of the logs", "data")
    .option("-s, --scene <scene>", "only this scene")
    .option("--json", "print the figures as one JSON object")
    .addHelpText("after", help)
    .action(async (options) => {
      const { verifyLogs } = await import("../../journal/verifyLogs.js");
      const report = await verifyLogs(resolve(io.cwd, options.data), options.scene);
      io.out(options.json === true ? `${JSON.stringify(report)}\n` : describe(report));
      finish(report.ok ? 0 : 1);
    });
}

function describe(report: VerifyReport): string {
  if (report.scenes.length === 0) return `${report.dataDir} has no logs.\n`;
  const verdict = report.ok ? "All logs are whole." : "There is damage.";
  return `${report.scenes.map(describeScene).join("\n")}\n${verdict}\n`;
}

function describeScene({ sceneId, journal, matchLog, telemetry }: SceneReport): string {
  const time = (at: number | null) => (at === null ? "-" : new Date(at).toISOString());
  const lines = [
    sceneId,
    `  journal    ${journal.events} events, ${journal.participants} participants, ${journal.matches} matches`,
    `             ${time(journal.firstAt)} to ${time(journal.lastAt)}`,
    ...findings(journal),
    `  match log  ${matchLog.records} records${matchLog.missing === 0 ? "" : `, ${matchLog.missing} of the journal's matches missing`}`,
    ...findings(matchLog),
    `  telemetry  ${telemetry.records} records`,
    ...findings(telemetry),
  ];
  return `${lines.join("\n")}\n`;
}

function findings({ damage, torn }: { damage: Finding | null; torn: Finding | null }): string[] {
  const show = (what: string, { file, line, reason }: Finding) =>
    `             ${what}: ${file}, line ${line}: ${reason}`;
  return [
    ...(damage === null ? [] : [show("DAMAGED, nothing after it was read", damage)]),
    ...(torn === null ? [] : [show("unfinished end", torn)]),
  ];
}
