import { type Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { type Attributes, attributesSchema, participantIdSchema, sceneIdSchema } from "@probematch/shared";
import * as v from "valibot";
import { type CliIo, UsageError } from "../io.js";

const help = `
The secret is read from the environment or a file, never from the command line, where others on this machine could
see it. It needs at least 32 bytes; make one with: openssl rand -base64 32

Examples:
  probematch token --secret-env PROBEMATCH_SECRET --participant p-17 --expires 2h
  probematch token --secret-file secret.txt --participant p-17 --scene ultimatum --attributes '{"language":"de"}'`;

/** `probematch token`: signs a participant's token. */
export function addToken(program: Command, io: CliIo): void {
  program
    .command("token")
    .description("Sign a token that lets one participant in.")
    .option("--secret-env <name>", "environment variable with the server's secret")
    .option("--secret-file <file>", "file with the server's secret")
    .requiredOption(
      "--participant <id>",
      "the participant's id",
      fits(participantIdSchema, "1 to 128 printable characters without spaces"),
    )
    .option(
      "--scene <scene>",
      "good for this scene only",
      fits(sceneIdSchema, "1 to 64 letters, digits, _ or -"),
    )
    .option("--attributes <json>", "what matchmakers may know, as a JSON object", attributes)
    .option("--priority <number>", "higher is served first", finite)
    .option("--expires <time>", "how long it lasts: 30m, 2h, 7d", duration, "24h")
    .option("--json", "print { token, participantId, scene, expiresAt }")
    .addHelpText("after", help)
    .action(async (options) => {
      const { signParticipantToken } = await import("../../gateway/tokens.js");
      const { readSecret } = await import("../secret.js");
      const { decodeJwt } = await import("jose");
      const secret = await readSecret(options, io);
      if (secret === undefined)
        throw new UsageError("give the server's secret: --secret-env NAME or --secret-file FILE.");
      const { participant: participantId, scene, attributes, priority, expires: expiresIn } = options;
      let token: string;
      try {
        token = await signParticipantToken({
          secret,
          participantId,
          expiresIn,
          ...(scene === undefined ? {} : { scene }),
          ...(attributes === undefined ? {} : { attributes }),
          ...(priority === undefined ? {} : { priority }),
        });
      } catch (error) {
        if (error instanceof TypeError) throw new UsageError(error.message);
        throw error;
      }
      if (options.json !== true) return io.out(`${token}\n`);
      const expiresAt = (decodeJwt(token).exp ?? 0) * 1000;
      io.out(`${JSON.stringify({ token, participantId, scene: scene ?? null, expiresAt })}\n`);
    });
}

function fits(schema: v.GenericSchema<string>, wanted: string): (text: string) => string {
  return (text) => {
    if (v.is(schema, text)) return text;
    throw new InvalidArgumentError(`Wanted ${wanted}.`);
  };
}

function attributes(text: string): Attributes {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidArgumentError(`Wanted a JSON object, such as '{"language":"de"}'.`);
  }
  const parsed = v.safeParse(attributesSchema, value);
  if (parsed.success && !Array.isArray(value)) return parsed.output;
  throw new InvalidArgumentError(
    "Wanted a JSON object of at most 32 keys whose values are numbers, strings of at most 256 characters, true, false or null.",
  );
}

function finite(text: string): number {
  const number = Number(text);
  if (text.trim() !== "" && Number.isFinite(number)) return number;
  throw new InvalidArgumentError("Wanted a number.");
}

function duration(text: string): string {
  if (/^[1-9]\d*[smhd]$/.test(text)) return text;
  throw new InvalidArgumentError("Wanted a time such as 90s, 30m, 2h or 7d.");
}
