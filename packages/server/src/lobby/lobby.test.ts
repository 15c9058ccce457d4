import { describe, expect, it } from "vitest";
import type { Candidate } from "../matchmakers/candidate.js";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { LatencyFifoMatchmaker } from "../matchmakers/latencyFifo.js";
import { Matchmaker } from "../matchmakers/matchmaker.js";
import { snapshotOf } from "./snapshot.js";
import { measured, TestScene, testConfig } from "./testing/scene.js";
import { overviewOf, standingOf } from "./view.js";
import { VirtualScene } from "./virtualScene.js";

const noLimit = { matchmaker: new FifoMatchmaker() };
const withRoom = { ...noLimit, hasRoomHook: true };

describe("a scene without a limit", () => {
  it("matches at once and probes nothing", () => {
    const t = new TestScene(noLimit);
    t.arrive("ann");
    t.arrive("bob");
    expect(t.matches).toEqual([["ann", "bob"]]);
    expect(t.of("probePrepare")).toEqual([]);
    expect(t.of("confirm")).toEqual([]);
  });

  it("takes people without WebRTC", () => {
    const t = new TestScene(noLimit);
    t.arrive("ann", { webrtc: false });
    t.arrive("bob");
    expect(t.matches).toEqual([["ann", "bob"]]);
  });

  it("serves a higher priority first", () => {
    const t = new TestScene({ ...noLimit, groupSize: 3 });
    t.arrive("ann");
    t.arrive("bob", { priority: 5 });
    t.arrive("cid");
    expect(t.matches).toEqual([["bob", "ann", "cid"]]);
  });
});

