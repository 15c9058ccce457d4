import { basename, resolve } from "node:path";
import type { StoredEvent } from "../lobby/events.js";
import { checkDataFolder } from "./dataFolder.js";
import { DataFolderError, reasonOf } from "./errors.js";
import { scanJournal } from "./scanJournal.js";
import { listLogs, type Segment } from "./segments.js";
import { scenesOf } from "./verifyLogs.js";

/**
 * All events of a scene's journal. Changes nothing, and may run beside a server; an unfinished end is left out.
 *
 * @throws {DataFolderError} not a data folder, without that scene, or its journal is damaged
 */
export async function readJournal(dataDir: string, sceneId: string): Promise<readonly StoredEvent[]> {
  const folder = resolve(dataDir);
  await checkDataFolder(folder);
  const logs = await listLogs(folder);
  scenesOf(folder, logs, sceneId);
  const journal = logs.find((log) => log.sceneId === sceneId && log.kind === "journal");
  return readSegments(journal?.segments ?? []);
}

/**
 * All events of a journal that lies anywhere, as one file.
 *
 * @throws {DataFolderError} it is damaged, or no journal from its beginning
 */
export async function readJournalFile(file: string): Promise<readonly StoredEvent[]> {
  const path = resolve(file);
  try {
    return await readSegments([{ name: basename(path), path, index: null }]);
  } catch (error) {
    if (error instanceof DataFolderError) throw error;
    throw new DataFolderError(`${path} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

async function readSegments(segments: readonly Segment[]): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = [];
  const { damage } = await scanJournal(segments, (batch) => {
    for (const event of batch) events.push(event);
  });
  if (damage === null) return events;
  const { path, line, reason } = damage;
  throw new DataFolderError(
    `${basename(path)}, line ${line} is damaged: ${reason}. Put back a good copy; nothing was changed.`,
  );
}
