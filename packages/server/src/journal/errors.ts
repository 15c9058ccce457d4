/**
 * The data folder cannot be used as it is: foreign, unreadable, in use by another process, or damaged. The message
 * says what is wrong, where, and what to do; it is meant for the person who started the server.
 */
export class DataFolderError extends Error {
  override readonly name = "DataFolderError";
}

/** The system's code of a failed call (`ENOENT` and the like), where it has one. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** An error in a few words. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
