import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { comparedMatchmakers } from "@probematch/server/core";
import { amount, delays, oneMore, setupNames, someOf, whole } from "./options.js";

/**
 * `pnpm bench [what]`: what is fast and what is accurate. Every figure of the README comes from here. Times depend on
 * the machine and on what else it does: compare within one run.
 */
const program = new Command("bench").description("Measures Probematch on this machine.").showHelpAfterError();

program
  .command("match", { isDefault: true })
  .description(
    "time from the second arrival to `matched`, with and without probing, and the client file's size",
  )
  .option("--runs <n>", "matches of each kind", whole(1), 30)
  .option("--no-browsers", "leave out what needs a browser")
  .option("--json", "one JSON object on standard output, and nothing else there")
  .action(async (options) => {
    const { benchMatch } = await import("./match.js");
    await benchMatch(options);
  });

program
  .command("core")
  .description("cost of one event in the core, by matchmaker and by how many wait")
  .option("--json", "one JSON object on standard output, and nothing else there")
  .action(async (options) => {
    const { benchCore } = await import("./core.js");
    benchCore(options);
  });

program
  .command("load")
  .description("memory of those who wait, and matches at a fixed rate, beside bare socket.io")
  .option("--setup <names...>", "which of these (several: with commas)", someOf(setupNames), setupNames)
  .option("--rate <n>", "participants per second", whole(1), 1000)
  .option("--seconds <n>", "how long", whole(1), 20)
  .option("--idle <n>", "participants who only wait, one connection each", whole(2), 18_000)
  .option(
    "--waiting [sizes...]",
    "also matches on each setup of one node while so many wait (default: 100, 1000 and 10000)",
    oneMore,
  )
  .option("--profile <dir>", "leave CPU profiles of the servers there")
  .option("--json", "one JSON object on standard output, and nothing else there")
  .action(async (options) => {
    const { benchLoad } = await import("./load.js");
    await benchLoad(options);
  });

program
  .command("quality")
  .description("how many are matched, for how many probes and how much waiting, beside an oracle")
  .option("--latency <dir>", "a folder of RTT matrices (*.csv: ms, row = from, column = to, empty = missing)")
  .option("--made [n]", "so many made matrices of each kind (default: 3)", whole(1))
  .option("--made-seed <text>", "what the made ones follow from", "1")
  .option(
    "--matchmakers <names...>",
    "which of these (several: with commas)",
    someOf(comparedMatchmakers),
    comparedMatchmakers,
  )
  .option(
    "--group-size <n>",
    "one group size only (default: 2 within 100 ms, then 4 within 150 ms)",
    whole(2, 8),
  )
  .option("--participants <n>", "participants of a run", whole(2), 10_000)
  .option("--seeds <n>", "runs of each kind", whole(1), 2)
  .option("--json", "one JSON object on standard output, and nothing else there")
  .action(async ({ made, ...options }) => {
    const { benchQuality } = await import("./quality.js");
    benchQuality({ ...options, made: made === true ? 3 : made });
  });

program
  .command("prior")
  .description("fits what landmarks say of a path (latency/prior.ts), and checks what is in the file")
  .requiredOption(
    "--latency <dir>",
    "a folder of measured RTT matrices (*.csv: ms, row = from, column = to, empty = missing)",
  )
  .option("--pairs <n>", "pairs of each kind, for the fit and for the check", whole(1), 9_000)
  .option("--json", "one JSON object on standard output, and nothing else there")
  .action(async (options) => {
    const { benchPrior } = await import("./prior.js");
    benchPrior(options);
  });

program
  .command("probe")
  .description(
    "time from the proposal to the verdict, beside a bare WebRTC set-up and a fixed scheme of 5 pings",
  )
  .option(
    "--rtt <ms>",
    "delay put between the pages, both directions together, with commas between",
    delays,
    [20, 50, 100, 200],
  )
  .option("--jitter <ms>", "put on top of the delay, up to so much more or less each way", amount, 0)
  .option("--runs <n>", "probes of each kind", whole(1), 20)
  .option("--json", "one JSON object on standard output, and nothing else there")
  .action(async (options) => {
    const { benchProbe } = await import("./probe.js");
    await benchProbe(options);
  });

program
  .command("worker")
  .description("RTTs of pings sent and answered on a page's main thread and in a worker, idle and busy")
  .option("--rounds <n>", "series of 40 pings in each condition", whole(1), 20)
  .option("--json", "one JSON object on standard output, and nothing else there")
  .action(async (options) => {
    const { benchWorker } = await import("./worker.js");
    await benchWorker(options);
  });

// By exit(), so that the Redis, the servers and the browsers that were started end as well.
process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof InvalidArgumentError)) throw error;
  program.error(`error: ${error.message}`);
}
