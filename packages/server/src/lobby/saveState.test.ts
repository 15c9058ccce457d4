import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chaosRun } from "../sim/chaosRun.js";
import { apply } from "./apply.js";
import { readSavedState, SAVED_STATE_FORMAT } from "./savedState.js";
import { restoreState, StateSaver, saveState } from "./saveState.js";
import { snapshotOf } from "./snapshot.js";
import { createLobbyState, type LobbyState } from "./state.js";
import { TestScene } from "./testing/scene.js";
import { stateFrom } from "./virtualScene.js";

/** A text as it is for a state that nothing was prepared of: places in the list of the located go by who comes first. */
const afresh = (saved: string): string => saveState(stateFrom(saved));

/** The outside of a state: what `apply` makes of the log after it is compared as well. */
const outside = (state: LobbyState) => ({ ...snapshotOf(state), saved: saveState(state) });

describe("a saved state", () => {
  it("goes on as the state it was saved from, wherever in a log of accidents", { timeout: 180_000 }, () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.double({ min: 0, max: 1, noNaN: true }), (seed, share) => {
        const { log } = chaosRun(`saved ${seed}`);
        const place = 1 + Math.floor(share * (log.length - 1));
        const lived = createLobbyState();
        for (const event of log.slice(0, place)) apply(lived, event);
        const restored = stateFrom(saveState(lived));
        expect(outside(restored)).toEqual(outside(lived));
        // What is told because of an event, match records included, has to be the same as well.
        const told = (state: LobbyState) => log.slice(place).map((event) => apply(state, event));
        expect(JSON.stringify(told(restored))).toBe(JSON.stringify(told(lived)));
        expect(outside(restored)).toEqual(outside(lived));
      }),
      { numRuns: 15 },
    );
  });

  it("is the one at the call, whatever was prepared, or saved, at any time before", {
    timeout: 180_000,
  }, () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.array(fc.nat(60), { minLength: 20 }), (seed, gaps) => {
        const { log } = chaosRun(`prepared ${seed}`);
        const state = createLobbyState();
        const saver = new StateSaver();
        let steps = saver.prepare(state);
        let place = 0;
        for (const gap of gaps) {
          for (const event of log.slice(place, place + gap)) apply(state, event);
          place += gap;
          if (steps.next().done !== true || state.seq === 0) continue;
          expect(afresh([...saver.save(state)].join(""))).toBe(saveState(state));
          steps = saver.prepare(state);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("has all of a state of many pieces, also where its text is taken after more has happened", () => {
    const test = new TestScene();
    const saver = new StateSaver();
    for (let i = 0; i < 700; i += 1) {
      for (const id of [`a${i}`, `b${i}`]) test.arrive(id);
      test.probeAll(() => 60);
    }
    for (const _ of saver.prepare(test.state)) test.arrive(`during-${test.state.arrivals}`);
    const expected = saveState(test.state);
    const pieces = saver.save(test.state);
    for (let i = 0; i < 300; i += 1) {
      test.arrive(`later-${i}`);
      test.probeAll(() => 60);
    }
    expect([...pieces].join("")).toBe(expected);
    expect(readSavedState(expected)).toBeTypeOf("object");
    expect([...saver.save(test.state)].join("")).toBe(saveState(test.state));
  });

  it("has the crowds of the moment at which it is saved, however they were when they were prepared", () => {
    const test = new TestScene({ groupSize: 8 });
    const locate = (i: number, europe: number) => {
      test.serverRtt(`p${i}`, 20 + i);
      test.beaconRtts(`p${i}`, { europe, america: 150 });
    };
    for (let i = 0; i < 7; i += 1) {
      test.arrive(`p${i}`);
      locate(i, 30 + i);
    }
    const saver = new StateSaver();
    for (const _ of saver.prepare(test.state));
    test.leave("p2");
    locate(4, 90);
    test.arrive("p7");
    locate(7, 60);
    const saved = [...saver.save(test.state)].join("");
    expect(afresh(saved)).toBe(saveState(test.state));
    const crowdOf = (state: LobbyState, id: string) => state.participants.get(id)?.crowd ?? [];
    expect(crowdOf(stateFrom(saved), "p4").length).toBeGreaterThan(5);
    for (const id of ["p1", "p2", "p4"])
      expect(crowdOf(stateFrom(saved), id)).toEqual(crowdOf(test.state, id));
    // What was prepared for one save is not used for the next.
    test.leave("p4");
    expect([...saver.save(test.state)].join("")).toBe(saveState(test.state));
  });

  it("remembers what a scene has learned about latencies", () => {
    const test = new TestScene();
    const rtts = (near: number, far: number) => ({ europe: near, america: far, asia: far + near });
    for (const [i, id] of ["a", "b", "c", "d"].entries()) {
      test.arrive(id);
      test.serverRtt(id, 20 + i);
      test.beaconRtts(id, rtts(30 + 40 * (i % 2), 200 - 50 * (i % 2)));
    }
    test.probeAll(() => 60);
    const { state } = test;
    const restored = stateFrom(saveState(state));
    for (const a of state.participants.values()) {
      for (const b of state.participants.values()) {
        if (a === b) continue;
        const [again, other] = [a, b].map((p) => restored.participants.get(p.participantId));
        if (again === undefined || other === undefined) throw new Error("somebody is missing");
        expect(restored.latency.edge(again, other)).toEqual(state.latency.edge(a, b));
        expect(state.latency.edge(a, b).status).toBe("predicted");
      }
    }
  });

  it("remembers who came before whom, and what that lets expect", () => {
    const test = new TestScene({ groupSize: 3 });
    for (const [i, id] of ["a", "b"].entries()) {
      test.arrive(id);
      test.serverRtt(id, 20 + i);
      test.beaconRtts(id, { europe: 30 + 50 * i, america: 150 });
    }
    const { state } = test;
    const restored = stateFrom(saveState(state));
    const expectations = ({ participants, latency }: LobbyState) =>
      [...participants.values()].map((p) => latency.prospects(p, p.crowd, 100));
    expect(expectations(restored)).toEqual(expectations(state));
    expect(expectations(state)[1]).toHaveLength(1);
    expect(restored.crowd).toEqual(state.crowd);
  });

  it("reminds of every deadline there was", () => {
    const test = new TestScene();
    for (const id of ["a", "b", "c"]) test.arrive(id);
    const [probe] = [...test.state.probes.values()];
    test.disconnect("c");
    const restored = stateFrom(saveState(test.state));
    const times = (state: LobbyState) => {
      const all: number[] = [];
      for (let at = state.agenda.due.nextAt; at !== null; at = state.agenda.due.nextAt) {
        all.push(at);
        state.agenda.due.takeDue(at);
      }
      return new Set(all);
    };
    const reminded = times(restored);
    expect(reminded).toContain(probe?.readyDeadlineAt);
    for (const at of times(test.state)) expect(reminded).toContain(at);
  });

  it("shares nothing with the state it was saved from", () => {
    const test = new TestScene();
    for (const id of ["a", "b"]) test.arrive(id);
    const saved = saveState(test.state);
    const read = readSavedState(saved);
    if (typeof read === "string") throw new Error(read);
    const [one, two] = [restoreState(read), restoreState(read)];
    apply(one, { type: "participant.left", participantId: "a", seq: one.seq + 1, at: one.now + 1 });
    expect(saveState(two)).toBe(saved);
  });

  it("of another format, or none at all, is refused with a reason", () => {
    const test = new TestScene();
    test.arrive("a");
    const saved = saveState(test.state);
    const later = saved.replace(`"format":${SAVED_STATE_FORMAT}`, `"format":${SAVED_STATE_FORMAT + 1}`);
    expect(readSavedState(later)).toMatch(/format/);
    expect(readSavedState(saved.replace('"status":"waiting"', '"status":"lurking"'))).toMatch(/lurking/);
    expect(readSavedState(saved.slice(0, -1))).toMatch(/JSON/);
  });
});
