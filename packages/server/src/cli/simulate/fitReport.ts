import { quantile } from "@probematch/shared";
import { meanRate } from "../../sim/fit/arrivals.js";
import type { ComparedFigure, HeldOut, HoldOut, Predicted } from "../../sim/fit/holdOut.js";
import type { LatencyKnowledge } from "../../sim/fit/latencies.js";
import type { Lesson } from "../../sim/fit/learn.js";
import type { Pilot } from "../../sim/fit/pilot.js";
import type { ChosenStudy } from "./chooseStudy.js";

/** What a pilot's log taught, and how well that predicts. */
export interface FitReport {
  readonly sceneId: string;
  readonly people: number;
  readonly minutes: number;
  readonly arrivals: {
    readonly perSecond: number;
    /** One where they are as even as chance is. */
    readonly partMinutes: number;
    readonly perSecondByPart: readonly number[];
  };
  /** Share of people gone after a wait, had nothing else ended it. */
  readonly leaving: readonly { readonly afterMs: number; readonly share: number }[];
  /** Nobody was seen waiting longer. */
  readonly longestWaitMs: number;
  readonly latencies: LatencyKnowledge;
  readonly probes: {
    readonly measured: number;
    readonly failed: number;
    readonly failedShare: number;
    readonly tookMs: { readonly p50: number | null; readonly p95: number | null };
  };
  /** `null` where there were too few people. */
  readonly holdOut: HoldOut | null;
  /** What the log cannot tell. */
  readonly notes: readonly string[];
}

const WAITS_MS = [30_000, 60_000, 120_000, 300_000, 600_000];

export function fitReportOf(
  pilot: Pilot,
  lesson: Lesson,
  study: ChosenStudy,
  held: HoldOut | null,
): FitReport {
  const { people, arrivals, leaving, latencies, probes } = lesson;
  const [first = 0, last = 0] = [people[0]?.arrivedAt, people.at(-1)?.arrivedAt];
  return {
    sceneId: pilot.sceneId,
    people: people.length,
    minutes: (last - first) / 60_000,
    arrivals: {
      perSecond: 1000 * meanRate(arrivals),
      partMinutes: arrivals.partMs / 60_000,
      perSecondByPart: arrivals.rates.map((rate) => 1000 * rate),
    },
    leaving: WAITS_MS.filter((ms) => ms <= leaving.observedMs).map((afterMs) => ({
      afterMs,
      share: leaving.goneAfter(afterMs),
    })),
    longestWaitMs: leaving.observedMs,
    latencies: latencies.knowledge,
    probes: {
      measured: probes.measured,
      failed: probes.failed,
      failedShare: probes.failedShare,
      tookMs: { p50: quantile(probes.measuredMs, 0.5), p95: quantile(probes.measuredMs, 0.95) },
    },
    holdOut: held,
    notes: notesOf(pilot, lesson, study, held),
  };
}

function notesOf(pilot: Pilot, lesson: Lesson, study: ChosenStudy, held: HoldOut | null): string[] {
  const { knowledge } = lesson.latencies;
  const share = (100 * (1 - knowledge.measuredPairs / Math.max(1, knowledge.pairs))).toFixed(1);
  const notes = [
    `${share} % of all pairs were never probed: what is between them is a guess, from ${sourceOf(knowledge)}.`,
  ];
  if (knowledge.unlocated > 0)
    notes.push(
      `${knowledge.unlocated} people have no RTT to anything: their paths are drawn from all measured ones.`,
    );
  notes.push(
    `Nobody was seen waiting longer than ${seconds(lesson.leaving.observedMs)}: who would leave after that is not known, and nobody does here.`,
  );
  if (study.configHash !== null && study.configHash !== pilot.configHash)
    notes.push(
      "The log ends under another configuration than the one given: the check is not of the same study.",
    );
  const there = pilot.tally.unsettled;
  if (there > 0) notes.push(`${there} people were still there at the end of the log.`);
  if (held === null)
    notes.push("There are too few people for a check of the prediction against a second half.");
  return notes;
}

