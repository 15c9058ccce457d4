import type { ServerMessages } from "@probematch/shared";
import { afterEach, describe, expect, it } from "vitest";
import { GatewayRig, type RigOptions } from "../../test/gatewayRig.js";
import { candidate, type TestPage } from "../../test/testPage.js";
import { scene } from "../scene/scene.js";

const near = scene("near").matchmaking({ matchmaker: { name: "fifo", maxP2pRttMs: 100 } });
let rig: GatewayRig;
const start = async (options: RigOptions = { scenes: [near] }) => {
  rig = await GatewayRig.start(options);
};
afterEach(() => rig.close());

const names = (page: TestPage) =>
  page.received.map((r) => r.name).filter((name) => !["serverEcho", "echoed", "waiting"].includes(name));
const noMisfits = (...pages: TestPage[]) => expect(pages.flatMap((page) => page.misfits)).toEqual([]);

describe("two pages on a path below the limit", () => {
  it("are taken from probing over confirmation to the match", async () => {
    await start();
    const a = await rig.welcomed("recruit-a", { rttMs: 40 });
    const b = await rig.welcomed("recruit-b", { rttMs: 44 });
    const [forA, forB] = await Promise.all([a.next("matched"), b.next("matched")]);
    const order = ["welcome", "probing", "probePrepare", "probeStart", "confirm", "matched"];
    expect(names(a)).toEqual(order);
    expect(names(b)).toEqual(order);
    const [prepareA, prepareB] = [a.all("probePrepare")[0], b.all("probePrepare")[0]];
    expect([prepareA?.initiator, prepareB?.initiator].sort()).toEqual([false, true]);
    expect(prepareA).toMatchObject({
      relayOnly: false,
      parameters: { pings: 5 },
      limitMs: 100,
      iceServers: [],
    });
    expect(prepareA?.remainingMs).toBeGreaterThan(1000);
    expect(forA).toMatchObject({ groupSize: 2, resumed: false, matchId: forB.matchId });
    expect([forA.seat, forB.seat].sort()).toEqual([0, 1]);
    expect(forA.peers).toMatchObject([{ seat: forB.seat, probeId: prepareA?.probeId, connected: true }]);
    noMisfits(a, b);
  });

  it("never learn each other's participant id", async () => {
    await start({ scenes: [near.onMatch(({ matchId }) => ({ table: matchId }))] });
    const a = await rig.welcomed("recruit-a", { rttMs: 40 });
    const b = await rig.welcomed("recruit-b", { rttMs: 44 });
    const prepare = await a.next("probePrepare");
    a.send("probeSignal", { probeId: prepare.probeId, signal: { type: "offer", sdp: "v=0" } });
    await Promise.all([a.next("matched"), b.next("matched")]);
    b.close();
    await a.next("peerStatus");
    expect(JSON.stringify(a.received)).not.toContain("recruit-b");
    expect(JSON.stringify(b.received)).not.toContain("recruit-a");
  });

  it("get short-lived TURN credentials made for their probe, which do not name them", async () => {
    const turn = { urls: "turn:turn.example.org", secret: "north" };
    await start({ scenes: [near.probing({ relayOnly: true })], ice: { turn } });
    const a = await rig.welcomed("recruit-a");
    await rig.welcomed("recruit-b");
    const { iceServers, probeId, relayOnly } = await a.next("probePrepare");
    expect(relayOnly).toBe(true);
    expect(iceServers).toHaveLength(1);
    const [expiry, name] = iceServers[0]?.username?.split(":") ?? [];
    expect(name).toBe(probeId);
    expect(Number(expiry) * 1000 - Date.now()).toBeGreaterThan(590_000);
  });
});

