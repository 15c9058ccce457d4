import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import { seededRandom } from "../../lobby/random.js";
import { atMeanRate, drawArrivals } from "../../sim/fit/arrivals.js";
import { type HoldOut, holdOut } from "../../sim/fit/holdOut.js";
import { type Lesson, learn } from "../../sim/fit/learn.js";
import type { Pilot } from "../../sim/fit/pilot.js";
import { PilotWorld, UNKNOWN_PROBE_MS } from "../../sim/fit/pilotWorld.js";
import { type CliIo, UsageError } from "../io.js";
import { type ChosenStudy, chooseStudy, plainNames, type StudyDefaults } from "./chooseStudy.js";
import { fitReportOf } from "./fitReport.js";
import type { SimulateOptions, SimulationPlan } from "./plan.js";
import { showProgress } from "./progress.js";
import { readPilotLog } from "./readPilot.js";

/**
 * People like those of a pilot's log, under the rules the pilot ran with where nothing else was typed.
 *
 * @returns `null` when it was stopped
 */
export async function planFit(
  options: SimulateOptions & { readonly fit: string },
  io: CliIo,
): Promise<SimulationPlan | null> {
  const pilot = await readPilotLog(options.fit, options.scene, io);
  const lesson = learnFrom(pilot, options.fit);
  const defaults = defaultsOf(pilot, lesson, options);
  const asItWas = await chooseStudy(
    { config: options.config, scene: options.config && pilot.sceneId, limitsMs: null },
    defaults,
    io,
  );
  const checked = await checkPrediction(pilot, asItWas, options.seed, io);
  if (checked === "stopped") return null;
  const study = await chooseStudy({ ...options, scene: options.config && pilot.sceneId }, defaults, io);
  const { arrivalsPerSecond: rate } = options;
  const pattern = rate === undefined ? lesson.arrivals : atMeanRate(lesson.arrivals, rate / 1000);
  const times = drawArrivals(
    pattern,
    options.participants ?? pilot.people.length,
    seededRandom(`${options.seed}/arrivals`),
  );
  return {
    matrix: basename(options.fit),
    study,
    participants: times.length,
    worldFor: () =>
      new PilotWorld(
        lesson,
        times.map((at) => ({ at })),
        options.seed,
      ),
    fit: fitReportOf(pilot, lesson, asItWas, checked),
  };
}

function learnFrom(pilot: Pilot, file: string): Lesson {
  try {
    return learn(pilot);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}

/** Moments between two looks at whether somebody wants it stopped are whole runs here: each is short. */
async function checkPrediction(
  pilot: Pilot,
  study: ChosenStudy,
  seed: string,
  io: CliIo,
): Promise<HoldOut | null | "stopped"> {
  const steps = holdOut(pilot, study.configFor(study.matchmaker), seed);
  const progress = showProgress(io);
  try {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      progress.update(step.value, "predicting the second half");
      await setImmediate();
      if (io.stop.aborted) return "stopped";
    }
  } finally {
    progress.close();
  }
}

function defaultsOf(pilot: Pilot, { probes }: Lesson, options: SimulateOptions): StudyDefaults {
  const { matchmakers, groupSizes, limitsMs, people } = pilot;
  const [name, ...others] = matchmakers.map((one) => plainNames[one]);
  const isKnown =
    name !== undefined && others.length === 0 && limitsMs.length === 1 && groupSizes.length === 1;
  if (!isKnown && options.config === undefined)
    throw new UsageError(
      `the log does not tell which rules it was written under (${
        matchmakers.length === 0
          ? "no group was ever proposed"
          : `matchmakers: ${matchmakers.join(", ")}; limits: ${limitsMs.map((ms) => (ms === null ? "none" : `${ms} ms`)).join(", ")}`
      }). Give the configuration with --config.`,
    );
  const took = probes.measuredMs;
  return {
    matchmaker: name ?? "fifo",
    groupSize: groupSizes[0] ?? 2,
    patienceMs: people.at(-1)?.waitLimitMs ?? null,
    limitMs: limitsMs[0] ?? null,
    beacons: new Set(people.flatMap(({ beaconRttMs }) => Object.keys(beaconRttMs))).size,
    probeMs: took.length === 0 ? UNKNOWN_PROBE_MS : Math.max(...took),
    hasAttributes: true,
  };
}
