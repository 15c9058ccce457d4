import { describe, expect, it } from "vitest";
import { apply } from "../lobby/apply.js";
import type { StoredEvent } from "../lobby/events.js";
import { createLobbyState } from "../lobby/state.js";
import { TestScene } from "../lobby/testing/scene.js";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { type Visit, Visits } from "./visits.js";

/** The visits of a log, and in which order they ended. */
function read(events: readonly StoredEvent[]) {
  const visits = new Visits(
    ({ participantId, at }): Visit => ({ participantId, arrivedAt: at, outcome: null, endedAt: null }),
  );
  const state = createLobbyState();
  const ended: string[] = [];
  for (const event of events) {
    apply(state, event);
    ended.push(...visits.note(state, event).map((visit) => visit.participantId));
  }
  return { visits, ended };
}

/** Without a limit nothing is probed: who comes second is matched at once. */
const unlimited = (changes = {}) =>
  new TestScene({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: null }), ...changes });

describe("the visits of a log", () => {
  it("end with a match, with leaving and with the end of the wait, at the time of it", () => {
    const scene = unlimited();
    const startAt = scene.scene.now;
    scene.arrive("ann");
    scene.scene.advance(1_000);
    scene.arrive("bob");
    scene.confirmAll();
    scene.arrive("cid");
    scene.scene.advance(500);
    scene.leave("cid");
    scene.arrive("dan");
    scene.scene.advance(400_000);
    scene.arrive("eve");
    const { visits, ended } = read(scene.scene.events);
    expect(visits.all.map(({ participantId, outcome }) => [participantId, outcome])).toEqual([
      ["ann", "matched"],
      ["bob", "matched"],
      ["cid", "left"],
      ["dan", "timed_out"],
      ["eve", null],
    ]);
    expect(visits.all.map(({ endedAt }) => (endedAt === null ? null : endedAt - startAt))).toEqual([
      1_000,
      1_000,
      1_500,
      301_500,
      null,
    ]);
    expect(ended).toEqual(["ann", "bob", "cid", "dan"]);
    expect([...visits.open.keys()]).toEqual(["eve"]);
  });

  it("are two where somebody comes twice, and one where somebody only reconnects", () => {
    const scene = unlimited({ allowRepeat: true });
    scene.arrive("ann");
    scene.disconnect("ann");
    scene.arrive("ann", { fresh: false });
    scene.leave("ann");
    scene.arrive("ann");
    const { visits } = read(scene.scene.events);
    expect(visits.all.map(({ participantId, outcome }) => [participantId, outcome])).toEqual([
      ["ann", "left"],
      ["ann", null],
    ]);
  });

  it("of people who were turned away are added: no log tells of them", () => {
    const { visits } = read([]);
    visits.add({ participantId: "ann", arrivedAt: 1, outcome: "study_full", endedAt: 1 });
    expect(visits.all).toHaveLength(1);
    expect(visits.open.size).toBe(0);
  });
});