describe("a probe", () => {
  it("makes a match on the measured links when everybody confirms", () => {
    const t = new TestScene();
    t.arrive("ann");
    t.arrive("bob");
    t.probeAll(() => 80);
    expect(t.matches).toEqual([]);
    t.confirmAll();
    const [forAnn, forBob] = t.of("matched");
    expect(forAnn).toMatchObject({
      participantId: "ann",
      seat: 0,
      peers: [{ seat: 1, measurement: { rttMs: 80 } }],
    });
    expect(forBob).toMatchObject({
      participantId: "bob",
      seat: 1,
      peers: [{ seat: 0, measurement: { rttMs: 80 } }],
    });
    expect(forAnn?.peers[0]?.probeId).toBe(forBob?.peers[0]?.probeId);
  });

  it("accepts an RTT equal to the limit and rejects the next one above it", () => {
    for (const [rttMs, matches] of [
      [150, [["ann", "bob"]]],
      [150.01, []],
    ] as const) {
      const t = new TestScene();
      t.arrive("ann");
      t.arrive("bob");
      t.probeAll(() => rttMs);
      t.confirmAll();
      expect(t.matches).toEqual(matches);
    }
  });

  it("over the limit puts both back, and the senior one is matched with a third who is near", () => {
    const t = new TestScene();
    t.arrive("ann");
    t.arrive("bob");
    t.probeAll(() => 300);
    expect(t.scene.state.line.items.map((p) => p.participantId)).toEqual(["ann", "bob"]);
    t.arrive("cid");
    expect(t.held).toEqual([["ann", "cid"]]);
    t.probeAll(() => 40);
    t.confirmAll();
    expect(t.matches).toEqual([["ann", "cid"]]);
    expect(t.of("matchFormed")[0]?.record).toMatchObject({
      alsoWaiting: ["bob"],
      rejected: [{ members: ["ann", "bob"], reason: "too_slow", rttMs: 300 }],
    });
  });

  it("releases a whole group at the first link that is too slow", () => {
    const t = new TestScene({ groupSize: 3 });
    for (const id of ["ann", "bob", "cid"]) t.arrive(id);
    const { probeId } = t.probeBetween("bob", "cid");
    for (const id of ["bob", "cid"]) t.ready(id, probeId);
    for (const id of ["bob", "cid"]) t.report(id, probeId, measured(500));
    expect(t.held).toEqual([]);
    expect(t.of("released").map((e) => e.participantId)).toEqual(["ann", "bob", "cid"]);
    t.arrive("dan");
    expect(t.held).toEqual([["ann", "bob", "dan"]]);
  });

  it("of a large group is opened in rounds, the least likely pair first, within a budget per member", () => {
    const t = new TestScene({ groupSize: 6, maxProbesPerMember: 2 });
    const ids = ["a", "b", "c", "d", "e", "f"];
    for (const id of ids) t.arrive(id);
    const perMember = () =>
      ids.map(
        (id) =>
          [...t.state.probes.values()].filter(
            (p) => p.verdict === null && [p.initiator, p.responder].includes(id),
          ).length,
      );
    expect(Math.max(...perMember())).toBe(2);
    let rounds = 0;
    while (t.held.length > 0 && t.of("confirm").length === 0) {
      rounds += 1;
      t.probeAll(() => 40);
      expect(Math.max(...perMember())).toBeLessThanOrEqual(2);
    }
    expect(rounds).toBeGreaterThan(1);
    t.confirmAll();
    expect(t.matches).toEqual([ids]);
    expect(t.of("matchFormed")[0]?.record.measurements).toHaveLength(15);
  });

  it("of a pair that beacons call far is opened before the others, and its failure releases the group unprobed", () => {
    const t = new TestScene({ groupSize: 4, maxProbesPerMember: 1 });
    for (const [id, rttMs] of Object.entries({ ann: 5, bob: 5, far: 300 })) {
      t.arrive(id);
      t.beaconRtts(id, { x: rttMs });
    }
    t.arrive("dan");
    const [first] = t.events("probe.opened");
    expect([first?.initiator, first?.responder]).toEqual(["ann", "far"]);
    t.probeAll((a, b) => (a === "far" || b === "far" ? 400 : 40));
    expect(t.of("released").map((e) => e.participantId)).toEqual(["ann", "bob", "far", "dan"]);
    expect(t.events("probe.opened").length).toBeLessThan(6);
  });

  it("of a pair that was just measured and near is opened last: the others are the ones to be found out", () => {
    const t = new TestScene({ groupSize: 4, maxProbesPerMember: 1 });
    for (const id of ["ann", "bob", "cid", "far"]) t.arrive(id);
    t.probeAll((a, b) => (a === "far" || b === "far" ? 400 : 40));
    expect(t.held).toEqual([]);
    const before = t.events("probe.opened").length;
    expect(t.events("probe.closed")[0]).toMatchObject({ verdict: { status: "accepted" } });
    t.arrive("dan");
    expect(t.held).toEqual([["ann", "bob", "cid", "dan"]]);
    while (t.of("confirm").length === 0) t.probeAll(() => 40);
    const opened = t.events("probe.opened").slice(before);
    expect(opened).toHaveLength(6);
    expect(opened.slice(-2)).toContainEqual(expect.objectContaining({ initiator: "ann", responder: "bob" }));
    expect(opened.slice(0, 2)).not.toContainEqual(
      expect.objectContaining({ initiator: "ann", responder: "bob" }),
    );
  });

  it("with one report only ends at the deadline, and the silent side rests", () => {
    const t = new TestScene();
    t.arrive("ann");
    t.arrive("bob");
    const { probeId } = t.probeBetween("ann", "bob");
    t.ready("ann", probeId);
    t.ready("bob", probeId);
    t.report("ann", probeId, measured(50));
    t.scene.advance(t.config.probeTimeoutMs);
    expect(t.held).toEqual([]);
    t.arrive("cid");
    expect(t.held).toEqual([["ann", "cid"]]);
  });

  it("over a relay fails where the scene takes no relayed paths", () => {
    const t = new TestScene({ acceptRelayed: false });
    t.arrive("ann");
    t.arrive("bob");
    t.probeAll(() => measured(50, { path: "relay" }));
    expect(t.held).toEqual([]);
    expect(t.events("probe.closed")[0]).toMatchObject({
      verdict: { status: "failed", reason: "ice_failed" },
    });
  });

  it("is refused a number before both sides were told to start", () => {
    const t = new TestScene();
    t.arrive("ann");
    t.arrive("bob");
    const { probeId } = t.probeBetween("ann", "bob");
    t.ready("ann", probeId);
    expect(t.report("ann", probeId, measured(1))).toBe("out_of_order");
    expect(t.report("eve", probeId, measured(1))).toBe("not_your_probe");
  });
});

