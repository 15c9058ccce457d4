import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { CliIo, Finish } from "../io.js";

const help = `
Runs the server's own matchmaking on a virtual clock, with simulated people in a simulated world, and beside the chosen
matchmaker: fifo, latency-fifo and an oracle that knows every RTT before it is measured. Starts no server, sends nothing.
The same seed gives the same people and figures. How to read them, and how far to trust them: docs/matchmaking.md.

"world" has large cities, as far apart as the great circle and usual detours of cables make them; a file is CSV without a
header: RTTs in ms, row = from, column = to, empty = missing. Every participant adds a last mile (log-normal, median
--last-mile-ms) to all paths, and every probe what both sides add at that moment (--jitter-ms each in the mean).
From --config come group size, matchmaker, wait limit, number of beacons, rules and deadlines; what is typed goes over it.
Rules about attributes need people who have some: --attributes is CSV with a header, a kind of people a line, with a
column "weight" where some are more frequent; --arrivals is CSV too, a column "seconds" and attributes beside it.

--fit learns from a pilot's log who came, how often, how far apart they are, when they left, and how probes went. First it learns
from one half of the log and says how well that predicts the other; then it simulates what all of it taught, with the
pilot's rules (those that no log tells: --config), or with what is typed.

With --json: { "rows": [{ "matrix", "matchmaker", "groupSize", "maxP2pRttMs", "participants", "matches", "matchedShare",
  "timedOutShare", "leftShare", "outcomes", "probesPerMatch", "waitMs": { "p50", "p90", "p95" },
  "achievedRttMs": { "p50", "p95" }, "cost": { "waitedMinutesPerMatched", "probes" },
  "excluded": [{ "by", "value", "participants", "unmatchedShare" }] }] }
and with --fit also "fit": { "sceneId", "people", "minutes", "arrivals", "leaving", "longestWaitMs", "latencies", "probes",
  "holdOut": { "people", "runs", "rows": [{ "figure", "happened", "predicted", "predictedFromArrivals" }] }, "notes" }

Examples:
  probematch simulate --participants 1000 --max-p2p-rtt 120
  probematch simulate --sweep max-p2p-rtt=50:300:25 --plot limits.svg
  probematch simulate --config study.json --scene ultimatum --attributes panel.csv --json
  probematch simulate --region "Europe,North America" --sweep max-p2p-rtt=50:200:25
  probematch simulate --fit data --scene ultimatum --config study.json --sweep max-p2p-rtt=60:200:20`;

