import { quantile } from "@probematch/shared";
import type { LobbyConfig } from "../../lobby/config.js";
import { seededRandom } from "../../lobby/random.js";
import { normal } from "../qualityWorld.js";
import { StudyRun } from "../studyRun.js";
import type { StudyFigures } from "../studyTally.js";
import { atMeanRate, drawArrivals, meanRate } from "./arrivals.js";
import { ratioScale, setRight, shareScale } from "./discrepancy.js";
import { FEWEST_PEOPLE, learn } from "./learn.js";
import { LeavingCurve } from "./leaving.js";
import type { Pilot } from "./pilot.js";
import { type PilotArrival, PilotWorld } from "./pilotWorld.js";

/** What is compared, each a number. */
const figures = {
  matchedShare: (f: StudyFigures) => f.matchedShare,
  timedOutShare: (f: StudyFigures) => f.timedOutShare,
  leftShare: (f: StudyFigures) => f.leftShare,
  probesPerMatch: (f: StudyFigures) => f.probesPerMatch,
  waitP50Ms: (f: StudyFigures) => f.waitMs.p50,
  waitP95Ms: (f: StudyFigures) => f.waitMs.p95,
  achievedRttP50Ms: (f: StudyFigures) => f.achievedRttMs.p50,
} as const;
export type ComparedFigure = keyof typeof figures;
const comparedFigures = Object.keys(figures) as readonly ComparedFigure[];

/** Median of the runs, and what nine tenths of them stay within; `null` where no run has the figure. */
export interface Predicted {
  readonly median: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export interface HeldOut {
  readonly figure: ComparedFigure;
  readonly happened: number | null;
  /** From what the first part taught, arrivals included. */
  readonly predicted: Predicted;
  /** The same with the arrival times that came: what is off here is not the arrivals' fault. */
  readonly predictedFromArrivals: Predicted;
}

export interface HoldOut {
  readonly people: { readonly learnedFrom: number; readonly predicted: number };
  readonly runs: number;
  readonly rows: readonly HeldOut[];
}

/** Fewer people than this in a half say nothing about a prediction. */
const FEWEST_HELD_OUT = Math.max(20, FEWEST_PEOPLE);
const MOST_RUNS = 20;
const FEWEST_RUNS = 5;
/** People simulated in all, about, where the log is long. */
const MOST_PEOPLE = 20_000;

/**
 * Learns from the first half of the people who came, predicts what becomes of the second, and puts it beside what did.
 * Those who were still there at the end of the log are left out. The people of the first half are in the
 * simulation as they came, since the second half met those who still waited. Each run draws anew who might come, how
 * often, and when they leave, as far as the first half leaves that open (a bootstrap, Efron 1979), and then who does. The first
 * half is simulated likewise, and by as much as its runs miss what happened in it, the prediction is set right ({@link setRight}).
 *
 * @param config the rules the study ran with
 * @yields how far it is, 0 to 1, after each run
 * @returns `null` when there were too few people for that
 * @throws {SimulationStuckError}
 */
export function* holdOut(
  pilot: Pilot,
  config: LobbyConfig,
  seed: string,
): Generator<number, HoldOut | null, void> {
  const { people } = pilot;
  const half = people.length >> 1;
  const splitAt = people[half]?.arrivedAt;
  if (splitAt === undefined || half < FEWEST_HELD_OUT) return null;
  const lesson = learn(pilot, splitAt);
  const startAt = people[0]?.arrivedAt ?? 0;
  const first: PilotArrival[] = lesson.people.map(({ arrivedAt, goneAt }, person) => ({
    at: arrivedAt - startAt,
    person,
    leavesAt: goneAt === null ? null : goneAt - startAt,
  }));
  const second = people.slice(lesson.people.length);
  /** Of the people who come at these times, after those `before`, the figures of the ones that are counted by their place. */
  const run = (
    before: readonly PilotArrival[],
    times: readonly number[],
    of: string,
    isCounted: (place: number) => boolean,
  ): StudyFigures => {
    const random = seededRandom(`${of}/pool`);
    const pool = lesson.people.map(() => Math.floor(random() * lesson.people.length));
    const arrivals = times.map((at) => ({ at, person: pool[Math.floor(random() * pool.length)] ?? 0 }));
    const leaving = new LeavingCurve(pool.flatMap((person) => lesson.stays[person] ?? []));
    const world = new PilotWorld({ ...lesson, leaving }, [...before, ...arrivals], of);
    const study = new StudyRun({ world, config, seed: of });
    study.advance();
    return study.tally.figures((id) => isCounted(Number(id.slice(1))));
  };
  const draw = (count: number, of: string): number[] => {
    const random = seededRandom(`${of}/arrivals`);
    const rate = meanRate(lesson.arrivals) * Math.exp(normal(random) / Math.sqrt(lesson.people.length));
    return drawArrivals(atMeanRate(lesson.arrivals, rate), count, random);
  };
  const isSecond = (place: number): boolean => place >= first.length;
  const runs = Math.max(FEWEST_RUNS, Math.min(MOST_RUNS, Math.floor(MOST_PEOPLE / people.length)));
  const again: StudyFigures[] = [];
  const free: StudyFigures[] = [];
  const given: StudyFigures[] = [];
  for (let i = 0; i < runs; i += 1) {
    const of = `${seed}/hold-out/${i}`;
    again.push(run([], draw(people.length, `${of}/again`), `${of}/again`, (place) => !isSecond(place)));
    yield (i + 1 / 3) / runs;
    const times = draw(second.length, of).map((ms) => splitAt - startAt + ms);
    free.push(run(first, times, of, isSecond));
    yield (i + 2 / 3) / runs;
    const came = second.map(({ arrivedAt }) => arrivedAt - startAt);
    given.push(run(first, came, of, isSecond));
    yield (i + 1) / runs;
  }
  const counted = new Set(second.filter((p) => p.outcome !== null).map((p) => p.participantId));
  const happened = pilot.tally.figures((id) => counted.has(id));
  const learnedFrom = new Set(lesson.people.map((p) => p.participantId));
  const happenedFirst = pilot.tally.figures((id) => learnedFrom.has(id));
  const predicted = (study: readonly StudyFigures[], figure: ComparedFigure): Predicted => {
    const [next, before] = [study, again].map((all) =>
      all.map(figures[figure]).filter((value) => value !== null),
    );
    const scale = figure.endsWith("Share") ? shareScale : ratioScale;
    return summaryOf(setRight(next ?? [], before ?? [], figures[figure](happenedFirst), scale));
  };
  return {
    people: { learnedFrom: lesson.people.length, predicted: counted.size },
    runs,
    rows: comparedFigures.map((figure) => ({
      figure,
      happened: figures[figure](happened),
      predicted: predicted(free, figure),
      predictedFromArrivals: predicted(given, figure),
    })),
  };
}

function summaryOf(values: readonly number[]): Predicted {
  const [low = null, median = null, high = null] = [0.05, 0.5, 0.95].map((share) =>
    quantile(values, rankOf(share, values.length)),
  );
  return { median, low, high };
}

/**
 * Where in a sample the value lies that one more draw is below with this chance: at rank `share * (n + 1)` (Weibull 1939; type 6 in
 * Hyndman and Fan 1996). Between the usual quantiles of twenty runs eight tenths of what comes next would lie, not nine.
 */
const rankOf = (share: number, n: number): number => (share * (n + 1) - 1) / Math.max(1, n - 1);