describe("other ends of a proposal", () => {
  it("a pair over the limit is released, waits on, and the third, near one is matched with the senior", async () => {
    await start();
    const senior = await rig.welcomed("senior", { rttMs: 300 });
    const far = await rig.welcomed("far", { rttMs: 300 });
    expect(await senior.next("released")).toMatchObject({ reason: "too_slow" });
    expect(await senior.next("waiting")).toMatchObject({ position: 1, lobbyCount: 2 });
    await far.next("waiting", (w) => w.lobbyCount === 2 && w.position === 2);
    senior.rttMs = 20;
    const third = await rig.welcomed("third", { rttMs: 20 });
    const [{ matchId }, matched] = await Promise.all([senior.next("matched"), third.next("matched")]);
    expect(matched.matchId).toBe(matchId);
    expect(await far.next("waiting", (w) => w.position === 1)).toMatchObject({ lobbyCount: 1 });
  });

  it("without a limit there is no probing, and the match comes at once", async () => {
    await start({ scenes: [scene("open")] });
    const a = await rig.welcomed("a");
    const b = await rig.welcomed("b");
    const matched = await Promise.all([a.next("matched"), b.next("matched")]);
    expect(matched.map((m) => m.peers.map((p) => p.probeId))).toEqual([[null], [null]]);
    expect(names(a)).toEqual(["welcome", "matched"]);
  });

  it("a partner that vanishes while probing frees the other at once", async () => {
    await start();
    const a = await rig.welcomed("a");
    const b = await rig.welcomed("b");
    await b.next("probePrepare");
    b.close();
    expect(await a.next("released")).toMatchObject({ reason: "member_gone" });
    expect(await a.next("waiting")).toMatchObject({ position: 1 });
  });

  it("a participant who leaves is told so, and then disconnected", async () => {
    await start({ scenes: [near], endedLingerMs: 20 });
    const a = await rig.welcomed("a");
    const end = a.disconnected();
    a.send("leave", {});
    expect(await a.next("ended")).toEqual({ outcome: "left" });
    expect(await end).toBe("io server disconnect");
    expect(rig.eventsOf("participant.disconnected")).toEqual([]);
  });

  it("a participant who waited long enough is told that time is up", async () => {
    await start({ scenes: [near.waitroom({ timeoutMs: 50, graceMs: 1 })] });
    const a = await rig.welcomed("a");
    expect(await a.next("ended")).toEqual({ outcome: "timed_out" });
  });
});

describe("while waiting", () => {
  it("everybody learns soon that others came and went", async () => {
    await start({ scenes: [scene("three").groupSize(3).waitroom({ graceMs: 0 })] });
    const a = await rig.welcomed("a");
    await a.next("waiting");
    const b = await rig.welcomed("b");
    // What stands is told again from time to time: what is new is looked for among it.
    const counts = (lobbyCount: number) => (told: ServerMessages["waiting"]) =>
      told.lobbyCount === lobbyCount;
    expect(await a.next("waiting", counts(2))).toMatchObject({ position: 1, groupSize: 3 });
    expect(await b.next("waiting", counts(2))).toMatchObject({ position: 2 });
    b.close();
    expect(await a.next("waiting", counts(1))).toMatchObject({ position: 1 });
  });

  it("arrivals in quick succession are told together", async () => {
    await start({ scenes: [scene("eight").groupSize(8)] });
    const a = await rig.welcomed("a");
    const startedAt = performance.now();
    await Promise.all(["b", "c", "d", "e", "f", "g"].map((id) => rig.welcomed(id)));
    await a.next("waiting", (w) => w.lobbyCount === 7);
    // Its own arrival, the first of the others, and then once in a quarter of a second, however long they took to come.
    const quarters = (performance.now() - startedAt) / 250;
    expect(a.all("waiting").length).toBeLessThanOrEqual(2 + quarters);
  });

  it("the standing is told again after a while, though nothing changed", async () => {
    await start({ scenes: [near], standingRefreshMs: 30 });
    const a = await rig.welcomed("a");
    const first = await a.next("waiting");
    // Not the second one, which may come within the same millisecond as the first.
    await a.next("waiting", ({ waitedMs }) => waitedMs > first.waitedMs + 20);
  });

  it("position and count stay hidden where the scene says so", async () => {
    await start({ scenes: [near.matchmaking({ hideLobbyCount: true })] });
    const a = await rig.welcomed("a");
    expect(await a.next("waiting")).toMatchObject({ position: null, lobbyCount: null, groupSize: 2 });
  });
});

