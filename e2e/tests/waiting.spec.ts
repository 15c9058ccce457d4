import {
  FifoMatchmaker,
  GroupReunionMatchmaker,
  LatencyFifoMatchmaker,
  scene,
  signParticipantToken,
} from "@probematch/server";
import { expect, test } from "../fixtures/test.js";

const lobby = scene("lobby");
const measured = lobby.matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 500 }) });

test("a page refresh keeps place, attributes and history", async ({ lab }) => {
  const study = await lab.study({ scenes: [lobby.groupSize(3)] });
  const senior = await lab.participant(study, "chromium", {
    participantId: "senior",
    attributes: { age: 30 },
  });
  const other = await lab.participant(study, "firefox", { participantId: "other", attributes: { age: 40 } });
  expect(await senior.until("waiting", ({ lobbyCount }) => lobbyCount === 2)).toMatchObject({ position: 1 });

  await senior.reload();
  await other.reload();
  expect(await senior.until("connection", ({ status }) => status === "connected")).toEqual({
    status: "connected",
    resumed: true,
  });
  await senior.until("waiting", ({ position, lobbyCount }) => position === 1 && lobbyCount === 2);
  // While the page is away the other one stands alone; with it back, behind it again.
  await other.until("waiting", ({ position, lobbyCount }) => position === 2 && lobbyCount === 2);

  const third = await lab.participant(study, "chromium", { participantId: "third" });
  const matches = await Promise.all([senior, other, third].map((member) => member.matched()));
  expect(matches.map(({ seat }) => seat)).toEqual([0, 1, 2]);
  const [record] = await study.matchLog("lobby");
  expect(record?.participants).toMatchObject([
    { participantId: "senior", attributes: { age: 30 } },
    { participantId: "other", attributes: { age: 40 } },
    { participantId: "third" },
  ]);
});

test("a page refresh keeps place, attributes and history: previous partners find each other again", async ({
  lab,
}) => {
  const matchmaker = new GroupReunionMatchmaker({ waitForPartnersMs: 60_000 });
  const study = await lab.study({ scenes: [lobby, scene("reunion").matchmaking({ matchmaker })] });
  const firstRound = await Promise.all(
    ["a", "b"].map((participantId) => lab.participant(study, "chromium", { participantId })),
  );
  await Promise.all(firstRound.map((page) => page.matched()));
  for (const participantId of ["c", "d"]) {
    firstRound.push(await lab.participant(study, "chromium", { participantId }));
  }
  await Promise.all(firstRound.map((page) => page.matched()));

  const again = (participantId: string) =>
    lab.participant(study, "firefox", { participantId, scene: "reunion" });
  const a = await again("a");
  const c = await again("c");
  await c.until("waiting", ({ lobbyCount }) => lobbyCount === 2);
  await a.reload();
  expect(a.all("matched")).toEqual([]);
  const b = await again("b");
  const [ofA, ofB] = await Promise.all([a.matched(), b.matched()]);
  expect(ofA.id).toBe(ofB.id);
  expect(study.scene("reunion").waitingIds()).toEqual(["c"]);
});

test("a page refresh after the match is told of the match again", async ({ lab }) => {
  const study = await lab.study({ scenes: [measured] });
  const a = await lab.participant(study, "chromium", { participantId: "a" });
  const b = await lab.participant(study, "chromium", { participantId: "b" });
  const [before] = await Promise.all([a.matched(), b.matched()]);
  await a.reload();
  const after = await a.matched();
  expect(after).toMatchObject({ id: before.id, seat: before.seat, resumed: true });
  // Links do not survive the page they belong to.
  expect(after.peers).toMatchObject([{ seat: 1, alias: before.peers[0]?.alias, open: false }]);
});

test("a timed-out participant is counted as timed out", async ({ lab }) => {
  const study = await lab.study({ scenes: [lobby.waitroom({ timeoutMs: 1500 })] });
  const alone = await lab.participant(study, "chromium", { participantId: "alone" });
  expect(await alone.until("waiting")).toMatchObject({ position: 1, lobbyCount: 1 });
  expect(await alone.until("ended")).toEqual({ outcome: "timed_out" });
  expect(await alone.until("result")).toEqual({ status: "ended", outcome: "timed_out" });
  expect(study.scene("lobby").waitingIds()).toEqual([]);
  expect(await study.journal("lobby")).toContainEqual(
    expect.objectContaining({ type: "participant.ended", participantId: "alone", outcome: "timed_out" }),
  );
  const metrics = await (await fetch(new URL("/probematch/metrics", study.url))).text();
  expect(metrics).toMatch(/outcome="timed_out"[^\n]* 1\n/);

  // Nobody who comes later is matched with somebody who is gone.
  const next = await lab.participant(study, "chromium", { participantId: "next" });
  expect(await next.until("waiting")).toMatchObject({ position: 1, lobbyCount: 1 });
});

