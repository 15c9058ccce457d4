import { describe, expect, it } from "vitest";
import type { Candidate } from "../matchmakers/candidate.js";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { GroupReunionMatchmaker } from "../matchmakers/groupReunion.js";
import { LatencyFifoMatchmaker } from "../matchmakers/latencyFifo.js";
import { LowestLatencyMatchmaker } from "../matchmakers/lowestLatency.js";
import { type MatchContext, Matchmaker } from "../matchmakers/matchmaker.js";
import { explain } from "./explain.js";
import { replay } from "./replay.js";
import { TestScene } from "./testing/scene.js";

/** 80 ms, after 60 s 120 ms, never above 150. */
const relaxing = { startMs: 80, steps: [{ afterMs: 60_000, limitMs: 120 }], neverAboveMs: 150 };
const fifo = () => new FifoMatchmaker({ maxP2pRttMs: relaxing });

const limitsOf = (t: TestScene) => t.events("proposal.opened").map((e) => e.maxP2pRttMs);

describe("a limit that relaxes", () => {
  it("is in force as declared, and recorded with the proposal and the match", () => {
    const t = new TestScene({ matchmaker: fifo() });
    t.arrive("ann");
    t.scene.advance(59_999);
    t.arrive("bob");
    t.probeAll(() => 80);
    t.confirmAll();
    expect(limitsOf(t)).toEqual([80]);
    expect(t.of("matchFormed")[0]?.record.maxP2pRttMs).toBe(80);
  });

  it("is told to the pages that measure, so that they are certain about the right one", () => {
    const t = new TestScene({ matchmaker: fifo(), groupSize: 2 });
    t.arrive("ann");
    t.arrive("bob");
    t.probeAll(() => 100);
    t.scene.advance(60_000);
    expect(t.of("probePrepare").map((e) => e.limitMs)).toEqual([80, 80, 120, 120]);
  });

  it("lets a pair that was too slow be measured again as soon as the same measurement would do", () => {
    const t = new TestScene({ matchmaker: fifo() });
    t.arrive("ann");
    t.arrive("bob");
    t.probeAll(() => 100);
    t.scene.advance(59_999);
    expect(t.held).toEqual([]);
    t.scene.advance(1);
    expect(t.held).toEqual([["ann", "bob"]]);
    // The match is made on a new connection, measured anew.
    t.probeAll(() => 110);
    t.confirmAll();
    const record = t.of("matchFormed")[0]?.record;
    expect([record?.maxP2pRttMs, record?.measurements[0]?.rttMs]).toEqual([120, 110]);
  });

  it("keeps a pair apart that is beyond the relaxed limit too", () => {
    const t = new TestScene({ matchmaker: fifo() });
    t.arrive("ann");
    t.arrive("bob");
    t.probeAll(() => 121);
    t.scene.advance(120_000);
    expect(t.held).toEqual([]);
  });

  it("is each member's own: the strictest holds for the group", () => {
    const t = new TestScene({ matchmaker: fifo() });
    t.arrive("ann");
    t.scene.advance(70_000);
    t.arrive("bob");
    expect(limitsOf(t)).toEqual([80]);
    t.probeAll(() => 100);
    t.scene.advance(59_999);
    expect(t.held).toEqual([]);
    // Bob has now waited for a minute as well.
    t.scene.advance(1);
    expect(t.held).toEqual([["ann", "bob"]]);
    expect(limitsOf(t)).toEqual([80, 120]);
  });

  it("stays for a proposal what it was when the proposal was opened", () => {
    const t = new TestScene({ matchmaker: fifo() });
    t.arrive("ann");
    t.arrive("bob");
    const { probeId } = t.probeBetween("ann", "bob");
    t.scene.advance(4000);
    for (const id of ["ann", "bob"]) t.ready(id, probeId);
    t.scene.advance(10_000);
    t.probeAll(() => 100);
    expect(t.of("released")[0]?.reason).toBe("too_slow");
  });

  it("relaxes in several steps, also for groups", () => {
    const steps = [
      { afterMs: 10_000, limitMs: 100 },
      { afterMs: 20_000, limitMs: 140 },
    ];
    const t = new TestScene({
      groupSize: 3,
      matchmaker: new FifoMatchmaker({ maxP2pRttMs: { startMs: 50, steps } }),
    });
    for (const id of ["ann", "bob", "cid"]) t.arrive(id);
    t.probeAll((a) => (a === "ann" ? 130 : 40));
    t.scene.advance(10_000);
    expect(t.held).toEqual([]);
    t.scene.advance(10_000);
    expect(t.held).toEqual([["ann", "bob", "cid"]]);
    expect(limitsOf(t)).toEqual([50, 140]);
  });

  it("keeps two apart from a newcomer whose limit they do not meet, and matches them with others", () => {
    const t = new TestScene({ groupSize: 3, matchmaker: fifo() });
    for (const id of ["ann", "bob", "cid"]) t.arrive(id);
    t.probeAll((a, b) => (`${a} ${b}` === "ann bob" ? 100 : 40));
    t.scene.advance(50_000);
    t.leave("cid");
    t.arrive("new");
    t.scene.advance(10_000);
    // Ann and bob may be together again, but not with somebody who is promised 80 ms.
    expect(t.held).toEqual([]);
    t.scene.advance(50_000);
    expect(t.held).toEqual([["ann", "bob", "new"]]);
    expect(t.events("matchmaker.failed")).toEqual([]);
  });

  it("is not got round by a failure: the measurement before it still counts against a stricter limit", () => {
    const t = new TestScene({ groupSize: 3, matchmaker: fifo() });
    for (const id of ["ann", "bob", "cid"]) t.arrive(id);
    t.probeAll((a, b) => (`${a} ${b}` === "ann bob" ? 100 : 40));
    t.scene.advance(60_000);
    for (let i = 0; i < 2; i += 1)
      t.probeAll(() => ({ status: "failed", reason: "ice_failed", detail: null }));
    expect(t.held).toEqual([]);
    t.leave("cid");
    t.arrive("new");
    t.scene.advance(59_000);
    expect(t.held).toEqual([]);
    t.scene.advance(1000);
    expect(t.held).toEqual([["ann", "bob", "new"]]);
  });

  it.each([
    ["LatencyFIFO", () => new LatencyFifoMatchmaker({ maxServerRttMs: 500, maxP2pRttMs: relaxing })],
    ["GroupReunion", () => new GroupReunionMatchmaker({ fallback: fifo() })],
    ["GroupReunion, its own", () => new GroupReunionMatchmaker({ fallback: "fifo", maxP2pRttMs: relaxing })],
    ["LowestLatency", () => new LowestLatencyMatchmaker({ maxP2pRttMs: relaxing })],
    ["a researcher's own", () => new OnePair({ maxP2pRttMs: relaxing })],
  ])("works with every matchmaker that has one (%s), and replays", (_, matchmaker) => {
    const t = new TestScene({ matchmaker: matchmaker() });
    t.arrive("ann");
    t.arrive("bob");
    for (let second = 0; second < 200; second += 1) {
      t.probeAll(() => 100);
      t.confirmAll();
      t.scene.advance(1000);
    }
    const record = t.of("matchFormed")[0]?.record;
    expect(record?.maxP2pRttMs).toBe(120);
    for (const { waitedMs } of record?.participants ?? []) expect(waitedMs).toBeGreaterThanOrEqual(60_000);
    expect(replay(t.scene.events, t.config).differences).toEqual([]);
  });

  it("may be a matchmaker's own, which never goes beyond the hard limit", () => {
    const t = new TestScene({ matchmaker: new BySkill({ maxP2pRttMs: 150 }) });
    t.arrive("ann", { attributes: { skill: 9 } });
    t.arrive("bob", { attributes: { skill: 40 } });
    expect(limitsOf(t)).toEqual([90]);
    const loose = new TestScene({ matchmaker: new BySkill({ maxP2pRttMs: 150 }) });
    loose.arrive("ann", { attributes: { skill: 40 } });
    loose.arrive("bob", { attributes: { skill: 40 } });
    expect(limitsOf(loose)).toEqual([150]);
    // What it answers otherwise is reported, and nobody is held.
    const broken = new TestScene({ matchmaker: new BySkill({ maxP2pRttMs: 150 }) });
    broken.arrive("ann");
    broken.arrive("bob");
    expect(broken.held).toEqual([]);
    expect(broken.events("matchmaker.failed")[0]?.reason).toContain("no limit");
  });

  it("tells a researcher who asks why what the limit is, and when it relaxes", () => {
    const t = new TestScene({ matchmaker: fifo() });
    t.arrive("ann");
    t.arrive("bob");
    t.probeAll(() => 100);
    t.scene.advance(20_000);
    const why = explain(t.state, t.config, "ann", t.scene.now);
    expect(why).toMatchObject({ limitMs: 80, limitRelaxesAt: t.scene.now + 40_000, possible: 0 });
    expect(why?.summary).toBe(
      "1 here, none within your limits: 1 too slow (measured 100 ms). The limit of 80 ms relaxes in 40 s.",
    );
    t.scene.advance(40_000);
    expect(explain(t.state, t.config, "ann", t.scene.now)).toMatchObject({
      limitMs: 120,
      limitRelaxesAt: null,
    });
  });
});

class OnePair extends Matchmaker {
  override readonly name = "OnePair";
  findMatch(arriving: Candidate, waiting: readonly Candidate[]): readonly Candidate[] | null {
    const [first] = waiting;
    return first === undefined ? null : [first, arriving];
  }
}

/** Ten ms for each point of a skill. */
class BySkill extends OnePair {
  override limitFor(candidate: Candidate, _context: Pick<MatchContext, "now">): number | null {
    return 10 * Number(candidate.attributes["skill"]);
  }
}
