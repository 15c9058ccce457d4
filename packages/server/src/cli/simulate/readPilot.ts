import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { checkDataFolder } from "../../journal/dataFolder.js";
import { reasonOf } from "../../journal/errors.js";
import { readJournal, readJournalFile } from "../../journal/readJournal.js";
import { listLogs } from "../../journal/segments.js";
import { type Pilot, readPilot } from "../../sim/fit/pilot.js";
import { type CliIo, UsageError } from "../io.js";

/**
 * A pilot's log: a data folder, or a journal file of it.
 *
 * @param sceneId which of the folder's scenes; `undefined` = its only one
 * @throws {UsageError | DataFolderError} there is none, or it is damaged; an unfinished end is left out
 */
export async function readPilotLog(path: string, sceneId: string | undefined, io: CliIo): Promise<Pilot> {
  const at = resolve(io.cwd, path);
  const isFolder = await stat(at).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      throw new UsageError(`the log ${path} cannot be read: ${reasonOf(error)}`);
    },
  );
  const events = isFolder
    ? await readJournal(at, sceneId ?? (await onlyScene(at, path)))
    : await readJournalFile(at);
  if (events.length === 0) throw new UsageError(`${path} has no events yet: there is nothing to learn from.`);
  const pilot = readPilot(events);
  if (sceneId !== undefined && pilot.sceneId !== sceneId)
    throw new UsageError(`${path} is the log of "${pilot.sceneId}", not of "${sceneId}".`);
  return pilot;
}

async function onlyScene(folder: string, path: string): Promise<string> {
  await checkDataFolder(folder);
  const logs = await listLogs(folder);
  const scenes = logs.flatMap(({ kind, sceneId }) => (kind === "journal" ? [sceneId] : []));
  const [only] = scenes;
  if (only === undefined) throw new UsageError(`${path} has no journal: no server has run with it yet.`);
  if (scenes.length === 1) return only;
  throw new UsageError(
    `${path} has the logs of several scenes: say which with --scene. There are ${scenes.join(", ")}.`,
  );
}