describe("signals", () => {
  const HOST = "candidate:1 1 udp 2122260223 192.168.7.42 50000 typ host";
  const RELAY = "candidate:3 1 udp 41885439 198.51.100.1 60000 typ relay raddr 203.0.113.9 rport 50000";
  async function preparedPair() {
    const a = await rig.welcomed("a");
    const b = await rig.welcomed("b");
    const [{ probeId }] = await Promise.all([a.next("probePrepare"), b.next("probePrepare")]);
    return { a, b, probeId };
  }
  async function probingPair() {
    const { a, b, probeId } = await preparedPair();
    for (const page of [a, b]) page.send("probeReady", { probeId });
    await Promise.all([a.next("probeStart"), b.next("probeStart")]);
    return { a, b, probeId };
  }
  const textOf = ({ signal }: ServerMessages["probeSignal"]) =>
    signal.type === "candidate" ? signal.candidate.candidate : signal.sdp;

  it("go to the other end of the probe, in order, and to nobody else", async () => {
    await start();
    const outsider = await rig.welcomed("outsider", { webrtc: false });
    const { a, b, probeId } = await probingPair();
    a.send("probeSignal", { probeId, signal: { type: "offer", sdp: "v=0 of a" } });
    a.send("probeSignal", { probeId, signal: candidate(HOST) });
    expect(textOf(await b.next("probeSignal"))).toBe("v=0 of a");
    expect(textOf(await b.next("probeSignal"))).toBe(HOST);
    expect(outsider.all("probeSignal")).toEqual([]);
    expect(a.all("probeSignal")).toEqual([]);
  });

  it("that come before both ends are ready are kept until then, and go on in order", async () => {
    await start();
    const { a, b, probeId } = await preparedPair();
    a.send("probeReady", { probeId });
    a.send("probeReady", { probeId });
    a.send("probeSignal", { probeId, signal: { type: "offer", sdp: "v=0 of a" } });
    a.send("probeSignal", { probeId, signal: candidate(HOST) });
    await a.settled();
    await b.settled();
    expect(b.all("probeSignal")).toEqual([]);
    b.send("probeReady", { probeId });
    expect(textOf(await b.next("probeSignal"))).toBe("v=0 of a");
    expect(textOf(await b.next("probeSignal"))).toBe(HOST);
  });

  it("of an outsider are refused, as is everything else about a probe that is not theirs", async () => {
    await start({ scenes: [near] });
    const { probeId, b } = await probingPair();
    const outsider = await rig.welcomed("outsider");
    const { proposalId } = b.all("probing")[0] ?? { proposalId: "none" };
    outsider.send("probeSignal", { probeId, signal: candidate(HOST) });
    outsider.send("probeReady", { probeId });
    outsider.send("probeReport", {
      probeId,
      report: { status: "failed", reason: "ice_failed", detail: null },
    });
    outsider.send("confirmed", { proposalId });
    const codes: string[] = [];
    for (let i = 0; i < 4; i += 1) codes.push((await outsider.next("refused")).code);
    expect(codes.sort()).toEqual(["not_your_probe", "not_your_probe", "not_your_probe", "not_your_proposal"]);
    await b.settled();
    expect(b.all("probeSignal")).toEqual([]);
  });

  it("are limited in number", async () => {
    await start({ scenes: [near], limits: { signalsPerProbe: 3 } });
    const { a, b, probeId } = await probingPair();
    for (let i = 0; i < 5; i += 1) a.send("probeSignal", { probeId, signal: candidate(HOST) });
    await a.settled();
    await b.settled();
    expect(b.all("probeSignal")).toHaveLength(3);
    expect(a.all("refused").map((r) => r.code)).toEqual(["too_many_messages", "too_many_messages"]);
  });

  it("lose every address but the relay's where the scene says relayOnly", async () => {
    const turn = { urls: "turn:turn.example.org", secret: "north" };
    await start({ scenes: [near.probing({ relayOnly: true })], ice: { turn } });
    const { a, b, probeId } = await probingPair();
    a.send("probeSignal", { probeId, signal: candidate(HOST) });
    a.send("probeSignal", { probeId, signal: candidate(RELAY) });
    expect(textOf(await b.next("probeSignal"))).toContain("typ relay raddr 0.0.0.0 rport 0");
    expect(JSON.stringify(b.received)).not.toMatch(/192\.168|203\.0\.113/);
  });

  it("can be changed, held back in order, or dropped by a test rig", async () => {
    const seen: string[] = [];
    await start({
      scenes: [near],
      transformSignal: async (from, to, _probeId, signal) => {
        seen.push(`${from}>${to}`);
        if (signal.type !== "candidate") await new Promise((resolve) => setTimeout(resolve, 10));
        else if (signal.candidate.candidate === "fail") throw new Error("no relay");
        else if (signal.candidate.candidate === "drop") return null;
        return signal.type === "candidate" ? candidate("changed") : signal;
      },
    });
    const { a, b, probeId } = await probingPair();
    a.send("probeSignal", { probeId, signal: { type: "offer", sdp: "slow" } });
    for (const text of ["drop", "fail", HOST]) a.send("probeSignal", { probeId, signal: candidate(text) });
    expect(textOf(await b.next("probeSignal"))).toBe("slow");
    expect(textOf(await b.next("probeSignal"))).toBe("changed");
    expect(seen).toEqual(Array(4).fill("a>b"));
  });

  it("leave no trace in the log, nor do addresses", async () => {
    await start();
    const { a, b, probeId } = await probingPair();
    a.send("probeSignal", { probeId, signal: candidate(HOST) });
    a.send("probeSignal", { probeId: "other", signal: candidate(HOST) });
    await b.next("probeSignal");
    await a.next("refused");
    expect(rig.log.length).toBeGreaterThan(1);
    expect(JSON.stringify(rig.log)).not.toMatch(/192\.168|typ host|127\.0\.0\.1/);
  });
});

