import { Command, InvalidArgumentError } from "@commander-js/extra-typings";

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
  .option("--runs <n>", "matches of each kind", Number, 30)
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
  .option("--setup <names...>", "which of these", ["bare-socket.io", "file", "redis-1", "redis-3"])
  .option("--rate <n>", "participants per second", Number, 1000)
  .option("--seconds <n>", "how long", Number, 20)
  .option("--idle <n>", "participants who only wait, one connection each", Number, 18_000)
  .option("--waiting [sizes...]", "also matches while so many wait (default: 100, 1000 and 10000)")
  .option("--profile <dir>", "leave CPU profiles of the servers there")
  .option("--json", "one JSON object on standard output, and nothing else there")
  .action(async (options) => {
    const { benchLoad } = await import("./load.js");
    await benchLoad(options);
  });

program
  .command("quality")
  .description("how many are matched, for how many probes and how much waiting, on measured latencies")
  .requiredOption(
    "--latency <dir>",
    "a folder of RTT matrices (*.csv: ms, row = from, column = to, empty = missing)",
  )
  .option("--group-size <n>", "one group size only (default: 2 within 100 ms, then 4 within 150 ms)", Number)
  .option("--participants <n>", "participants of a run", Number, 10_000)
  .option("--seeds <n>", "runs of each kind", Number, 2)
  .option("--json", "one JSON object on standard output, and nothing else there")
  .action(async (options) => {
    const { benchQuality } = await import("./quality.js");
    benchQuality(options);
  });

program
  .command("probe")
  .description(
    "time from the proposal to the verdict, beside a bare WebRTC set-up and a fixed scheme of 5 pings",
  )
  .option(
    "--rtt <ms>",
    "delay put between the pages, both directions together, with commas between",
    amounts,
    [20, 50, 100, 200],
  )
  .option("--jitter <ms>", "put on top of the delay, up to so much more or less each way", Number, 0)
  .option("--runs <n>", "probes of each kind", Number, 20)
  .option("--json", "one JSON object on standard output, and nothing else there")
  .action(async (options) => {
    const { benchProbe } = await import("./probe.js");
    await benchProbe(options);
  });

program
  .command("worker")
  .description("RTTs of pings sent and answered on a page's main thread and in a worker, idle and busy")
  .option("--rounds <n>", "series of 40 pings in each condition", Number, 20)
  .option("--json", "one JSON object on standard output, and nothing else there")
  .action(async (options) => {
    const { benchWorker } = await import("./worker.js");
    await benchWorker(options);
  });

function amounts(text: string): number[] {
  const values = text.split(",").map(Number);
  if (values.every((value) => Number.isFinite(value) && value >= 0)) return values;
  throw new InvalidArgumentError("Wanted numbers from 0 up, with commas between them.");
}

await program.parseAsync();
