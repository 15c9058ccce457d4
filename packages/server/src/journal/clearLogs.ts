import { readdir, unlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { checkDataFolder } from "./dataFolder.js";
import { lockFolder } from "./folderLock.js";
import type { LogReporter } from "./logs.js";
import { listLogs } from "./segments.js";
import { syncFolder } from "./syncFolder.js";
import { scenesOf } from "./verifyLogs.js";

export interface ClearReport {
  readonly dataDir: string;
  readonly scenes: readonly string[];
  /** Names of the removed files. */
  readonly removed: readonly string[];
}

/**
 * The scenes and files that {@link clearLogs} would remove.
 *
 * @throws {DataFolderError} not a data folder, or without that scene
 */
export async function findClearable(dataDir: string, sceneId?: string): Promise<ClearReport> {
  const folder = resolve(dataDir);
  await checkDataFolder(folder);
  const logs = await listLogs(folder);
  const scenes = scenesOf(folder, logs, sceneId);
  const names = await readdir(folder);
  const files = scenes.flatMap((scene) => {
    // The journal last and its newest part first: whatever moment a crash chooses, what is left can be opened.
    const ofKind = (kind: "journal" | "matches" | "telemetry") =>
      (logs.find((log) => log.sceneId === scene && log.kind === kind)?.segments ?? [])
        .map((segment) => segment.name)
        .toReversed();
    const logFiles = [...ofKind("telemetry"), ...ofKind("matches"), ...ofKind("journal")];
    const tornCopies = names.filter((name) => logFiles.some((log) => name.startsWith(`${log}.torn-`)));
    return [...tornCopies, ...logFiles];
  });
  return { dataDir: folder, scenes, removed: files };
}

/**
 * Removes the logs of one scene, or of all: for good. The folder stays a data folder.
 *
 * @param sceneId only this scene
 * @throws {DataFolderError} not a data folder, without that scene, or in use by a server
 */
export async function clearLogs(
  dataDir: string,
  reporter: LogReporter,
  sceneId?: string,
): Promise<ClearReport> {
  const folder = resolve(dataDir);
  await checkDataFolder(folder);
  const lock = await lockFolder(folder, { reporter });
  try {
    const report = await findClearable(folder, sceneId);
    for (const name of report.removed) await unlink(join(folder, name));
    await syncFolder(folder);
    return report;
  } finally {
    await lock.release();
  }
}
