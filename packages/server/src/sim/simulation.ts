import type { LobbyConfig } from "../lobby/config.js";
import type { SimulatedWorld } from "./simulatedWorld.js";
import { StudyRun, type StudyRunOptions } from "./studyRun.js";
import type { StudyFigures } from "./studyTally.js";

/** What became of a simulated study. Shares are of all participants, between 0 and 1. */
export interface SimulationRow
  extends Pick<
    StudyFigures,
    | "matchedShare"
    | "probesPerMatch"
    | "waitMs"
    | "timedOutShare"
    | "leftShare"
    | "outcomes"
    | "achievedRttMs"
    | "participants"
    | "matches"
  > {
  readonly matchmaker: string;
  readonly groupSize: number;
  readonly maxP2pRttMs: number;
  readonly cost: {
    /** Minutes everybody waited, unmatched people included, by those matched; `null` where nobody was. */
    readonly waitedMinutesPerMatched: number | null;
    readonly probes: number;
  };
  /** Whom it left out, by region and by attribute, the largest unmatched share of each first. */
  readonly excluded: readonly ExcludedGroup[];
}

export interface ExcludedGroup {
  /** `"region"`, or the name of an attribute. */
  readonly by: string;
  readonly value: string;
  readonly participants: number;
  readonly unmatchedShare: number;
}

/** One study with one matchmaker. */
export interface SimulationOrder {
  readonly world: SimulatedWorld;
  /** The scene's rules; its matchmaker has a limit. */
  readonly config: LobbyConfig;
  /** As the matchmaker is called in the row. */
  readonly name: string;
  readonly seed: string;
  /** Called with every event of the scene's log. */
  readonly onEvent?: StudyRunOptions["onEvent"] & {};
}

/** The server's own core on a virtual clock. The same order gives the same row. */
export class Simulation {
  readonly #order: SimulationOrder;
  readonly #run: StudyRun;

  constructor(order: SimulationOrder) {
    this.#order = order;
    this.#run = new StudyRun(order);
  }

  /** The share of people who have come, 0 to 1. */
  get progress(): number {
    return this.#run.progress;
  }

  /**
   * Goes on for at most so many moments.
   *
   * @returns whether it is over
   * @throws {SimulationStuckError} it gets nowhere
   */
  advance(moments?: number): boolean {
    return this.#run.advance(moments);
  }

  row(): SimulationRow {
    const { world, config, name } = this.#order;
    const { probes, waitedMinutes, ...figures } = this.#run.tally.figures(undefined, (a, b) =>
      world.rttMs(a, b),
    );
    const matched = figures.outcomes.matched ?? 0;
    return {
      matchmaker: name,
      groupSize: config.groupSize,
      maxP2pRttMs: config.matchmaker.maxP2pRttMs ?? Number.POSITIVE_INFINITY,
      ...figures,
      cost: { waitedMinutesPerMatched: matched === 0 ? null : waitedMinutes / matched, probes },
      excluded: this.#excluded(),
    };
  }

  #excluded(): readonly ExcludedGroup[] {
    const unmatched = new Set(
      this.#run.tally.visits.filter((v) => v.outcome !== "matched").map((v) => v.participantId),
    );
    const groups = new Map<string, Map<string, { participants: number; unmatched: number }>>();
    for (const { id, region, attributes } of this.#order.world.people) {
      const belongs = [...(region === null ? [] : [["region", region]]), ...Object.entries(attributes)];
      for (const [by = "", value] of belongs) {
        const values = groups.get(by) ?? new Map();
        groups.set(by, values);
        const count = values.get(String(value)) ?? { participants: 0, unmatched: 0 };
        values.set(String(value), count);
        count.participants += 1;
        if (unmatched.has(id)) count.unmatched += 1;
      }
    }
    return [...groups]
      .filter(([by, values]) => by === "region" || values.size <= MOST_VALUES)
      .flatMap(([by, values]) =>
        [...values]
          .map(([value, count]) => ({
            by,
            value,
            participants: count.participants,
            unmatchedShare: count.unmatched / count.participants,
          }))
          .sort((a, b) => b.unmatchedShare - a.unmatchedShare || (a.value < b.value ? -1 : 1)),
      );
  }
}

/** An attribute with more values than this is a measurement or a name, no group. */
const MOST_VALUES = 20;
