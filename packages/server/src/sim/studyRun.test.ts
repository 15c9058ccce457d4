import { describe, expect, test } from "vitest";
import type { LobbyConfig } from "../lobby/config.js";
import type { Candidate } from "../matchmakers/candidate.js";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import type { MatchContext } from "../matchmakers/matchmaker.js";
import { AttributeEquality } from "../matchmakers/rules/pairRules.js";
import { RuleSet } from "../matchmakers/rules/ruleSet.js";
import type { LatencyMatrix } from "./latencyMatrix.js";
import { plainConfig } from "./qualityRun.js";
import { benchmarkWorld, type QualityOptions, QualityWorld } from "./qualityWorld.js";
import { SimulationStuckError, StudyRun } from "./studyRun.js";

/** Two towns, 150 ms apart. */
const towns: LatencyMatrix = {
  rttMs: [Float64Array.of(1, 150), Float64Array.of(150, 1)],
  nodes: [0, 1],
  repairs: { droppedNodes: 0, filledCells: 0 },
};
const options: QualityOptions = { ...benchmarkWorld, participants: 200, beacons: 1, lastMileMs: 4 };

function studyOf(changes: Partial<QualityOptions> = {}, config: Partial<LobbyConfig> = {}): StudyRun {
  const world = new QualityWorld(towns, { ...options, ...changes }, "test");
  const plain = plainConfig(options, new FifoMatchmaker({ maxP2pRttMs: 100 }));
  return new StudyRun({ world, config: { ...plain, ...config }, seed: "test" });
}

describe("a run of a simulated study", () => {
  test("tells of everybody who came, whether it runs at once or in pieces", () => {
    const [atOnce, inPieces] = [studyOf({ dropout: 0.3 }), studyOf({ dropout: 0.3 })];
    expect(atOnce.advance()).toBe(true);
    let pieces = 0;
    while (!inPieces.advance(50)) pieces += 1;
    expect(pieces).toBeGreaterThan(5);
    const figures = atOnce.tally.figures();
    expect(inPieces.tally.figures()).toEqual(figures);
    expect(figures.participants).toBe(200);
    expect(figures.matchedShare + figures.timedOutShare + figures.leftShare).toBeCloseTo(1);
    expect(figures.leftShare).toBeGreaterThan(0);
    expect(figures.achievedRttMs.p95).toBeLessThanOrEqual(100);
  });

  test("counts who is turned away at the door of a full room", () => {
    const run = studyOf({ arrivalsPerSecond: 5 }, { capacity: 2, groupSize: 4 });
    run.advance();
    const { outcomes, participants } = run.tally.figures();
    expect(participants).toBe(200);
    expect(outcomes.study_full).toBeGreaterThan(0);
  });

  test("keeps a scene's rules about attributes", () => {
    const attributes = [
      { attributes: { language: "de" }, weight: 1 },
      { attributes: { language: "fr" }, weight: 9 },
    ];
    const languages = new Map<string, unknown>();
    const world = new QualityWorld(towns, { ...options, attributes }, "test");
    for (const { id, attributes: own } of world.people) languages.set(id, own["language"]);
    const plain = plainConfig(options, new FifoMatchmaker({ maxP2pRttMs: 400 }));
    const config = {
      ...plain,
      rules: new RuleSet([new AttributeEquality("same-attribute", "language", {})]),
    };
    let matches = 0;
    const run = new StudyRun({
      world,
      config,
      seed: "test",
      onEvent: (state, event) => {
        if (event.type !== "match.committed") return;
        matches += 1;
        const members = state.matches.get(event.matchId)?.members ?? [];
        expect(new Set(members.map((id) => languages.get(id))).size).toBe(1);
      },
    });
    run.advance();
    expect(matches).toBeGreaterThan(50);
    const french = [...languages.values()].filter((language) => language === "fr").length;
    expect(french).toBeGreaterThan(160);
  });

  test("measures what is there and what both sides add to it, never less", () => {
    const world = new QualityWorld(towns, { ...options, jitterMs: 3, probeFailures: 0 }, "test");
    const added = world.people.slice(1).map((person) => {
      const probe = world.probe("p0", person.id);
      return (probe.status === "measured" ? probe.rttMs : Number.NaN) - world.rttMs("p0", person.id);
    });
    expect(Math.min(...added)).toBeGreaterThanOrEqual(0);
    expect(added.reduce((a, b) => a + b) / added.length).toBeCloseTo(6, -0.5);
  });

  test("says when and where it hangs instead of going on for ever", () => {
    /** Wants to be asked again at once, for ever. */
    class Restless extends FifoMatchmaker {
      override findMatches(): readonly (readonly Candidate[])[] {
        return [];
      }
      override relaxesAt(_: Candidate, { now }: Pick<MatchContext, "now">): number {
        return now + 1e-3;
      }
    }
    const matchmaker = new Restless({ maxP2pRttMs: 100 });
    const run = studyOf({}, { matchmaker });
    expect(() => run.advance()).toThrow(SimulationStuckError);
    expect(() => studyOf({}, { matchmaker }).advance()).toThrow(
      /gets nowhere: \d+ s after the beginning nothing new came of \d+ looks.*p0 is there longest, for \d+ s \(waiting\)/,
    );
  });
});