/** `probematch simulate`: what a limit and a matchmaker do to a study, before anybody is recruited. */
export function addSimulate(program: Command, io: CliIo, finish: Finish): void {
  program
    .command("simulate")
    .description("Try a latency limit and a matchmaker on simulated people.")
    .option("--latency <world or file>", "the shipped world, or a CSV file of RTTs", "world")
    .option("--region <names>", "only these regions of the world (several: with commas)")
    .option("--labels <file>", "names of the rows of --latency, one a line")
    .addOption(
      number("--last-mile-ms <ms>", "median of what a participant's own line adds", from(0)).default(8),
    )
    .addOption(
      number("--jitter-ms <ms>", "what each side adds to a probe, in the mean", from(0)).default(1.5),
    )
    .addOption(number("--participants <n>", "how many come (default: 1000, or as in --arrivals)", whole(2)))
    .addOption(number("--arrivals-per-second <n>", "Poisson arrivals (default: 0.2)", above(0)))
    .option("--arrivals <file>", "who arrives when, instead")
    .option("--attributes <file>", "kinds of people, for a scene's rules")
    .option("--matchmaker <name or JSON>", "as in a configuration (default: lowest-latency)")
    .addOption(number("--beacons <n>", "beacons, in the middle of people (default: 5)", whole(0, 16)))
    .addOption(number("--group-size <n>", "members of a match (default: 2)", whole(2, 8)))
    .addOption(number("--max-p2p-rtt <ms>", "largest RTT in a match (default: 100)", above(0)))
    .addOption(number("--probe-ms <ms>", "time a probe takes", above(0)).default(5000))
    .addOption(number("--probe-failures <share>", "probes that fail for no reason", share).default(0.03))
    .addOption(number("--patience-ms <ms>", "time after which a wait ends (default: 300000)", above(0)))
    .addOption(number("--dropout <share>", "people who leave before, if still waiting", share).default(0))
    .option("--seed <text>", "all chance follows from it", "1")
    .addOption(
      number(
        "--threads <n>",
        "matchmakers simulated at a time (default: as many as cores, from 3000 participants on)",
        whole(1, 64),
      ).conflicts("fit"),
    )
    .option("-c, --config <file>", "a study's configuration")
    .option("-s, --scene <scene>", "a scene of it (default: its only one)")
    .addOption(
      new Option("--sweep <range>", "several limits, such as max-p2p-rtt=50:300:25")
        .argParser(sweep)
        .conflicts("maxP2pRtt"),
    )
    .addOption(
      new Option(
        "--fit <log>",
        "a pilot's data folder or journal: people like those who came there",
      ).conflicts([...generated]),
    )
    .addOption(
      new Option("--journal <file>", "write the log a server would, of the chosen matchmaker").conflicts(
        "sweep",
      ),
    )
    .option("--plot <file>", "draw the figures into an SVG file")
    .option("--json", "print the figures as one JSON object")
    .addHelpText("after", help)
    .action(async ({ maxP2pRtt, sweep: limits, ...options }) => {
      const { runSimulation } = await import("../simulate/run.js");
      const limitsMs = limits ?? (maxP2pRtt === undefined ? null : [maxP2pRtt]);
      if (await runSimulation({ ...options, limitsMs }, io)) return;
      io.err("probematch: stopped before the end, nothing is printed.\n");
      finish(1);
    });
}

/** What a pilot's log tells instead. */
const generated = [
  ...["latency", "labels", "region", "lastMileMs", "jitterMs", "arrivals", "attributes", "beacons"],
  ...["probeMs", "probeFailures", "dropout"],
] as const;

const number = <Flags extends string>(flags: Flags, description: string, read: (text: string) => number) =>
  new Option(flags, description).argParser(read);

const isNumber = (text: string): boolean => /^\d+(\.\d+)?$|^\.\d+$/.test(text);

const whole =
  (least: number, most = 1_000_000) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Wanted a whole number from ${least} to ${most}.`);
  };

const above =
  (bound: number) =>
  (text: string): number => {
    if (isNumber(text) && Number(text) > bound && Number(text) < 2 ** 31) return Number(text);
    throw new InvalidArgumentError(`Wanted a number above ${bound}.`);
  };

const from =
  (least: number) =>
  (text: string): number => {
    if (isNumber(text) && Number(text) >= least && Number(text) < 2 ** 31) return Number(text);
    throw new InvalidArgumentError(`Wanted a number from ${least} up.`);
  };

function share(text: string): number {
  if (isNumber(text) && Number(text) <= 1) return Number(text);
  throw new InvalidArgumentError("Wanted a share from 0 to 1.");
}

const MOST_STEPS = 100;

function sweep(text: string): readonly number[] {
  const [name, range = ""] = text.split("=");
  const parts = range.split(":");
  const [first = 0, last = 0, step = 0] = parts.map(Number);
  const isRange = name === "max-p2p-rtt" && parts.length === 3 && parts.every(isNumber);
  const steps = Math.floor((last - first) / step + 1e-9) + 1;
  if (isRange && first > 0 && step > 0 && steps >= 1 && steps <= MOST_STEPS)
    return Array.from({ length: steps }, (_, i) => first + i * step);
  throw new InvalidArgumentError(
    `Wanted max-p2p-rtt=from:to:step in ms, at most ${MOST_STEPS} steps, such as max-p2p-rtt=50:300:25.`,
  );
}
