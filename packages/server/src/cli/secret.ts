import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { reasonOf } from "../journal/errors.js";
import { type CliIo, UsageError } from "./io.js";

/** Where a secret is: never on the command line itself, where every user of the machine can read it. */
export interface SecretSource {
  readonly secretEnv?: string | undefined;
  readonly secretFile?: string | undefined;
}

/**
 * The secret that tokens are signed with.
 *
 * @returns `undefined` where no source is named
 * @throws {UsageError} two sources, or one that has nothing
 */
export async function readSecret(source: SecretSource, io: CliIo): Promise<string | undefined> {
  const { secretEnv, secretFile } = source;
  if (secretEnv !== undefined && secretFile !== undefined) {
    throw new UsageError("give --secret-env or --secret-file, not both.");
  }
  if (secretEnv !== undefined) {
    const secret = io.env[secretEnv];
    if (secret !== undefined && secret !== "") return secret;
    throw new UsageError(
      `the environment variable ${secretEnv} is not set. Set it to the secret, or name another one.`,
    );
  }
  if (secretFile === undefined) return undefined;
  const path = resolve(io.cwd, secretFile);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`the secret's file cannot be read: ${reasonOf(error)}`);
  }
  // The newline at a file's end is the editor's, not the secret's.
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new UsageError(`${path} is empty. Put the secret into it.`);
  return secret;
}
