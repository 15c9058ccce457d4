import { FifoMatchmaker, scene } from "@probematch/server";
import { enginePairs } from "../fixtures/engines.js";
import type { ParticipantPage } from "../fixtures/participantPage.js";
import type { Study } from "../fixtures/study.js";
import { expect, test } from "../fixtures/test.js";

/** What two browsers' timers and wake-ups may add to the delay that was really there, at most. */
const MOST_ADDED_MS = 6;
/** A browser may round its clock; the true value is never undercut by more. */
const CLOCK_STEP_MS = 0.5;

/** What the relay really added to the round trips of the link that a page measured last. */
function trueRttMs(
  { relay }: Study,
  page: ParticipantPage,
): { readonly least: number; readonly most: number } {
  const truth = relay.truth(page.all("measured").at(-1)?.probeId ?? "");
  return {
    least: (truth?.aToB.minMs ?? 0) + (truth?.bToA.minMs ?? 0),
    most: (truth?.aToB.p95Ms ?? 0) + (truth?.bToA.p95Ms ?? 0),
  };
}

/** Limits are far above what a busy machine adds: a pair that is near is not measured again once it was found too slow. */
const measured = (maxP2pRttMs: number) =>
  scene("lobby").matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs }) });

for (const engines of enginePairs) {
  test(`two near participants are matched on the link that was measured: ${engines.join(" and ")}`, async ({
    lab,
  }) => {
    const study = await lab.study({ scenes: [measured(500)] });
    const a = await lab.participant(study, engines[0], { participantId: "prolific-a", delayMs: 20 });
    const b = await lab.participant(study, engines[1], { participantId: "prolific-b", delayMs: 15 });
    const [ofA, ofB] = await Promise.all([a.matched(), b.matched()]);

    expect(ofA.id).toBe(ofB.id);
    expect([ofA.seat, ofB.seat]).toEqual([0, 1]);
    expect(ofA.peers).toMatchObject([{ seat: 1, open: true, connected: true }]);
    expect(ofB.peers).toMatchObject([{ seat: 0, open: true, connected: true }]);
    expect(JSON.stringify([ofA, ofB])).not.toContain("prolific");

    const truth = trueRttMs(study, a);
    expect(truth.least).toBeGreaterThanOrEqual(70);
    const rttMs = ofA.peers[0]?.rttMs ?? 0;
    expect(rttMs).toBeGreaterThanOrEqual(truth.least - CLOCK_STEP_MS);
    expect(rttMs).toBeLessThanOrEqual(truth.most + MOST_ADDED_MS);
    expect(ofB.peers[0]?.rttMs).toBe(rttMs);

    expect(await a.send(1, "over the link")).toBe(true);
    expect(await b.send(0, "and back", { reliable: false })).toBe(true);
    expect(await b.until("message")).toEqual({ seat: 0, data: "over the link" });
    expect(await a.until("message")).toEqual({ seat: 1, data: "and back" });

    const [record] = await study.matchLog("lobby");
    expect(record).toMatchObject({
      matchId: ofA.id,
      maxP2pRttMs: 500,
      participants: [{ participantId: "prolific-a" }, { participantId: "prolific-b" }],
      // The relay is a NAT to the browsers: what they find out about their own addresses is peer-reflexive.
      measurements: [{ seats: [0, 1], rttMs, path: "prflx", protocol: "udp" }],
    });
  });
}

test("a pair over the limit waits on in place, and the senior one is matched with a third, near participant", async ({
  lab,
}) => {
  const study = await lab.study({ scenes: [measured(300)] });
  const senior = await lab.participant(study, "chromium", { participantId: "senior" });
  const far = await lab.participant(study, "firefox", { participantId: "far", delayMs: 180 });
  const reasons = await Promise.all([senior.until("released"), far.until("released")]);
  expect(reasons).toEqual([{ reason: "too_slow" }, { reason: "too_slow" }]);
  expect(study.scene("lobby").waitingIds()).toEqual(["senior", "far"]);

  const near = await lab.participant(study, "chromium", { participantId: "near", delayMs: 5 });
  const [ofSenior, ofNear] = await Promise.all([senior.matched(), near.matched()]);
  expect(ofSenior.id).toBe(ofNear.id);
  expect(await far.until("waiting", ({ lobbyCount }) => lobbyCount === 1)).toMatchObject({ position: 1 });
  expect(far.all("matched")).toEqual([]);

  const [record] = await study.matchLog("lobby");
  expect(record?.alsoWaiting).toEqual(["far"]);
  expect(record?.rejected).toMatchObject([{ members: ["senior", "far"], reason: "too_slow" }]);
});

test("without a limit nothing is measured before the match", async ({ lab }) => {
  const study = await lab.study({ scenes: [scene("lobby")] });
  const a = await lab.participant(study, "chromium", { participantId: "a" });
  const b = await lab.participant(study, "firefox", { participantId: "b" });
  const [ofA] = await Promise.all([a.matched(), b.matched()]);
  expect(ofA.peers).toMatchObject([{ seat: 1, rttMs: null, open: false }]);
  expect(study.signals).toEqual([]);
  expect([...a.all("probing"), ...a.all("measured"), ...b.all("probing"), ...b.all("measured")]).toEqual([]);
});

test("an RTT of 1.5 s is measured as 1.5 s", async ({ lab }) => {
  test.setTimeout(60_000);
  const study = await lab.study({
    scenes: [measured(2000).probing({ timeoutMs: 40_000, pingTimeoutMs: 5000 })],
  });
  const a = await lab.participant(study, "chromium", { participantId: "a", delayMs: 375 });
  const b = await lab.participant(study, "firefox", { participantId: "b", delayMs: 375 });
  const [ofA] = await Promise.all([a.matched(45_000), b.matched(45_000)]);
  const truth = trueRttMs(study, a);
  expect(truth.least).toBeGreaterThanOrEqual(1500);
  expect(ofA.peers[0]?.rttMs).toBeGreaterThanOrEqual(truth.least - CLOCK_STEP_MS);
  // A busy machine adds to it: what matters here is that it is no small number.
  expect(ofA.peers[0]?.rttMs).toBeLessThanOrEqual(truth.most + 10 * MOST_ADDED_MS);
});
