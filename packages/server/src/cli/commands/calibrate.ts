import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type * as Testbed from "@probematch/testbed";
import { loadDrawChart } from "../drawChart.js";
import { type CliIo, type Finish, UsageError } from "../io.js";
import { writeOutput } from "../writeOutput.js";

const help = `
Starts real browsers (Chromium and Firefox have to be installed) and puts a known delay on the UDP path between them. What
is measured is the product's own probing. On Linux everything runs in a network namespace: no packet leaves this machine.

Without a list but --pair: every RTT on an undisturbed path, and each disturbance on its own at 100 ms. As soon as another list
is given: every combination of what is given; those with more jitter than delay are left out. One probe takes about a second on short paths, 10 s at 1500 ms;
the whole default grid with 20 probes about 50 minutes; it can be run in pieces, each with --samples, and put together with --from.
Errors are reported minus true, ms.

With --json: { "rows": [{ "pair", "injectedRttMs", "jitterMs", "lossRatio", "condition", "probes",
  "biasMs", "medianAbsErrorMs", "p95AbsErrorMs", "coverage95", "rawMedianAbsErrorMs", "intervalHalfMs" }] }

Examples:
  probematch calibrate --pair chromium-firefox --rtt 20,100 --probes 30
  probematch calibrate --json --plot accuracy.svg --samples samples.jsonl
  probematch calibrate --from monday.jsonl,tuesday.jsonl --plot accuracy.svg`;

/** `probematch calibrate`: how far from the truth the measurements on this machine are. */
export function addCalibrate(program: Command, io: CliIo, finish: Finish): void {
  program
    .command("calibrate")
    .description("Compare what is measured with delays of known truth, in real browsers.")
    .addOption(list("--pair <pairs>", "engines, such as chromium-firefox", (text) => text))
    .addOption(list("--rtt <ms>", "delay put between the pages, both directions together", amount))
    .addOption(list("--jitter <ms>", "how far each direction's delay varies, either way", amount))
    .addOption(list("--loss <ratios>", "share of packets dropped in each direction, such as 0.01", share))
    .addOption(list("--condition <names>", "idle, isolated, asymmetric, busy-first, …", (text) => text))
    .addOption(new Option("--probes <n>", "probes of each kind").argParser(wholeNumber).default(20))
    .addOption(
      new Option("--rhythm <name>", "how is pinged: as a scene by default, or with fastProbeParameters")
        .choices(["fast", "default"])
        .default("fast"),
    )
    .addOption(
      new Option("--measure-in <thread>", "the pages' worker, or the pages themselves, to compare with")
        .choices(["worker", "page"] as const)
        .default("worker" as const),
    )
    .option("--plot <file>", "draw the figures into an SVG file")
    .option("--samples <file>", "write every single probe as a line of JSON")
    .addOption(
      list("--from <files>", "start no browsers: take the probes that --samples wrote", (text) => text)
        // What is measured anew; the files have what they have.
        .conflicts([
          "pair",
          "rtt",
          "jitter",
          "loss",
          "condition",
          "probes",
          "rhythm",
          "measureIn",
          "samples",
        ]),
    )
    .option("--json", "print the figures as one JSON object")
    .addHelpText("after", help)
    .action(async (options) => {
      const testbed = await importTestbed();
      const grid = {
        ...(options.pair && { pairs: known(testbed.pairs, options.pair, "--pair") }),
        ...(options.rtt && { rttMs: options.rtt }),
        ...(options.jitter && { jitterMs: options.jitter }),
        ...(options.loss && { lossRatio: options.loss }),
        ...(options.condition && {
          conditions: known(testbed.conditions, options.condition, "--condition"),
        }),
      };
      const json = options.json === true;
      // Before the work, so that nobody waits for it in vain.
      const plot = options.plot === undefined ? null : { file: options.plot, draw: await loadDrawChart() };
      if (options.from !== undefined) {
        const { readCalibrationSamples } = await import("../calibrationSamples.js");
        const samples = await readCalibrationSamples(options.from.map((file) => resolve(io.cwd, file)));
        const { tellCalibration } = await import("../calibrate.js");
        return tellCalibration(testbed.rowsOf(samples), { json, plot }, io);
      }
      const cells = testbed.cellsOf(grid);
      const reasons = cells.map((cell) => testbed.impossible(cell));
      if (reasons.every((reason) => reason !== null))
        throw new UsageError(`nothing to measure: ${reasons[0]}. Give a longer --rtt or a smaller --jitter.`);
      if (options.samples !== undefined) await writeOutput(options.samples, "", io);
      if (!testbed.isInNamespace()) {
        const [, program = "", ...args] = process.argv;
        const run = await testbed.runInNamespace(process.execPath, [program, ...args]);
        if (run !== null) return finish(run.exitCode === 0 ? 0 : run.exitCode === 2 ? 2 : 1);
        io.err("probematch: no network namespace can be made here: the browsers use 127.0.0.1.\n");
      }
      const { runCalibration } = await import("../calibrate.js");
      await runCalibration(
        testbed,
        {
          grid,
          probes: options.probes,
          rhythm: options.rhythm === "default" ? "default" : "fast",
          measureIn: options.measureIn,
          json,
          plot,
          samplesFile: options.samples === undefined ? null : resolve(io.cwd, options.samples),
        },
        io,
      );
    });
}

/** Not a dependency of a server that runs a study: it drives browsers. */
async function importTestbed(): Promise<typeof Testbed> {
  try {
    return await import("@probematch/testbed");
  } catch {
    throw new UsageError(
      "calibrate needs the package @probematch/testbed. Run: npm install @probematch/testbed",
    );
  }
}

function list<Flags extends string, T>(flags: Flags, description: string, read: (text: string) => T) {
  return new Option(flags, `${description} (several: with commas)`).argParser((text): T[] =>
    text.split(",").map((item) => read(item.trim())),
  );
}

function known<T extends string>(all: readonly T[], given: readonly string[], option: string): T[] {
  return given.map((name) => {
    const found = all.find((one) => one === name);
    if (found === undefined)
      throw new UsageError(`${option} ${name} is not known. Known: ${all.join(", ")}.`);
    return found;
  });
}

function amount(text: string): number {
  const value = Number(text);
  if (text !== "" && Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError("Wanted numbers from 0 up, with commas between them.");
}

function share(text: string): number {
  const value = amount(text);
  if (value <= 1) return value;
  throw new InvalidArgumentError("Wanted shares from 0 to 1, such as 0.01 for 1 %.");
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1) return value;
  throw new InvalidArgumentError("Wanted a whole number from 1 up.");
}
