import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DataFolderError, errorCode, reasonOf } from "./errors.js";
import { parseObject } from "./lines.js";
import { syncFolder } from "./syncFolder.js";

/** Says that a folder is Probematch's, and in which format its logs are. */
const MARKER = "probematch.json";
const FORMAT = 1;

/**
 * Makes sure a folder is ours and readable; creates it where it is missing or empty.
 *
 * @throws {DataFolderError} foreign, of a newer version, not a folder, or not to be read or written
 */
export async function prepareDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new DataFolderError(`${cannotUse(folder)}: ${explain(error)}`, { cause: error });
  }
  if (await checkDataFolder(folder)) return;
  try {
    // Under another name first: a half-written marker would make the folder foreign to ourselves.
    const draft = join(folder, `.${MARKER}.${randomBytes(6).toString("hex")}`);
    await writeFile(draft, `${JSON.stringify({ format: FORMAT })}\n`, { flag: "wx" });
    await rename(draft, join(folder, MARKER));
    await syncFolder(folder);
  } catch (error) {
    throw new DataFolderError(`${cannotUse(folder)}: ${explain(error)}`, { cause: error });
  }
}

/**
 * Looks at a folder without changing it.
 *
 * @returns true when it is a data folder, false when it is empty
 * @throws {DataFolderError} missing, foreign, of a newer version, or unreadable
 */
export async function checkDataFolder(folder: string): Promise<boolean> {
  const names = await attempt(folder, () => readdir(folder));
  if (!names.includes(MARKER)) {
    const foreign = names.filter((name) => !name.startsWith(".") && name !== "lost+found");
    if (foreign.length === 0) return false;
    throw new DataFolderError(
      `${folder} is not a data folder of Probematch: it has ${foreign.slice(0, 3).join(", ")}${foreign.length > 3 ? ", …" : ""} but no ${MARKER}. Choose an empty or a new folder.`,
    );
  }
  const marker = parseObject(await attempt(folder, () => readFile(join(folder, MARKER))));
  const format = marker?.["format"];
  if (format === FORMAT) return true;
  throw new DataFolderError(
    typeof format === "number" && format > FORMAT
      ? `${folder} was written by a newer version of Probematch (format ${format}, this one knows ${FORMAT}). Use that version, or another folder.`
      : `${join(folder, MARKER)} does not say {"format":${FORMAT}}, so the folder is not known to be Probematch's. Put the right file back, or choose another folder.`,
  );
}

const cannotUse = (folder: string): string => `${folder} cannot be used as the data folder`;

async function attempt<T>(folder: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw new DataFolderError(`${cannotUse(folder)}: ${explain(error)}`, { cause: error });
  }
}

function explain(error: unknown): string {
  switch (errorCode(error)) {
    case "ENOENT":
      return "it does not exist. Check the path.";
    case "EEXIST":
    case "ENOTDIR":
      return "it, or a part of its path, is a file. Choose a folder.";
    case "EACCES":
    case "EPERM":
      return "this user may not read and write it. Change its permissions, or choose another one.";
    case "EROFS":
      return "its file system is read-only. Choose another one.";
    case "ENOSPC":
      return "the disk is full. Make room, or choose another one.";
    default:
      return `${reasonOf(error)}.`;
  }
}
