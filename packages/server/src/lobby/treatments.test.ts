import { describe, expect, it } from "vitest";
import { arrived } from "../../test/logFixtures.js";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { replay } from "./replay.js";
import { snapshotOf } from "./snapshot.js";
import { TestScene } from "./testing/scene.js";
import { latinSquare, type TreatmentPlan } from "./treatments.js";
import { VirtualScene } from "./virtualScene.js";

const lived = (plan: Partial<TreatmentPlan>, changes: ConstructorParameters<typeof TestScene>[0] = {}) =>
  new TestScene({
    matchmaker: new FifoMatchmaker(),
    treatments: { arms: ["a", "b"], assign: "random", quotas: {}, ...plan },
    ...changes,
  });

let people = 0;
/** The next pair arrives and is matched. */
function pair(t: TestScene): readonly [string, string] {
  const ids = [`p${people++}`, `p${people++}`] as const;
  for (const id of ids) t.arrive(id);
  return ids;
}

const armsOf = (t: TestScene) => t.of("matchFormed").map(({ record }) => record.treatment?.arm);

/** Both pages say that they are done. */
function done(t: TestScene, ids: readonly string[]): void {
  for (const participantId of ids) {
    const matchId = t.state.participants.get(participantId)?.matchId ?? "";
    t.scene.append({ type: "match.memberLeft", matchId, participantId });
  }
}

describe("a treatment", () => {
  it("is in the log, the match record and what the pages are told", () => {
    const t = lived({ arms: ["only"] });
    pair(t);
    const treatment = { arm: "only", order: ["only"] };
    expect(t.events("match.committed")[0]?.treatment).toEqual(treatment);
    expect(t.of("matchFormed")[0]?.record.treatment).toEqual(treatment);
    expect(t.of("matched").map((m) => m.treatment)).toEqual([treatment, treatment]);
  });

  it("is absent everywhere where the scene has none", () => {
    const t = new TestScene({ matchmaker: new FifoMatchmaker() });
    pair(t);
    const [event] = t.events("match.committed");
    expect(
      [event, t.of("matchFormed")[0]?.record, t.of("matched")[0]].map((o) => "treatment" in (o ?? {})),
    ).toEqual([false, false, false]);
  });

  it("drawn at random follows from the seed, and both arms come up", () => {
    const [first, second] = [0, 1].map(() => {
      people = 0;
      const t = lived({});
      for (let i = 0; i < 40; i += 1) pair(t);
      return armsOf(t);
    });
    expect(first).toEqual(second);
    expect(new Set(first)).toEqual(new Set(["a", "b"]));
  });

  it("by rotation is one after the other, also for matches committed at the same moment", () => {
    const t = lived({ arms: ["a", "b", "c"], assign: "rotation" }, { maxMatches: null });
    t.scene.append(...["w", "x", "y", "z"].map(arrived));
    pair(t);
    pair(t);
    expect(armsOf(t)).toEqual(["a", "b", "c", "a"]);
  });

  it("from a Latin square is an order, and the rows take turns", () => {
    const t = lived({ arms: ["a", "b"], assign: "latin-square" });
    for (let i = 0; i < 3; i += 1) pair(t);
    expect(t.of("matchFormed").map(({ record }) => record.treatment?.order)).toEqual([
      ["a", "b"],
      ["b", "a"],
      ["a", "b"],
    ]);
  });

  it("that is balanced goes to the arm with the fewest complete matches", () => {
    const t = lived({ assign: "balanced" });
    const [first, second] = [pair(t), pair(t)];
    expect(new Set(armsOf(t))).toEqual(new Set(["a", "b"]));
    // The first group is complete, of the second one a member walks away.
    done(t, first);
    done(t, second.slice(0, 1));
    t.leave(second[1]);
    pair(t);
    expect(armsOf(t)[2]).toBe(armsOf(t)[1]);
  });

  it("comes out the same when the log's decisions are made again, and after a restart", () => {
    const t = lived({ arms: ["a", "b", "c"], assign: "balanced", quotas: { a: 2, b: 2, c: 2 } });
    for (let i = 0; i < 5; i += 1) {
      const ids = pair(t);
      if (i % 2 === 0) done(t, ids);
    }
    expect(replay(t.scene.events, t.config).differences).toEqual([]);
    const again = new VirtualScene(t.config, { seed: "other", log: t.scene.events, startAt: t.scene.now });
    expect(snapshotOf(again.state)["treatments"]).toEqual(snapshotOf(t.state)["treatments"]);
  });
});