test("the newest of two tabs has the place, and the old one is told", async ({ lab }) => {
  const study = await lab.study({ scenes: [lobby] });
  const old = await lab.participant(study, "chromium", { participantId: "twice" });
  await old.until("waiting");
  const newest = await lab.participant(study, "firefox", { participantId: "twice" });
  expect(await old.until("result")).toEqual({ status: "replaced" });
  expect(await newest.until("waiting")).toMatchObject({ position: 1, lobbyCount: 1 });

  const partner = await lab.participant(study, "chromium", { participantId: "partner" });
  await Promise.all([newest.matched(), partner.matched()]);
  expect(old.all("matched")).toEqual([]);
});

test("a browser without WebRTC leaves with an outcome where links are measured", async ({ lab }) => {
  const study = await lab.study({ scenes: [measured, scene("unmeasured")] });
  const initScript = () => {
    Reflect.deleteProperty(globalThis, "RTCPeerConnection");
  };
  const bare = await lab.participant(study, "chromium", { participantId: "bare", initScript });
  expect(await bare.until("ended")).toEqual({ outcome: "excluded_no_webrtc" });

  const welcome = await lab.participant(study, "chromium", {
    participantId: "bare",
    scene: "unmeasured",
    initScript,
  });
  const partner = await lab.participant(study, "firefox", { participantId: "partner", scene: "unmeasured" });
  await Promise.all([welcome.matched(), partner.matched()]);
});

test("a scene can hide position and count", async ({ lab }) => {
  const study = await lab.study({ scenes: [lobby.matchmaking({ hideLobbyCount: true })] });
  const a = await lab.participant(study, "firefox", { participantId: "a" });
  expect(await a.until("waiting")).toMatchObject({ position: null, lobbyCount: null });
});

test("server RTTs are known to matchmakers, and who is too far from the server leaves with an outcome", async ({
  lab,
}) => {
  const study = await lab.study({
    scenes: [
      scene("lobby")
        .matchmaking({ matchmaker: new LatencyFifoMatchmaker({ maxServerRttMs: 1000 }) })
        .serverRtt({ excludeAboveMs: 1000, burst: 3 }),
    ],
  });
  const far = await lab.tab(study, "chromium", { participantId: "far" });
  // Both what the page times and what the server times itself.
  for (const message of ["echo", "serverEchoed"]) await far.slow(message, 1500);
  await far.connect();
  expect(await far.until("ended")).toEqual({ outcome: "excluded_rtt" });
  const { minMs } = await far.until("serverRtt");
  expect(minMs).toBeGreaterThanOrEqual(1499);
  expect(minMs).toBeLessThan(1900);

  const a = await lab.participant(study, "chromium", { participantId: "a" });
  const b = await lab.participant(study, "firefox", { participantId: "b" });
  await Promise.all([a.matched(), b.matched()]);
  const [record] = await study.matchLog("lobby");
  expect(record?.participants).toHaveLength(2);
  for (const member of record?.participants ?? []) expect(member.serverRttMs).toBeGreaterThan(0);
});

test("a study that signs its tokens takes nobody without a good one", async ({ lab }) => {
  test.info().annotations.push({ type: "expects problems" });
  const secret = "the study's own secret, longer than 32 bytes";
  const study = await lab.study({ scenes: [lobby], auth: { secret } });
  const refusals = [
    { token: undefined, code: "token_required" },
    {
      token: await signParticipantToken({ secret: `${secret}!`, participantId: "x", scene: "lobby" }),
      code: "token_invalid",
    },
  ];
  for (const [index, { token, code }] of refusals.entries()) {
    const page = await lab.tab(study, "chromium", {
      participantId: `x${index}`,
      ...(token === undefined ? {} : { token }),
    });
    await page.enter();
    expect(await page.until("result")).toEqual({ status: "refused", code });
  }
  const token = await signParticipantToken({ secret, participantId: "known", scene: "lobby" });
  const known = await lab.participant(study, "chromium", { participantId: "known", token });
  await known.until("waiting");
});