describe("confirmation", () => {
  it("ends at its deadline, and only who did not answer rests", () => {
    const t = new TestScene();
    t.arrive("ann");
    t.arrive("bob");
    t.probeAll(() => 50);
    const [proposal] = t.state.proposals.values();
    t.confirm("bob", proposal?.proposalId ?? "");
    t.scene.advance(t.config.confirmTimeoutMs);
    expect(t.held).toEqual([]);
    t.arrive("cid");
    expect(t.held).toEqual([["bob", "cid"]]);
    t.scene.advance(t.config.backOffBaseMs);
    expect(t.state.participants.get("ann")?.status).toBe("waiting");
  });

  it("is refused to strangers and before the links are measured", () => {
    const t = new TestScene();
    t.arrive("ann");
    t.arrive("bob");
    const [proposal] = t.state.proposals.values();
    expect(t.confirm("ann", proposal?.proposalId ?? "")).toBe("out_of_order");
    expect(t.confirm("eve", proposal?.proposalId ?? "")).toBe("not_your_proposal");
    expect(t.confirm("ann", "nonsense")).toBe("not_your_proposal");
  });

  it("is not broken up by a wait limit that passes meanwhile", () => {
    const t = new TestScene({ waitTimeoutMs: 10_000 });
    t.arrive("ann");
    t.scene.advance(9_000);
    t.arrive("bob");
    t.probeAll(() => 50);
    t.scene.advance(2_000);
    t.confirmAll();
    expect(t.matches).toEqual([["ann", "bob"]]);
  });
});

describe("the room hook", () => {
  it("is asked once, and its answer is what the members are told", () => {
    const t = new TestScene(withRoom);
    t.arrive("ann");
    t.arrive("bob");
    const [asked] = t.of("createRoom");
    expect(t.of("createRoom")).toHaveLength(1);
    t.scene.append({ type: "room.created", matchId: asked?.matchId ?? "", room: { url: "/r/1" } });
    expect(t.of("matched").map((e) => e.room)).toEqual([{ url: "/r/1" }, { url: "/r/1" }]);
  });

  it("that fails sends the members to the head of the queue, and is asked again after a pause", () => {
    const t = new TestScene({ ...withRoom, groupSize: 2 });
    t.arrive("vip-a", { priority: 0 });
    t.arrive("vip-b", { priority: 0 });
    const [asked] = t.of("createRoom");
    t.arrive("cid");
    t.scene.append({ type: "room.failed", matchId: asked?.matchId ?? "", reason: "database down" });
    t.arrive("dan");
    expect(t.held).toEqual([]);
    expect(t.state.line.items.map((p) => p.participantId)).toEqual(["vip-a", "vip-b", "cid", "dan"]);
    t.scene.advance(t.config.backOffBaseMs);
    expect(t.held).toEqual([
      ["vip-a", "vip-b"],
      ["cid", "dan"],
    ]);
  });

  it("puts members ahead of those who are senior to them but were not in the group", () => {
    // ann cannot be with anybody; bob and cid are junior to her and lose their room.
    class NotAnn extends FifoMatchmaker {
      override allowsPair(a: Candidate, b: Candidate) {
        return a.participantId !== "ann" && b.participantId !== "ann";
      }
    }
    const t = new TestScene({ matchmaker: new NotAnn(), hasRoomHook: true });
    for (const id of ["ann", "bob", "cid"]) t.arrive(id);
    t.scene.append({ type: "room.failed", matchId: t.of("createRoom")[0]?.matchId ?? "", reason: "no" });
    expect(t.state.line.items.map((p) => p.participantId)).toEqual(["bob", "cid", "ann"]);
  });

  it("that never answers is given up at its deadline", () => {
    const t = new TestScene(withRoom);
    t.arrive("ann");
    t.arrive("bob");
    t.scene.advance(t.config.roomTimeoutMs);
    expect(t.of("released").map((e) => e.reason)).toEqual(["room_failed", "room_failed"]);
  });
});

