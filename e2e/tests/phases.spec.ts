import { FifoMatchmaker, scene } from "@probematch/server";
import type { Study } from "../fixtures/study.js";
import { expect, test } from "../fixtures/test.js";

/** Limits are far above what a busy machine adds: a pair that is near is not measured again once it was found too slow. */
const measured = (maxP2pRttMs = 500) =>
  scene("lobby").matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs }) });
/** Much less than any deadline of the server's: what happens within it was not waited for. */
const AT_ONCE_MS = 3000;

async function expectNobodyHeld(study: Study): Promise<void> {
  await expect
    .poll(() => study.scene("lobby").overview())
    .toMatchObject({ held: 0, openProposals: 0, liveProbes: 0 });
}

test("a tab closed while waiting counts no more, and its place is kept for the grace time only", async ({
  lab,
}) => {
  const study = await lab.study({ scenes: [scene("lobby").groupSize(3).waitroom({ graceMs: 500 })] });
  const gone = await lab.participant(study, "chromium", { participantId: "gone" });
  const stays = await lab.participant(study, "firefox", { participantId: "stays" });
  await stays.until("waiting", ({ position, lobbyCount }) => position === 2 && lobbyCount === 2);
  await gone.close();
  await stays.until("waiting", ({ position, lobbyCount }) => position === 1 && lobbyCount === 1);
  await expect.poll(() => study.scene("lobby").waitingIds()).toEqual(["stays"]);
});

test.describe("a partner leaving in probe or confirmation frees the others at once, with seniority", () => {
  test("a tab closed while it is measured", async ({ lab }) => {
    const study = await lab.study({ scenes: [measured().probing({ pings: 30 })] });
    const senior = await lab.participant(study, "firefox", { participantId: "senior" });
    const leaver = await lab.participant(study, "chromium", { participantId: "leaver" });
    await Promise.all([senior.until("probing"), leaver.until("probing")]);
    await expect.poll(() => study.relay.links().length).toBe(1);
    await leaver.close();
    const { reason } = await senior.until("released", undefined, AT_ONCE_MS);
    expect(["member_gone", "probe_failed"]).toContain(reason);
    // Either the server heard of the lost connection first, and no probe was closed; or the other page noticed, or the
    // browser hid the tab, which the SDK reports, a moment before it ended it. Then the probe is begun again, and that may
    // come to an end in either way.
    const closed = (await study.journal("lobby")).filter(({ type }) => type === "probe.closed");
    expect(closed.length).toBeLessThanOrEqual(2);
    if (reason === "probe_failed") expect(closed.length).toBeGreaterThan(0);
    for (const event of closed) {
      expect(event).toMatchObject({
        verdict: { status: "failed", reason: expect.stringMatching(/^(peer_gone|hidden_tab)$/) },
      });
    }
    expect(study.scene("lobby").waitingIds()[0]).toBe("senior");

    const next = await lab.participant(study, "chromium", { participantId: "next" });
    const [ofSenior, ofNext] = await Promise.all([senior.matched(), next.matched()]);
    expect([ofSenior.seat, ofNext.seat]).toEqual([0, 1]);
  });

  test("a tab closed before it confirms", async ({ lab }) => {
    const study = await lab.study({ scenes: [measured().matches({ confirmTimeoutMs: 30_000 })] });
    const senior = await lab.participant(study, "chromium", { participantId: "senior" });
    const leaver = await lab.tab(study, "firefox", { participantId: "leaver" });
    await leaver.swallow("confirmed");
    await leaver.connect();
    await leaver.until("swallowed");
    await leaver.close();
    expect(await senior.until("released", undefined, AT_ONCE_MS)).toEqual({ reason: "member_gone" });
    expect(study.scene("lobby").waitingIds()[0]).toBe("senior");

    const next = await lab.participant(study, "firefox", { participantId: "next" });
    await Promise.all([senior.matched(), next.matched()]);
  });

  test("a page that leaves while it is measured, in a group of three", async ({ lab }) => {
    const study = await lab.study({ scenes: [measured().groupSize(3).probing({ pings: 30 })] });
    const a = await lab.participant(study, "chromium", { participantId: "a" });
    const leaver = await lab.participant(study, "chromium", { participantId: "leaver" });
    const c = await lab.participant(study, "firefox", { participantId: "c" });
    await Promise.all([a.until("probing"), leaver.until("probing"), c.until("probing")]);
    await leaver.leave();
    expect(await leaver.until("result")).toEqual({ status: "ended", outcome: "left" });
    const reasons = await Promise.all([a, c].map((page) => page.until("released", undefined, AT_ONCE_MS)));
    expect(reasons.map(({ reason }) => reason)).toEqual(["member_gone", "member_gone"]);
    expect(study.scene("lobby").waitingIds()).toEqual(["a", "c"]);
    await expectNobodyHeld(study);
  });
});

