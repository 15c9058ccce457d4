import type { CliIo, ExitCode } from "../src/cli/io.js";
import { runCli } from "../src/cli/program.js";

export interface CliResult {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process, as if typed. */
export async function cli(args: readonly string[], io: Partial<CliIo> = {}): Promise<CliResult> {
  let out = "";
  let err = "";
  const code = await runCli(args, {
    env: {},
    cwd: "/nowhere",
    confirm: async () => null,
    terminal: null,
    stop: new AbortController().signal,
    ...io,
    out: (text) => {
      out += text;
      io.out?.(text);
    },
    err: (text) => {
      err += text;
      io.err?.(text);
    },
  });
  return { code, out, err };
}
