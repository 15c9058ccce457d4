import { Command, CommanderError } from "@commander-js/extra-typings";
import { addCalibrate } from "./commands/calibrate.js";
import { addJournalClear } from "./commands/journalClear.js";
import { addJournalExport } from "./commands/journalExport.js";
import { addJournalReplay } from "./commands/journalReplay.js";
import { addJournalVerify } from "./commands/journalVerify.js";
import { addServe } from "./commands/serve.js";
import { addSimulate } from "./commands/simulate.js";
import { addToken } from "./commands/token.js";
import { type CliIo, type ExitCode, type Finish, UsageError } from "./io.js";
import { packageVersion } from "./packageVersion.js";

/**
 * Runs `probematch` once.
 *
 * @param args what was typed after `probematch`
 * @returns the exit code; what there is to say has been written to `io`
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<ExitCode> {
  let code: ExitCode = 0;
  const program = makeProgram(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    return report(error, io);
  }
}

function makeProgram(io: CliIo, finish: Finish): Command {
  const program = new Command("probematch")
    .description("Matchmaking for live studies and games, by measured peer-to-peer latency.")
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      outputError: (text, write) => {
        const line = text
          .replace(/^error: /, "")
          .trim()
          .replace(/\s*\n\s*/g, " ");
        write(`probematch: ${line} (--help shows how it is used)\n`);
      },
    })
    .helpCommand(false);
  addServe(program, io);
  addToken(program, io);
  addCalibrate(program, io, finish);
  addSimulate(program, io, finish);
  const journal = program
    .command("journal")
    .description("Look after a data folder's logs.")
    .helpCommand(false);
  addJournalVerify(journal, io, finish);
  addJournalReplay(journal, io, finish);
  addJournalExport(journal, io);
  addJournalClear(journal, io);
  return program;
}

/** Mistakes of the user are one message; only a bug of ours shows where it happened. */
function report(error: unknown, io: CliIo): ExitCode {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? 0 : 2;
  }
  if (error instanceof UsageError) {
    io.err(`probematch: ${error.message}\n`);
    return 2;
  }
  if (error instanceof Error && userErrors.has(error.name)) {
    io.err(`probematch: ${error.message}\n`);
    return 1;
  }
  io.err(
    `probematch: this is a bug, please report it.\n${error instanceof Error ? error.stack : String(error)}\n`,
  );
  return 1;
}

/** By name, so that their modules are loaded only by the commands that need them. */
const userErrors: ReadonlySet<string> = new Set([
  "ConfigError",
  "DataFolderError",
  "RedisStoreError",
  "ListenError",
  "MissingProgramError",
  "SimulationStuckError",
]);