test("a tab closed after the match is shown to the others, who keep their link until it ends", async ({
  lab,
}) => {
  const study = await lab.study({ scenes: [measured()] });
  const a = await lab.participant(study, "chromium", { participantId: "a" });
  const b = await lab.participant(study, "firefox", { participantId: "b" });
  await Promise.all([a.matched(), b.matched()]);
  await b.close();
  expect(await a.until("peerStatus", ({ connected }) => !connected, AT_ONCE_MS)).toMatchObject({ seat: 1 });
});

test("a member that never confirms is the only one to pay for it", async ({ lab }) => {
  const study = await lab.study({ scenes: [measured().matches({ confirmTimeoutMs: 1000 })] });
  const silent = await lab.tab(study, "chromium", { participantId: "silent" });
  await silent.swallow("confirmed");
  await silent.connect();
  const b = await lab.participant(study, "firefox", { participantId: "b" });
  expect(await b.until("released")).toEqual({ reason: "not_confirmed" });
  const c = await lab.participant(study, "chromium", { participantId: "c" });
  await Promise.all([b.matched(), c.matched()]);
  expect(silent.all("matched")).toEqual([]);
});

test("a peer that dies before ready frees the other by the deadline", async ({ lab }) => {
  const study = await lab.study({
    scenes: [measured().probing({ readyTimeoutMs: 1000, backOffBaseMs: 60_000 })],
  });
  const a = await lab.participant(study, "chromium", { participantId: "a" });
  const dead = await lab.tab(study, "firefox", { participantId: "dead" });
  await dead.swallow("probeReady");
  await dead.connect();
  await dead.until("swallowed");
  expect(await a.until("released", undefined, AT_ONCE_MS)).toEqual({ reason: "probe_failed" });
  await expectNobodyHeld(study);
  expect(await study.journal("lobby")).toContainEqual(
    expect.objectContaining({
      type: "probe.closed",
      verdict: { status: "failed", reason: "not_ready" },
      blamed: ["dead"],
    }),
  );
  const c = await lab.participant(study, "firefox", { participantId: "c" });
  await Promise.all([a.matched(), c.matched()]);
});

test('a missing socket leaves nobody "probing"', async ({ lab }) => {
  const study = await lab.study({ scenes: [measured().probing({ readyTimeoutMs: 20_000 })] });
  const a = await lab.participant(study, "chromium", { participantId: "a" });
  const missing = await lab.tab(study, "chromium", { participantId: "missing" });
  await missing.swallow("probeReady");
  await missing.connect();
  await missing.until("swallowed");
  await missing.close();
  const { reason } = await a.until("released", undefined, AT_ONCE_MS);
  expect(["member_gone", "probe_failed"]).toContain(reason);
  await expectNobodyHeld(study);
});

test("one client saying ready twice starts nothing", async ({ lab }) => {
  test.info().annotations.push({ type: "expects problems" });
  const study = await lab.study({
    scenes: [measured().probing({ readyTimeoutMs: 1500, backOffBaseMs: 60_000 })],
  });
  const eager = await lab.tab(study, "chromium", { participantId: "eager" });
  await eager.double("probeReady");
  await eager.connect();
  const silent = await lab.tab(study, "firefox", { participantId: "silent" });
  await silent.swallow("probeReady");
  await silent.connect();
  expect(await eager.until("released")).toEqual({ reason: "probe_failed" });
  expect(study.signals).toEqual([]);
  expect(eager.all("measured")).toEqual([]);
});

