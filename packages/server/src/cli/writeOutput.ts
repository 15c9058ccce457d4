import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { reasonOf } from "../journal/errors.js";
import { type CliIo, UsageError } from "./io.js";

/**
 * Writes a file that was named on the command line.
 *
 * @throws {UsageError} it cannot be written
 */
export async function writeOutput(file: string, text: string, io: CliIo): Promise<void> {
  try {
    await writeFile(resolve(io.cwd, file), text);
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${reasonOf(error)}`);
  }
}
