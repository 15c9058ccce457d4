import { resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import type { ReplayResult } from "../../lobby/replay.js";
import { type CliIo, type Finish, UsageError } from "../io.js";

const help = `
Takes the facts of a scene's journal (who arrived, what was measured), makes every decision again at the time it was
made, and compares it with the one in the log. Changes nothing. Needs the configuration the study ran with; decisions made
under another one are counted as skipped. Ends with 1 when a decision differs: the configuration's matchmaker is no
function of its arguments, or the log was changed.

With --json: { "sceneId", "events", "compared", "skipped", "differences": [{ "seq", "logged", "again" }] }

Example:
  probematch journal replay --config study.json --data data --scene ultimatum`;

/** `probematch journal replay`: makes a log's decisions again. */
export function addJournalReplay(journal: Command, io: CliIo, finish: Finish): void {
  journal
    .command("replay")
    .description("Make every decision of a scene's log again, and compare.")
    .requiredOption("-c, --config <file>", "the configuration the study ran with")
    .requiredOption("-s, --scene <scene>", "the scene")
    .option("-d, --data <folder>", "folder of the logs", "data")
    .option("--json", "print the result as one JSON object")
    .addHelpText("after", help)
    .action(async (options) => {
      const [{ readConfig }, { readScenes }, { ConfigError }, { readJournal }, { replay }] =
        await Promise.all([
          import("../readConfig.js"),
          import("../../scene/resolveScene.js"),
          import("../../scene/configError.js"),
          import("../../journal/readJournal.js"),
          import("../../lobby/replay.js"),
        ]);
      const config = await readConfig(options.config, io);
      const problems: ConstructorParameters<typeof ConfigError>[0][number][] = [];
      const scenes = readScenes(config["scenes"], "scenes", problems);
      if (problems.length > 0) throw new ConfigError(problems);
      const scene = scenes.find(({ settings }) => settings.lobby.sceneId === options.scene);
      if (scene === undefined) throw new UsageError(`${options.config} has no scene "${options.scene}".`);
      const events = await readJournal(resolve(io.cwd, options.data), options.scene);
      const result = replay(events, scene.settings.lobby);
      io.out(
        options.json === true
          ? `${JSON.stringify({ sceneId: options.scene, events: events.length, ...result })}\n`
          : describe(result),
      );
      finish(result.differences.length === 0 ? 0 : 1);
    });
}

function describe({ compared, skipped, differences }: ReplayResult): string {
  const lines = differences.map(
    ({ seq, logged, again }) =>
      `at ${seq}:\n  in the log ${JSON.stringify(logged)}\n  made again ${JSON.stringify(again)}`,
  );
  if (compared === 0 && skipped > 0)
    return `no decision could be made again: all ${skipped} were made under another configuration.\n`;
  const skippedText = skipped === 0 ? "" : `, ${skipped} made under another configuration`;
  const verdict =
    differences.length > 0
      ? `${compared} decisions made again, the first that differ are above${skippedText}.`
      : `${compared} decisions made again, all of them the same${skippedText}.`;
  return `${[...lines, verdict].join("\n")}\n`;
}