test("back-to-back probes do not cancel each other", async ({ lab }) => {
  const study = await lab.study({ scenes: [measured(300)] });
  const senior = await lab.participant(study, "firefox", { participantId: "senior" });
  const far = await lab.participant(study, "chromium", { participantId: "far", delayMs: 180 });
  const near = await lab.participant(study, "chromium", { participantId: "near" });
  const [ofSenior, ofNear] = await Promise.all([senior.matched(), near.matched()]);
  expect(ofSenior.id).toBe(ofNear.id);
  expect(senior.all("released")).toEqual([{ reason: "too_slow" }]);
  const verdicts = (await study.journal("lobby")).filter(({ type }) => type === "probe.closed");
  expect(verdicts).toMatchObject([{ verdict: { status: "too_slow" } }, { verdict: { status: "accepted" } }]);
  expect(far.all("matched")).toEqual([]);
});

test("a probe that fails by accident is repeated within its proposal, and nobody is released", async ({
  lab,
}) => {
  const study = await lab.study({
    // A page gives up on a channel that does not open after half of its time: there is enough left for a repeat.
    scenes: [measured().probing({ readyTimeoutMs: 6000, timeoutMs: 6000, pingTimeoutMs: 5000 })],
  });
  study.relay.setImpairment({ lossRatio: 1 });
  const a = await lab.participant(study, "chromium", { participantId: "a" });
  const b = await lab.participant(study, "firefox", { participantId: "b" });
  const closed = async () => (await study.journal("lobby")).filter(({ type }) => type === "probe.closed");
  // Often: the repeat has as little time as the first try.
  await expect.poll(async () => (await closed()).length, { timeout: 15_000, intervals: [50] }).toBe(1);
  study.relay.setImpairment({ lossRatio: 0 });
  const [ofA, ofB] = await Promise.all([a.matched(), b.matched()]);
  expect(ofA.id).toBe(ofB.id);
  expect([...a.all("released"), ...b.all("released")]).toEqual([]);
  expect(await closed()).toMatchObject([
    { verdict: { status: "failed" }, again: true },
    { verdict: { status: "accepted" } },
  ]);
});

test.describe("a failed probe is retried after back-off, a too-slow one is not", () => {
  test("a pair without a network path between them is tried again, and matched once there is one", async ({
    lab,
  }) => {
    const study = await lab.study({
      scenes: [
        measured().probing({
          readyTimeoutMs: 3000,
          timeoutMs: 3000,
          pingTimeoutMs: 1000,
          backOffBaseMs: 500,
        }),
      ],
    });
    study.relay.setImpairment({ lossRatio: 1 });
    const a = await lab.participant(study, "chromium", { participantId: "a" });
    const b = await lab.participant(study, "firefox", { participantId: "b" });
    expect(await a.until("released")).toEqual({ reason: "probe_failed" });
    study.relay.setImpairment({ lossRatio: 0 });
    const [ofA, ofB] = await Promise.all([a.matched(), b.matched()]);
    expect(ofA.id).toBe(ofB.id);
  });

  test("a pair over the limit is not measured again while the measurement is fresh", async ({ lab }) => {
    const study = await lab.study({ scenes: [measured(30)] });
    const a = await lab.participant(study, "chromium", { participantId: "a", delayMs: 20 });
    const b = await lab.participant(study, "chromium", { participantId: "b", delayMs: 20 });
    await Promise.all([a.until("released"), b.until("released")]);
    const c = await lab.participant(study, "chromium", { participantId: "c", delayMs: 20 });
    await c.until("released");
    await expect.poll(() => c.all("released").length).toBe(2);
    await a.reload();
    const near = await lab.participant(study, "chromium", { participantId: "near" });
    await near.until("released");
    await expectNobodyHeld(study);
    const pairs = (await study.journal("lobby"))
      .filter(({ type }) => type === "proposal.opened")
      .map((event) => (event["members"] as string[]).join(" and "));
    expect(new Set(pairs).size).toBe(pairs.length);
  });
});
