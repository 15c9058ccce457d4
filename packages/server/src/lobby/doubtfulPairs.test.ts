import { describe, expect, it } from "vitest";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { replay } from "./replay.js";
import { TestScene } from "./testing/scene.js";

const city = { x: 20, y: 60, z: 150, u: 90, v: 120 };
const elsewhere = { x: 70, y: 60, z: 110, u: 110, v: 150 };
const farAway = { x: 150, y: 90, z: 200, u: 140, v: 120 };

/** Three in one city, or one of them elsewhere, and one who may be just too far away. */
function fourPeople(cid = city): TestScene {
  const t = new TestScene({ groupSize: 4, matchmaker: new FifoMatchmaker({ maxP2pRttMs: 100 }) });
  for (const [id, rtts] of Object.entries({ ann: city, bob: city, cid, dan: farAway })) {
    t.arrive(id);
    t.beaconRtts(id, rtts);
  }
  return t;
}

const probed = (t: TestScene) => t.events("probe.opened").map((e) => `${e.initiator} ${e.responder}`);

describe("the doubtful pairs of a group", () => {
  it("are measured before the others, the most doubtful one first, which tells of its neighbours", () => {
    const t = fourPeople();
    expect(probed(t)).toEqual(["ann dan"]);
    t.probeAll(() => 90);
    expect(probed(t)).toHaveLength(6);
    t.probeAll(() => 10);
    t.confirmAll();
    expect(t.matches).toEqual([["ann", "bob", "cid", "dan"]]);
    expect(replay(t.scene.events, t.config).differences).toEqual([]);
  });

  it("have a round more where one is still doubtful", () => {
    const t = fourPeople(elsewhere);
    expect(probed(t)).toEqual(["ann dan"]);
    t.probeAll(() => 90);
    expect(probed(t)).toEqual(["ann dan", "cid dan"]);
    t.probeAll(() => 90);
    expect(probed(t)).toHaveLength(6);
    t.probeAll(() => 10);
    t.confirmAll();
    expect(t.matches).toHaveLength(1);
    expect(replay(t.scene.events, t.config).differences).toEqual([]);
  });

  it.each([
    ["first", 140, 1],
    ["second", 90, 2],
  ])("spare the others when one of the %s round is too slow", (_, annMs, opened) => {
    const t = fourPeople(elsewhere);
    t.probeAll(() => annMs);
    if (opened > 1) t.probeAll(() => 140);
    expect(probed(t)).toHaveLength(opened);
    expect(t.of("released")).toHaveLength(4);
  });

  it("are repeated like others, and the rest still waits for them", () => {
    const t = fourPeople(elsewhere);
    t.probeAll(() => 90);
    t.probeAll(() => ({ status: "failed", reason: "ice_failed", detail: null }));
    expect(probed(t)).toEqual(["ann dan", "cid dan", "cid dan"]);
    t.probeAll(() => 90);
    expect(probed(t)).toHaveLength(7);
    t.probeAll(() => 10);
    t.confirmAll();
    expect(t.matches).toHaveLength(1);
    expect(replay(t.scene.events, t.config).differences).toEqual([]);
  });

  it("are not waited for beyond the proposal's deadline, which leaves time for all three rounds", () => {
    const t = fourPeople();
    const { deadlineAt } = t.events("proposal.opened")[0] ?? { deadlineAt: 0 };
    expect(deadlineAt - t.scene.now).toBeGreaterThanOrEqual(3 * t.config.probeTimeoutMs);
    t.scene.advanceTo(deadlineAt);
    expect(t.held).toEqual([]);
  });

  it("are measured with the others where all are alike", () => {
    const t = new TestScene({ groupSize: 4 });
    for (const id of ["ann", "bob", "cid", "dan"]) t.arrive(id);
    expect(probed(t)).toHaveLength(6);
  });
});
