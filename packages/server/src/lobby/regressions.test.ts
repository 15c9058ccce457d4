import { describe, expect, it } from "vitest";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { measured, TestScene } from "./testing/scene.js";

/** Behaviours of the two systems this one follows that must never come back. */
describe("named regressions", () => {
  it("a peer that dies before ready frees the other by the deadline", () => {
    const t = new TestScene();
    t.arrive("ann");
    t.arrive("bob");
    t.ready("ann", t.probeBetween("ann", "bob").probeId);
    t.scene.advance(t.config.readyTimeoutMs - 1);
    expect(t.held).toEqual([["ann", "bob"]]);
    t.scene.advance(1);
    expect(t.held).toEqual([]);
    // Only the one that never said ready has to rest.
    t.arrive("cid");
    expect(t.held).toEqual([["ann", "cid"]]);
  });

  it("a missing socket leaves nobody probing", () => {
    const t = new TestScene();
    t.arrive("ann");
    t.disconnect("ann");
    t.arrive("bob");
    expect(t.held).toEqual([]);
    t.arrive("cid");
    expect(t.held).toEqual([["bob", "cid"]]);
    t.disconnect("bob");
    t.disconnect("cid");
    expect(t.held).toEqual([]);
    expect(t.state.probes.size).toBe(0);
  });

  it("one client saying ready twice starts nothing", () => {
    const t = new TestScene();
    t.arrive("ann");
    t.arrive("bob");
    const { probeId } = t.probeBetween("ann", "bob");
    expect(t.ready("ann", probeId)).toBeNull();
    expect(t.ready("ann", probeId)).toBeNull();
    expect(t.of("probeStart")).toEqual([]);
    t.ready("bob", probeId);
    expect(t.of("probeStart").map((e) => e.participantId)).toEqual(["ann", "bob"]);
  });

  it("back-to-back probes do not cancel each other", () => {
    const t = new TestScene();
    t.arrive("ann");
    t.arrive("bob");
    t.arrive("cid");
    const first = t.probeBetween("ann", "bob").probeId;
    t.probeAll(() => 400);
    const second = t.probeBetween("ann", "cid").probeId;
    // What still comes in for the first one is refused and leaves the second one alone.
    expect(t.report("ann", first, measured(400))).toBe("not_your_probe");
    expect(t.ready("bob", first)).toBe("not_your_probe");
    t.probeAll(() => 50);
    t.confirmAll();
    expect(second).not.toBe(first);
    expect(t.matches).toEqual([["ann", "cid"]]);
  });

  it.each([3, 4, 6])("groups of 3, 4 and 6 form with probing on (%i)", (groupSize) => {
    const t = new TestScene({ groupSize });
    const ids = Array.from({ length: groupSize }, (_, i) => `p${i}`);
    for (const id of ids) t.arrive(id);
    expect(t.state.probes.size).toBe((groupSize * (groupSize - 1)) / 2);
    t.probeAll(() => 80);
    t.confirmAll();
    expect(t.matches).toEqual([ids]);
    expect(t.of("matchFormed")[0]?.record.measurements).toHaveLength((groupSize * (groupSize - 1)) / 2);
  });

  it("a failed probe is retried after back-off", () => {
    const t = new TestScene();
    t.arrive("ann");
    t.arrive("bob");
    const failTwice = () => {
      t.probeAll(() => ({ status: "failed", reason: "ice_failed", detail: null }));
      expect(t.held).toEqual([["ann", "bob"]]);
      t.probeAll(() => ({ status: "failed", reason: "ice_failed", detail: null }));
    };
    failTwice();
    expect(t.held).toEqual([]);
    t.scene.advance(t.config.backOffBaseMs - 1);
    expect(t.held).toEqual([]);
    t.scene.advance(1);
    expect(t.held).toEqual([["ann", "bob"]]);
    // The second failure in a row waits twice as long.
    failTwice();
    t.scene.advance(2 * t.config.backOffBaseMs - 1);
    expect(t.held).toEqual([]);
    t.scene.advance(1);
    expect(t.held).toEqual([["ann", "bob"]]);
  });

  it("a too-slow probe is not retried while its measurement is fresh", () => {
    const t = new TestScene({ waitTimeoutMs: null, edgeLifeMs: 120_000 });
    t.arrive("ann");
    t.arrive("bob");
    t.probeAll(() => 151);
    t.scene.advance(119_999);
    expect(t.of("probing")).toHaveLength(2);
    expect(t.held).toEqual([]);
    t.scene.advance(1);
    expect(t.held).toEqual([["ann", "bob"]]);
  });

  it("a partner leaving in probe frees the others at once, with seniority", () => {
    const t = new TestScene({ groupSize: 3 });
    for (const id of ["ann", "bob", "cid"]) t.arrive(id);
    expect(t.held).toEqual([["ann", "bob", "cid"]]);
    t.leave("bob");
    expect(t.held).toEqual([]);
    expect(t.of("released").map((e) => [e.participantId, e.reason])).toEqual([
      ["ann", "member_gone"],
      ["cid", "member_gone"],
    ]);
    t.arrive("dan");
    expect(t.held).toEqual([["ann", "cid", "dan"]]);
  });

  it("a partner leaving in confirmation frees the others at once, with seniority", () => {
    const t = new TestScene();
    t.arrive("ann");
    t.arrive("bob");
    t.arrive("cid");
    t.probeAll(() => 50);
    expect(t.of("confirm")).toHaveLength(2);
    t.disconnect("bob");
    // Released and proposed with the next in line within the same instant.
    expect(t.held).toEqual([["ann", "cid"]]);
  });

  it("an RTT of 1.5 s is measured as 1.5 s", () => {
    const t = new TestScene({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 2000 }) });
    t.arrive("ann");
    t.arrive("bob");
    t.serverRtt("ann", 1500);
    t.probeAll(() => 1500);
    t.confirmAll();
    const [formed] = t.of("matchFormed");
    expect(formed?.record.measurements[0]?.rttMs).toBe(1500);
    expect(formed?.record.participants[0]?.serverRttMs).toBe(1500);
  });

  it("a page refresh keeps place, attributes and history", () => {
    const t = new TestScene({ groupSize: 3 });
    t.arrive("ann", { attributes: { skill: 7 } });
    t.arrive("bob");
    t.disconnect("ann");
    expect(t.arrive("ann", { attributes: { skill: 1 } })).toEqual({ status: "resumed" });
    t.arrive("cid");
    expect(t.held).toEqual([["ann", "bob", "cid"]]);
    expect(t.state.participants.get("ann")?.attributes).toEqual({ skill: 7 });
  });

  it("a timed-out participant is counted as timed out", () => {
    const t = new TestScene({ waitTimeoutMs: 60_000 });
    t.arrive("ann");
    t.scene.advance(59_999);
    expect(t.outcomeOf("ann")).toBeNull();
    t.scene.advance(1);
    expect(t.outcomeOf("ann")).toBe("timed_out");
    expect(t.of("ended")).toEqual([{ kind: "ended", participantId: "ann", outcome: "timed_out" }]);
    t.arrive("bob");
    expect(t.held).toEqual([]);
  });
});
