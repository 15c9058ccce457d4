import { describe, expect, it } from "vitest";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { replay } from "./replay.js";
import { TestScene } from "./testing/scene.js";

/** Three in one city and one who may be just too far away from it. */
function fourPeople(): TestScene {
  const t = new TestScene({ groupSize: 4, matchmaker: new FifoMatchmaker({ maxP2pRttMs: 100 }) });
  for (const id of ["ann", "bob", "cid", "dan"]) {
    t.arrive(id);
    t.beaconRtts(
      id,
      id === "dan" ? { x: 150, y: 90, z: 200, u: 140, v: 120 } : { x: 20, y: 60, z: 150, u: 90, v: 120 },
    );
  }
  return t;
}

const probed = (t: TestScene) => t.events("probe.opened").map((e) => `${e.initiator} ${e.responder}`);

describe("the doubtful pairs of a group", () => {
  it("are measured before the others, which follow when they have passed", () => {
    const t = fourPeople();
    expect(probed(t).sort()).toEqual(["ann dan", "bob dan", "cid dan"]);
    t.probeAll(() => 90);
    expect(probed(t)).toHaveLength(6);
    t.probeAll(() => 10);
    t.confirmAll();
    expect(t.matches).toEqual([["ann", "bob", "cid", "dan"]]);
    expect(replay(t.scene.events, t.config).differences).toEqual([]);
  });

  it("spare the others when one of them is too slow", () => {
    const t = fourPeople();
    t.probeAll(() => 140);
    expect(probed(t)).toHaveLength(3);
    expect(t.of("released")).toHaveLength(4);
  });

  it("are repeated like others, and the rest still waits for them", () => {
    const t = fourPeople();
    t.probeAll((a) => (a === "ann" ? { status: "failed", reason: "ice_failed", detail: null } : 90));
    expect(probed(t)).toHaveLength(4);
    t.probeAll(() => 90);
    expect(probed(t)).toHaveLength(7);
    t.probeAll(() => 10);
    t.confirmAll();
    expect(t.matches).toHaveLength(1);
    expect(replay(t.scene.events, t.config).differences).toEqual([]);
  });

  it("are not waited for beyond the proposal's deadline, which leaves time for both", () => {
    const t = fourPeople();
    const { deadlineAt } = t.events("proposal.opened")[0] ?? { deadlineAt: 0 };
    expect(deadlineAt - t.scene.now).toBeGreaterThanOrEqual(2 * t.config.probeTimeoutMs);
    t.scene.advanceTo(deadlineAt);
    expect(t.held).toEqual([]);
  });

  it("are measured with the others where all are alike", () => {
    const t = new TestScene({ groupSize: 4 });
    for (const id of ["ann", "bob", "cid", "dan"]) t.arrive(id);
    expect(probed(t)).toHaveLength(6);
  });
});
