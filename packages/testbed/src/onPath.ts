import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * The first of these programs that is installed.
 *
 * @param names file names without a folder, best first
 * @returns the full path, or `null` when none is on the PATH
 */
export function findOnPath(...names: readonly string[]): string | null {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  // Where distributions keep servers, and often not on a user's PATH.
  if (process.platform !== "win32") folders.push("/usr/sbin", "/usr/local/sbin", "/sbin");
  for (const name of names) {
    for (const folder of folders) {
      const file = join(folder, process.platform === "win32" ? `${name}.exe` : name);
      if (isExecutable(file)) return file;
    }
  }
  return null;
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A program a test needs is not installed. The message says which, and how to get it. */
export class MissingProgramError extends Error {
  override readonly name = "MissingProgramError";
}