describe("who may wait", () => {
  it("ends a browser without WebRTC with its own outcome where peers are measured", () => {
    const t = new TestScene();
    t.arrive("ann", { webrtc: false });
    expect(t.outcomeOf("ann")).toBe("excluded_no_webrtc");
  });

  it("ends a participant above the entry limit once its RTT is settled", () => {
    const t = new TestScene({ excludeServerRttAboveMs: 200 });
    t.arrive("ann");
    t.serverRtt("ann", 900, 1);
    expect(t.outcomeOf("ann")).toBeNull();
    t.serverRtt("ann", 900, 3);
    expect(t.outcomeOf("ann")).toBe("excluded_rtt");
  });

  it("refuses arrivals beyond the capacity, but not those who come back", () => {
    const t = new TestScene({ capacity: 1 });
    t.arrive("ann");
    expect(t.arrive("bob")).toEqual({ status: "refused", code: "study_full" });
    expect(t.arrive("ann")).toEqual({ status: "resumed" });
  });

  it("ends everybody's wait when the study has all the matches it needs", () => {
    const t = new TestScene({ ...noLimit, maxMatches: 1 });
    for (const id of ["ann", "bob"]) t.arrive(id);
    t.arrive("cid");
    expect(t.matches).toEqual([["ann", "bob"]]);
    expect(t.outcomeOf("cid")).toBe("study_full");
  });

  it("makes no more matches than the study needs, and keeps the others until those are certain", () => {
    const t = new TestScene({ maxMatches: 1 });
    for (const id of ["ann", "bob", "cid", "dan"]) t.arrive(id);
    expect(t.held).toEqual([["ann", "bob"]]);
    t.leave("ann");
    expect(t.held).toEqual([["bob", "cid"]]);
  });

  it("keeps a place for the grace time and no longer", () => {
    const t = new TestScene();
    t.arrive("ann");
    t.disconnect("ann");
    t.scene.advance(t.config.graceMs - 1);
    expect(t.outcomeOf("ann")).toBeNull();
    t.scene.advance(1);
    expect(t.outcomeOf("ann")).toBe("left");
  });

  it("are not counted while they are away, and nobody stands behind a ghost", () => {
    const t = new TestScene({ groupSize: 4 });
    for (const id of ["ann", "bob", "cid"]) t.arrive(id);
    t.disconnect("ann");
    const standing = (id: string) => standingOf(t.state, id, t.scene.now);
    expect(standing("bob")).toMatchObject({ position: 1, lobbyCount: 2 });
    expect(overviewOf(t.state, t.scene.now)).toMatchObject({ waiting: 2, away: 1 });
    t.arrive("ann");
    expect(standing("ann")).toMatchObject({ position: 1, lobbyCount: 3 });
    expect(standing("bob")).toMatchObject({ position: 2, lobbyCount: 3 });
  });

  it("tells a finished participant its outcome again instead of starting anew", () => {
    const t = new TestScene({ waitTimeoutMs: 1000 });
    t.arrive("ann");
    t.scene.advance(1000);
    expect(t.arrive("ann")).toEqual({ status: "resumed" });
    expect(t.outcomeOf("ann")).toBe("timed_out");
  });

  it("lets a finished participant wait again where the scene allows it", () => {
    const t = new TestScene({ ...noLimit, allowRepeat: true });
    for (const id of ["ann", "bob"]) t.arrive(id);
    for (const id of ["ann", "bob"]) t.leave(id);
    expect(t.arrive("ann")).toEqual({ status: "arrived" });
    expect(t.arrive("bob")).toEqual({ status: "arrived" });
    expect(t.matches).toHaveLength(2);
  });
});

describe("the rules about server RTTs", () => {
  it("LatencyFIFO skips a pair whose sum is above the limit and takes the next in line", () => {
    const t = new TestScene({
      matchmaker: new LatencyFifoMatchmaker({ maxServerRttMs: 200 }),
      firstRttWaitMs: 3000,
    });
    t.arrive("far");
    t.serverRtt("far", 150);
    t.arrive("near");
    t.serverRtt("near", 60);
    expect(t.matches).toEqual([]);
    t.arrive("mid");
    t.serverRtt("mid", 100);
    expect(t.matches).toEqual([["near", "mid"]]);
  });

  it("wait for a newcomer's first measurement, but not for ever", () => {
    const t = new TestScene({
      matchmaker: new LatencyFifoMatchmaker({ maxServerRttMs: 200 }),
      firstRttWaitMs: 3000,
    });
    t.arrive("ann");
    t.arrive("bob");
    t.scene.advance(2999);
    expect(t.matches).toEqual([]);
    t.scene.advance(1);
    expect(t.matches).toEqual([["ann", "bob"]]);
  });

  it("wait for a newcomer's beacons where a rule reads them, but not for ever", () => {
    const t = new TestScene({ ...noLimit, awaitsBeacons: true, firstRttWaitMs: 3000 });
    for (const [id, first] of [
      ["ann", "bob"],
      ["cem", "dot"],
    ] as const) {
      t.arrive(id);
      t.arrive(first);
      t.serverRtt(id, 20);
    }
    expect(t.matches).toEqual([]);
    t.beaconRtts("dot", { oslo: 30 });
    t.beaconRtts("bob", { oslo: 35 });
    expect(t.matches).toEqual([["bob", "dot"]]);
    t.scene.advance(2999);
    expect(t.matches).toHaveLength(1);
    t.scene.advance(1);
    expect(t.matches[1]).toEqual(["ann", "cem"]);
  });

  it("the legacy maxRtt keeps apart two whose RTTs differ by more, and asks again when they change", () => {
    const t = new TestScene({ ...noLimit, maxServerRttDifferenceMs: 50, firstRttWaitMs: 3000 });
    t.arrive("ann");
    t.serverRtt("ann", 20);
    t.arrive("bob");
    t.serverRtt("bob", 100);
    expect(t.matches).toEqual([]);
    t.serverRtt("ann", 60);
    expect(t.matches).toEqual([["ann", "bob"]]);
  });
});

