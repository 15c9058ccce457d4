/** What a command has of the outside world; tests hand in their own. */
export interface CliIo {
  /** Results. With `--json` one object and nothing else. */
  readonly out: (text: string) => void;
  /** Everything meant for the person at the terminal. */
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths begin here. */
  readonly cwd: string;
  /** Asks a question with yes or no; `null` where nobody can be asked. */
  readonly confirm: (question: string) => Promise<boolean | null>;
  /** Where progress can be drawn for the person who watches; `null` = nobody does. */
  readonly terminal: NodeJS.WritableStream | null;
  /** Aborted when the command should end (SIGINT, SIGTERM). */
  readonly stop: AbortSignal;
}

/** A command's end: 0 good, 1 it found or met a problem, 2 it was used wrongly. */
export type ExitCode = 0 | 1 | 2;

/** Tells the program how a command ended, where it did not end well without an error. */
export type Finish = (code: ExitCode) => void;

/** The command was used wrongly: exit code 2. The message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
