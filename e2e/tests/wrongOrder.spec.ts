import { FifoMatchmaker, scene } from "@probematch/server";
import { expect, test } from "../fixtures/test.js";

const measured = scene("lobby").matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 500 }) });

test("a page that calls things in the wrong order gets answers, and no exception", async ({ lab }) => {
  const study = await lab.study({ scenes: [measured] });
  const tab = await lab.tab(study, "firefox", { participantId: "unused" });
  const seen = await tab.page.evaluate(async () => {
    const { connect, ProbematchUsageError } = (
      globalThis as never as { Probematch: typeof import("@probematch/client") }
    ).Probematch;
    const mistake = (attempt: () => unknown) => {
      try {
        attempt();
        return "none";
      } catch (error) {
        return error instanceof ProbematchUsageError ? error.message : `not ours: ${error}`;
      }
    };
    const early = connect(location.origin, { scene: "lobby", participantId: "early" });
    early.leave();
    early.leave();
    const aborted = connect(location.origin, { scene: "lobby", participantId: "aborted" });
    const waiting = aborted.match({ signal: AbortSignal.abort(new Error("changed my mind")) });
    const reason = await waiting.catch((error: Error) => error.message);
    aborted.leave();
    return {
      noUrl: mistake(() => connect("http://", { scene: "lobby" })),
      noScene: mistake(() => connect(location.origin, {} as never)),
      afterLeaving: await early.match(),
      twice: await early.match(),
      status: early.status,
      reason,
    };
  });
  expect(seen).toEqual({
    noUrl: expect.stringContaining("is no address of a server"),
    noScene: expect.stringContaining("scene"),
    afterLeaving: { status: "ended", outcome: "left" },
    twice: { status: "ended", outcome: "left" },
    status: "ended",
    reason: "changed my mind",
  });
  await expect.poll(() => study.scene("lobby").waitingIds()).toEqual([]);
});

test("a scene that does not exist is a refusal the page can show", async ({ lab }) => {
  const study = await lab.study({ scenes: [measured] });
  const lost = await lab.tab(study, "chromium", { participantId: "lost", scene: "lobyb" });
  await lost.enter();
  expect(await lost.until("result")).toEqual({ status: "refused", code: "unknown_scene" });
});

test("messages out of order, foreign, unknown or broken are refused by name and change nothing", async ({
  lab,
}) => {
  test.info().annotations.push({ type: "expects problems" });
  const study = await lab.study({ scenes: [measured] });
  const rude = await lab.participant(study, "chromium", { participantId: "rude" });
  await rude.until("waiting");
  const attempts = [
    { event: "confirmed", message: { proposalId: "nobodys" }, code: "not_your_proposal" },
    { event: "probeReady", message: { probeId: "nobodys" }, code: "not_your_probe" },
    {
      event: "probeSignal",
      message: { probeId: "nobodys", signal: { type: "offer", sdp: "v=0" } },
      code: "not_your_probe",
    },
    { event: "probeReport", message: { probeId: 5 }, code: "bad_message" },
    { event: "takeOver", message: {}, code: "unknown_message" },
    { event: "rttReport", message: "{".repeat(1000), code: "bad_message" },
  ];
  for (const { event, message, code } of attempts) {
    rude.forget();
    await rude.sendRaw(event, message);
    expect(await rude.until("problem")).toMatchObject({ kind: "refused", code });
  }
  expect(study.scene("lobby").waitingIds()).toEqual(["rude"]);

  const polite = await lab.participant(study, "firefox", { participantId: "polite" });
  await Promise.all([rude.matched(), polite.matched()]);
});

test("a page that is done with its match sends nothing any more, however often it says so", async ({
  lab,
}) => {
  const study = await lab.study({ scenes: [measured] });
  const a = await lab.participant(study, "chromium", { participantId: "a" });
  const b = await lab.participant(study, "chromium", { participantId: "b" });
  await Promise.all([a.matched(), b.matched()]);
  await a.page.evaluate(() => {
    const { currentMatch } = globalThis as never as { currentMatch: import("@probematch/client").Match };
    currentMatch.done();
    currentMatch.done();
  });
  expect(await a.send(1, "too late")).toBe(false);
  await b.until("peerStatus", ({ open }) => !open);
});