describe("among many who can be with nobody", () => {
  class ByHouse extends FifoMatchmaker {
    override allowsPair(a: Candidate, b: Candidate): boolean {
      return a.attributes["house"] === b.attributes["house"];
    }
  }
  class ByHouseAndRtt extends ByHouse {
    override get readsServerRtt(): boolean {
      return true;
    }
  }
  const arrive = (t: TestScene, id: string, house: string) => t.arrive(id, { attributes: { house } });
  const crowd = (t: TestScene) => {
    for (let i = 0; i < 50; i += 1) {
      arrive(t, `alone-${i}`, `own-${i}`);
      t.serverRtt(`alone-${i}`, 20);
    }
  };

  it("those who rest are not proposed, and those who come after them are", () => {
    const t = new TestScene({ matchmaker: new ByHouse({ maxP2pRttMs: 150 }) });
    crowd(t);
    for (const id of ["ann", "bob"]) arrive(t, id, "common");
    t.scene.advance(t.config.readyTimeoutMs);
    expect(t.state.agenda.resting.size).toBe(2);
    for (const id of ["cid", "dan"]) arrive(t, id, "common");
    expect(t.held).toEqual([["cid", "dan"]]);
    t.scene.advance(t.config.backOffBaseMs);
    expect(t.held).toEqual([
      ["cid", "dan"],
      ["ann", "bob"],
    ]);
  });

  it("newcomers are proposed once their server RTT is known, or has not come for too long", () => {
    const t = new TestScene({ matchmaker: new ByHouseAndRtt({ maxP2pRttMs: 150 }), firstRttWaitMs: 3000 });
    crowd(t);
    for (const id of ["ann", "bob", "cid", "dan"]) arrive(t, id, "common");
    expect(t.held).toEqual([]);
    for (const id of ["bob", "cid"]) t.serverRtt(id, 20);
    expect(t.held).toEqual([["bob", "cid"]]);
    t.scene.advance(3000);
    expect(t.held).toEqual([
      ["bob", "cid"],
      ["ann", "dan"],
    ]);
  });
});