function sourceOf({ landmarks, measuredPairs }: LatencyKnowledge): string {
  if (landmarks > 2) return `the RTTs to ${landmarks} landmarks and the pairs that were`;
  if (landmarks > 0)
    return `the RTT to ${landmarks === 1 ? "one landmark" : "two landmarks"}, which tells little (expect more probes and longer waits than are predicted)`;
  return measuredPairs > 0 ? "the pairs that were, whoever they are" : "what is usual in the world";
}

/** For a person at a terminal. */
export function describeFit(fit: FitReport): string {
  const { arrivals, leaving, latencies, probes, holdOut: held } = fit;
  const rates = arrivals.perSecondByPart;
  const shape =
    rates.length === 1
      ? "even"
      : `uneven: ${Math.min(...rates).toFixed(3)} to ${Math.max(...rates).toFixed(3)} in parts of ${arrivals.partMinutes.toFixed(1)} min`;
  const error = latencies.errorFactor;
  const gone = leaving.map(({ afterMs, share }) => `${percent(share)} after ${seconds(afterMs)}`).join(", ");
  const lines = [
    `Learned from ${fit.people} people who came to ${fit.sceneId} within ${fit.minutes.toFixed(0)} min:`,
    `  arrivals   ${arrivals.perSecond.toFixed(3)} per s, ${shape}`,
    `  latencies  ${latencies.measuredPairs} of ${latencies.pairs} pairs measured; ${
      error === null
        ? "none was predicted before"
        : `predicted before, half of them within a factor of ${error.toFixed(2)}`
    }`,
    `  leaving    ${gone === "" ? "too short a time to tell" : gone}`,
    `  probes     ${percent(probes.failedShare)} fail (${probes.failed} of ${probes.failed + probes.measured}); measured in ${seconds(probes.tookMs.p50)}, 95 % within ${seconds(probes.tookMs.p95)}`,
    "",
    ...(held === null ? [] : describeHoldOut(held)),
    ...fit.notes.map((note) => `Note: ${note}`),
    "",
  ];
  return `${lines.join("\n")}\n`;
}

function describeHoldOut({ people, runs, rows }: HoldOut): string[] {
  return [
    `The second half (${people.predicted} people), predicted from the first (${people.learnedFrom}), median and nine tenths of ${runs} runs:`,
    `  ${"".padEnd(18)}${"happened".padStart(9)}  ${"predicted".padEnd(26)}with the arrivals that came`,
    ...rows.map(
      ({ figure, happened, predicted, predictedFromArrivals }) =>
        `  ${names[figure].padEnd(18)}${shown(figure, happened).padStart(9)}  ${range(figure, predicted).padEnd(26)}${range(figure, predictedFromArrivals)}`,
    ),
    ...describeMisses(rows),
    "",
  ];
}

function describeMisses(rows: readonly HeldOut[]): string[] {
  const missed = rows.filter(({ happened, predicted: { low, high } }) => {
    if (happened === null || low === null || high === null) return false;
    return happened < low || happened > high;
  });
  if (missed.length === 0) return ["  Everything that happened lies within what was predicted."];
  return [`  Outside of what was predicted: ${missed.map(({ figure }) => names[figure]).join(", ")}.`];
}

const names: Readonly<Record<ComparedFigure, string>> = {
  matchedShare: "matched",
  timedOutShare: "timed out",
  leftShare: "left",
  probesPerMatch: "probes per match",
  waitP50Ms: "wait, median",
  waitP95Ms: "wait, p95",
  achievedRttP50Ms: "RTT, median",
};

function shown(figure: ComparedFigure, value: number | null): string {
  if (value === null) return "-";
  if (figure.endsWith("Share")) return percent(value);
  if (figure === "achievedRttP50Ms") return `${value.toFixed(0)} ms`;
  return figure.endsWith("Ms") ? seconds(value) : value.toFixed(2);
}

const range = (figure: ComparedFigure, { median, low, high }: Predicted): string =>
  median === null ? "-" : `${shown(figure, median)} (${shown(figure, low)} to ${shown(figure, high)})`;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const seconds = (ms: number | null): string =>
  ms === null ? "-" : ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 1000).toFixed(0)} s`;
