import type { ProbeReport } from "@probematch/shared";
import { describe, expect, it } from "vitest";
import { apply } from "./apply.js";
import { replay } from "./replay.js";
import { snapshotOf } from "./snapshot.js";
import { createLobbyState } from "./state.js";
import { measured, TestScene } from "./testing/scene.js";

const failed = (reason: "ice_failed" | "peer_gone" | "hidden_tab"): ProbeReport => ({
  status: "failed",
  reason,
  detail: null,
});

function pair(changes: ConstructorParameters<typeof TestScene>[0] = {}): TestScene {
  const t = new TestScene(changes);
  t.arrive("ann");
  t.arrive("bob");
  return t;
}

describe("a probe that failed by accident", () => {
  it("is done again at once within its proposal, under a new name", () => {
    const t = pair();
    const first = t.probeBetween("ann", "bob").probeId;
    t.probeAll(() => failed("ice_failed"));
    expect(t.held).toEqual([["ann", "bob"]]);
    expect(t.of("released")).toEqual([]);
    const again = t.probeBetween("ann", "bob").probeId;
    expect(again).not.toBe(first);
    expect(t.of("probePrepare").slice(2)).toMatchObject([
      { participantId: "ann", probeId: again, repeats: first, initiator: true },
      { participantId: "bob", probeId: again, repeats: first, initiator: false },
    ]);
    t.probeAll(() => 50);
    t.confirmAll();
    expect(t.matches).toEqual([["ann", "bob"]]);
    // The match is made on the link that was measured.
    expect(t.of("matchFormed")[0]?.record.measurements).toMatchObject([{ probeId: again, rttMs: 50 }]);
  });

  it("is done again alone: the other links of the group are kept", () => {
    const t = new TestScene({ groupSize: 4 });
    for (const id of ["ann", "bob", "cid", "dan"]) t.arrive(id);
    t.probeAll((a, b) => (a === "ann" && b === "cid" ? failed("ice_failed") : 50));
    expect(t.events("probe.opened")).toHaveLength(7);
    t.probeAll(() => 60);
    t.confirmAll();
    expect(t.matches).toEqual([["ann", "bob", "cid", "dan"]]);
    expect(t.of("matchFormed")[0]?.record.measurements).toHaveLength(6);
  });

  it("is also one whose two sides disagree: neither number is trusted", () => {
    const t = pair();
    const { probeId } = t.probeBetween("ann", "bob");
    for (const id of ["ann", "bob"]) t.ready(id, probeId);
    t.report("ann", probeId, measured(40));
    t.report("bob", probeId, measured(140));
    expect(t.events("probe.closed")).toMatchObject([
      { verdict: { status: "failed", reason: "disagreement" }, again: true, blockedUntil: null },
    ]);
    t.probeAll(() => 50);
    t.confirmAll();
    expect(t.matches).toHaveLength(1);
  });

  it("is done again once, or as often as the scene says", () => {
    const t = pair({ probeRepeats: 2 });
    for (let i = 0; i < 3; i += 1) {
      expect(t.held).toEqual([["ann", "bob"]]);
      t.probeAll(() => failed("ice_failed"));
    }
    expect(t.held).toEqual([]);
    const never = pair({ probeRepeats: 0 });
    never.probeAll(() => failed("ice_failed"));
    expect(never.held).toEqual([]);
  });

  it("costs the page that caused it a rest only when the repeat fails too", () => {
    const t = pair();
    t.probeAll(() => failed("hidden_tab"));
    t.probeAll(() => 50);
    t.confirmAll();
    expect(t.matches).toHaveLength(1);

    const stays = pair();
    stays.probeAll(() => failed("hidden_tab"));
    stays.probeAll(() => failed("hidden_tab"));
    expect(stays.events("proposal.released")[0]?.backOff.map((b) => b.participantId)).toEqual(["ann"]);
  });

  it("is not done again when somebody is gone, or never said ready", () => {
    const t = pair();
    t.probeAll(() => failed("peer_gone"));
    expect(t.held).toEqual([]);
    const silent = pair();
    silent.scene.advance(silent.config.readyTimeoutMs);
    expect(silent.held).toEqual([]);
  });

  it("is not done again where both clocks are too coarse: they will be the next time", () => {
    const t = pair();
    const { probeId } = t.probeBetween("ann", "bob");
    for (const id of ["ann", "bob"]) t.ready(id, probeId);
    for (const id of ["ann", "bob"]) t.report(id, probeId, measured(40, { clockStepMs: 100 }));
    expect(t.events("probe.closed")).toMatchObject([{ verdict: { reason: "coarse_clock" } }]);
    expect(t.held).toEqual([]);
  });

  it("is not done again where another link of the group is too slow", () => {
    const t = new TestScene({ groupSize: 3 });
    for (const id of ["ann", "bob", "cid"]) t.arrive(id);
    const [first, second] = [t.probeBetween("ann", "bob").probeId, t.probeBetween("ann", "cid").probeId];
    for (const id of ["ann", "bob"]) t.ready(id, first);
    for (const id of ["ann", "cid"]) t.ready(id, second);
    t.report("ann", first, measured(400));
    t.report("ann", second, failed("ice_failed"));
    expect(t.events("probe.opened")).toHaveLength(4);
    t.report("bob", first, measured(400));
    expect(t.of("released").map((e) => e.reason)).toEqual(["too_slow", "too_slow", "too_slow"]);
  });

  it("is not done again when less than half of a probe's time is left, and nobody is held longer for it", () => {
    const t = pair();
    const { deadlineAt } = t.events("proposal.opened")[0] ?? { deadlineAt: 0 };
    const { probeId } = t.probeBetween("ann", "bob");
    for (const id of ["ann", "bob"]) t.ready(id, probeId);
    t.scene.advanceTo(deadlineAt - t.config.probeTimeoutMs / 2 + 1);
    t.report("ann", probeId, failed("ice_failed"));
    expect(t.held).toEqual([]);

    const late = pair();
    late.scene.advance(5000 - 1);
    late.probeAll(() => failed("ice_failed"));
    expect(late.probeBetween("ann", "bob").deadlineAt).toBeLessThanOrEqual(
      late.events("proposal.opened")[0]?.deadlineAt ?? 0,
    );
  });

  it("is refused what still comes in for it", () => {
    const t = pair();
    const first = t.probeBetween("ann", "bob").probeId;
    for (const id of ["ann", "bob"]) t.ready(id, first);
    t.report("ann", first, failed("ice_failed"));
    expect(t.report("bob", first, measured(10))).toBe("not_your_probe");
    expect(t.held).toEqual([["ann", "bob"]]);
  });

  it("comes out the same from the log alone, also from a log written before there were repeats", () => {
    const t = new TestScene({ groupSize: 3 });
    for (const id of ["ann", "bob", "cid"]) t.arrive(id);
    t.probeAll(() => failed("ice_failed"));
    t.probeAll(() => 50);
    expect(replay(t.scene.events, t.config).differences).toEqual([]);
    const state = createLobbyState();
    for (const event of t.scene.events) apply(state, event);
    expect(snapshotOf(state)).toEqual(snapshotOf(t.state));

    const before = pair({ probeRepeats: 0 });
    before.probeAll(() => failed("ice_failed"));
    before.scene.advance(before.config.backOffBaseMs);
    before.probeAll(() => 50);
    expect(before.scene.events.every((e) => !("again" in e) && !("repeats" in e))).toBe(true);
    const old = createLobbyState();
    for (const event of before.scene.events) apply(old, event);
    expect(snapshotOf(old)).toEqual(snapshotOf(before.state));
  });
});
