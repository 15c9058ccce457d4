import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { DataFolderError, errorCode, reasonOf } from "./errors.js";
import { readFully } from "./lines.js";
import type { LogReporter } from "./logs.js";
import { syncFolder } from "./syncFolder.js";

/** Bytes at a log's end that are not a complete record: what a crash leaves of a write it interrupted. */
export interface TornTail {
  readonly path: string;
  /** Line of the first byte to cut, from 1; `null` where it was not counted. */
  readonly line: number | null;
  /** Everything before this offset is whole. */
  readonly goodLength: number;
  readonly size: number;
  readonly reason: string;
}

/**
 * Cuts a torn tail off, with a copy of the cut bytes kept beside the log (`….torn-{time}`), and reports it.
 *
 * @throws {DataFolderError} when the copy cannot be kept; then nothing was cut
 */
export async function cutTornTail(torn: TornTail, reporter: LogReporter): Promise<void> {
  try {
    const log = await open(torn.path, "r+");
    try {
      const copy = await keepCopy(
        torn.path,
        await readFully(log, torn.goodLength, torn.size - torn.goodLength),
      );
      await log.truncate(torn.goodLength);
      await log.datasync();
      reporter.warn(
        {
          file: basename(torn.path),
          line: torn.line,
          cutBytes: torn.size - torn.goodLength,
          copy: basename(copy),
        },
        `the log's end was cut off: ${torn.reason} (the last write before a crash never finished)`,
      );
    } finally {
      await log.close();
    }
  } catch (error) {
    throw new DataFolderError(
      `${torn.path} ends in an unfinished record and could not be repaired: ${reasonOf(error)}. Make room and let this user write there, then start again.`,
      { cause: error },
    );
  }
}

async function keepCopy(path: string, bytes: Buffer): Promise<string> {
  const stamp = new Date().toISOString().replace(/[:.-]/g, "");
  for (let attempt = 0; ; attempt += 1) {
    const copyPath = `${path}.torn-${stamp}${attempt === 0 ? "" : `-${attempt}`}`;
    try {
      const copy = await open(copyPath, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY);
      try {
        await copy.writeFile(bytes);
        await copy.sync();
      } finally {
        await copy.close();
      }
      await syncFolder(dirname(path));
      return copyPath;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
}