describe("after the match", () => {
  it("members learn that a partner's connection was lost and came back", async () => {
    await start();
    const a = await rig.welcomed("a", { rttMs: 10 });
    const b = await rig.welcomed("b", { rttMs: 10 });
    const [{ matchId }, { seat }] = await Promise.all([a.next("matched"), b.next("matched")]);
    b.close();
    expect(await a.next("peerStatus")).toEqual({ matchId, seat, connected: false });
    const again = await rig.welcomed("b", { fresh: false });
    expect(await again.next("matched")).toMatchObject({ matchId, seat, resumed: true });
    expect(await a.next("peerStatus")).toEqual({ matchId, seat, connected: true });
    a.send("linkReport", { matchId, links: [{ probeId: "x", rttMs: 12, lost: 0 }] });
    a.send("linkReport", { matchId: "another", links: [] });
    expect(await a.next("refused")).toMatchObject({ code: "out_of_order", event: "linkReport" });
    a.send("matchDone", { matchId });
    again.send("matchDone", { matchId });
    expect(await rig.event("match.ended")).toMatchObject({ matchId });
    noMisfits(a, b, again);
  });

  async function matchedPair() {
    const turn = { urls: "turn:turn.example.org", secret: "north" };
    await start({ scenes: [near], ice: { turn } });
    const a = await rig.welcomed("a", { rttMs: 10 });
    const b = await rig.welcomed("b", { rttMs: 10 });
    const [{ peers }] = await Promise.all([a.next("matched"), b.next("matched")]);
    return { a, b, probeId: peers[0]?.probeId ?? "none" };
  }

  it("members are told the measurement that decided", async () => {
    await start();
    const a = await rig.welcomed("a", { rttMs: 10 });
    await rig.welcomed("b", { rttMs: 10 });
    const { peers } = await a.next("matched");
    expect(peers).toMatchObject([{ rttMs: 10, latency: { rttMs: 10, samples: 10, lost: 0, path: "host" } }]);
  });

  it("a repair of a link is ordered at both its ends, with new credentials, and its signals keep their round", async () => {
    const { a, b, probeId } = await matchedPair();
    b.send("linkRepair", { probeId, fresh: true });
    const [ofA, ofB] = await Promise.all([a.next("linkRepair"), b.next("linkRepair")]);
    expect([ofA.initiator, ofB.initiator]).toEqual([true, false]);
    expect(ofA).toMatchObject({ probeId, fresh: true, round: ofB.round, relayOnly: false });
    const [expiry] = ofA.iceServers[0]?.username?.split(":") ?? [];
    expect(Number(expiry) * 1000 - Date.now()).toBeGreaterThan(590_000);
    const signal = candidate("candidate:1 1 udp 2122260223 192.168.7.42 50000 typ host");
    a.send("probeSignal", { probeId, signal, round: ofA.round });
    expect(await b.next("probeSignal")).toEqual({ probeId, signal, round: ofA.round });
    noMisfits(a, b);
  });

  it("nobody but its ends can have a link repaired, and they not without end", async () => {
    const { a, b, probeId } = await matchedPair();
    const outsider = await rig.welcomed("outsider");
    outsider.send("linkRepair", { probeId, fresh: true });
    expect(await outsider.next("refused")).toMatchObject({ code: "not_your_probe", event: "linkRepair" });
    for (let i = 0; i < 25; i += 1) a.send("linkRepair", { probeId, fresh: false });
    expect(await a.next("refused")).toMatchObject({ code: "too_many_messages", event: "linkRepair" });
    await b.settled();
    expect(b.all("linkRepair").length).toBeLessThan(25);
  });
});