describe("a treatment of a scene with a room hook", () => {
  const answer = (t: TestScene, ok: boolean) => {
    const request = t.of("createRoom").at(-1);
    const matchId = request?.matchId ?? "";
    if (ok) t.scene.append({ type: "room.created", matchId, room: null });
    else t.scene.append({ type: "room.failed", matchId, reason: "no room" });
    return request?.treatment?.arm;
  };

  it("is known to the hook, is the match's own, and is given back when there is no room", () => {
    const t = lived({ assign: "rotation" }, { hasRoomHook: true });
    pair(t);
    expect(answer(t, false)).toBe("a");
    t.scene.advance(60_000);
    expect(answer(t, true)).toBe("a");
    pair(t);
    expect(answer(t, true)).toBe("b");
    expect(armsOf(t)).toEqual(["a", "b"]);
    expect(replay(t.scene.events, t.config).differences).toEqual([]);
  });

  it("is not assigned twice to groups whose rooms are being made", () => {
    const t = lived({ assign: "rotation", quotas: { a: 1, b: 1 } }, { hasRoomHook: true });
    pair(t);
    pair(t);
    expect(t.of("createRoom").map((effect) => effect.treatment?.arm)).toEqual(["a", "b"]);
  });
});

describe("a quota", () => {
  it("keeps an arm from being given again, and ends the scene when all are full", () => {
    const t = lived({ assign: "rotation", quotas: { a: 1, b: 2 } });
    for (let i = 0; i < 3; i += 1) pair(t);
    expect(armsOf(t)).toEqual(["a", "b", "b"]);
    t.arrive("late");
    expect(t.outcomeOf("late")).toBe("study_full");
  });

  it("ends nothing while one arm has none", () => {
    const t = lived({ assign: "random", quotas: { a: 1 } });
    for (let i = 0; i < 12; i += 1) pair(t);
    expect(armsOf(t).filter((arm) => arm === "a")).toHaveLength(1);
    expect(armsOf(t)).toHaveLength(12);
  });

  it("is not overrun by groups that are being measured at the same time", () => {
    const t = lived({ quotas: { a: 1, b: 0 } }, { matchmaker: new FifoMatchmaker({ maxP2pRttMs: 100 }) });
    pair(t);
    pair(t);
    expect(t.state.proposals.size).toBe(1);
    t.probeAll(() => 50);
    t.confirmAll();
    expect(armsOf(t)).toEqual(["a"]);
    expect(t.of("ended").map((e) => e.outcome)).toEqual(["study_full", "study_full"]);
  });

  it("of a balanced scene is open again when a group breaks up", () => {
    const t = lived({ arms: ["a"], assign: "balanced", quotas: { a: 1 } });
    const first = pair(t);
    t.arrive("tooEarly");
    expect(t.outcomeOf("tooEarly")).toBe("study_full");
    for (const id of first) t.leave(id);
    const second = pair(t);
    done(t, second);
    t.arrive("late");
    expect(armsOf(t)).toEqual(["a", "a"]);
    expect(t.outcomeOf("late")).toBe("study_full");
  });
});

describe("a Latin square", () => {
  it("has every arm in every place, and every neighbourhood equally often", () => {
    for (let n = 1; n <= 9; n += 1) {
      const arms = Array.from({ length: n }, (_, i) => String.fromCharCode(97 + i));
      const rows = latinSquare(arms);
      for (const place of arms.keys()) {
        const counts = arms.map((arm) => rows.filter((row) => row[place] === arm).length);
        expect(new Set(counts).size).toBe(1);
      }
      const neighbours = new Map<string, number>();
      for (const row of rows) {
        expect(new Set(row).size).toBe(n);
        for (let i = 1; i < n; i += 1) {
          const key = `${row[i - 1]}${row[i]}`;
          neighbours.set(key, (neighbours.get(key) ?? 0) + 1);
        }
      }
      if (n > 1) expect(neighbours.size).toBe(n * (n - 1));
      expect(new Set(neighbours.values()).size).toBeLessThanOrEqual(1);
    }
  });
});