describe("a researcher's matchmaker", () => {
  class Custom extends Matchmaker {
    readonly name = "Custom";
    readonly #answer: (arriving: Candidate, waiting: readonly Candidate[]) => readonly Candidate[] | null;
    constructor(answer: (arriving: Candidate, waiting: readonly Candidate[]) => readonly Candidate[] | null) {
      super({ maxP2pRttMs: null });
      this.#answer = answer;
    }
    findMatch(arriving: Candidate, waiting: readonly Candidate[]) {
      return this.#answer(arriving, waiting);
    }
  }

  it("may throw: it is logged, nobody loses a place, and the scene goes on", () => {
    let calls = 0;
    const matchmaker = new Custom((arriving, waiting) => {
      calls += 1;
      if (calls === 1) throw new Error("not today");
      const [first] = waiting;
      return first === undefined ? null : [first, arriving];
    });
    const t = new TestScene({ matchmaker });
    t.arrive("ann");
    t.arrive("bob");
    expect(t.events("matchmaker.failed")).toMatchObject([
      { matchmaker: "Custom", reason: "Error: not today" },
    ]);
    t.arrive("cid");
    expect(t.matches).toHaveLength(1);
  });

  it.each([
    ["too few", (a: Candidate) => [a]],
    ["somebody twice", (a: Candidate) => [a, a]],
    ["a stranger", (a: Candidate) => [a, { ...a, participantId: "eve" }]],
    ["no list", () => "ann" as unknown as Candidate[]],
  ])("that answers with %s changes nothing but the log", (_, answer) => {
    const t = new TestScene({ matchmaker: new Custom(answer) });
    t.arrive("ann");
    t.arrive("bob");
    expect(t.held).toEqual([]);
    expect(t.events("matchmaker.failed").length).toBeGreaterThan(0);
    expect(t.state.line.size).toBe(2);
  });

  it("is asked again when a rule of its own relaxes", () => {
    class Patient extends FifoMatchmaker {
      override allowsPair(a: Candidate, b: Candidate) {
        return a.waitedMs + b.waitedMs >= 20_000;
      }
      override relaxesAt(candidate: Candidate, context: { now: number }) {
        return context.now < candidate.arrivedAt + 10_000 ? candidate.arrivedAt + 10_000 : null;
      }
    }
    const t = new TestScene({ matchmaker: new Patient() });
    t.arrive("ann");
    t.arrive("bob");
    t.scene.advance(9_999);
    expect(t.matches).toEqual([]);
    t.scene.advance(1);
    expect(t.matches).toEqual([["ann", "bob"]]);
  });
});

describe("a server that starts again", () => {
  it("finds the pool as it was, and keeps places for the grace time", () => {
    const t = new TestScene({ groupSize: 3 });
    t.arrive("ann", { attributes: { skill: 3 } });
    t.arrive("bob");
    const again = new VirtualScene(t.config, {
      seed: "other",
      log: t.scene.events,
      startAt: t.scene.now + 5000,
    });
    expect(again.state.seed).toBe("test");
    expect(again.state.line.items.map((p) => p.participantId)).toEqual(["ann", "bob"]);
    expect(again.state.participants.get("ann")?.attributes).toEqual({ skill: 3 });
    again.advance(t.config.graceMs);
    expect(again.state.participants.get("ann")?.outcome).toBe("left");
  });

  it("releases proposals that were open, whose links died with the sockets", () => {
    const t = new TestScene();
    t.arrive("ann");
    t.arrive("bob");
    const again = new VirtualScene(t.config, { seed: "x", log: t.scene.events });
    expect(again.state.proposals.size).toBe(0);
    expect(again.state.line.size).toBe(2);
  });

  it("goes on where the log ends when the system's clock was set back", () => {
    const t = new TestScene({ waitTimeoutMs: 10_000 });
    t.arrive("ann");
    t.scene.advance(9_000);
    t.arrive("bob");
    const again = new VirtualScene(t.config, { seed: "x", log: t.scene.events, startAt: 5 });
    expect(again.now).toBe(t.scene.now);
    again.advance(1_000);
    expect(again.state.participants.get("ann")?.outcome).toBe("timed_out");
  });

  it("comes to the same state from the same log", () => {
    const t = new TestScene({ groupSize: 3 });
    for (const id of ["ann", "bob", "cid", "dan"]) t.arrive(id);
    t.probeAll(() => 50);
    t.confirmAll();
    t.leave("dan");
    const [first] = t.scene.events;
    const again = new VirtualScene(testConfig, { seed: "x", log: t.scene.events });
    expect(first?.type).toBe("scene.opened");
    const without = (s: object) => ({ ...s, seq: 0, participants: 0, pool: 0, configHash: 0 });
    expect(without(snapshotOf(again.state))).toEqual(without(snapshotOf(t.state)));
  });
});

describe("a match", () => {
  it("tells the others when a member's connection goes and comes back", () => {
    const t = new TestScene(noLimit);
    t.arrive("ann");
    t.arrive("bob");
    t.disconnect("bob");
    t.arrive("bob", { fresh: false });
    expect(t.of("peerStatus").map((e) => [e.participantId, e.seat, e.connected])).toEqual([
      ["ann", 1, false],
      ["ann", 1, true],
    ]);
  });

  it("ends when every member has left or stayed away beyond the grace time", () => {
    const t = new TestScene(noLimit);
    t.arrive("ann");
    t.arrive("bob");
    t.leave("ann");
    expect(t.state.matches.size).toBe(1);
    t.disconnect("bob");
    t.scene.advance(t.config.graceMs);
    expect(t.state.matches.size).toBe(0);
  });
});
