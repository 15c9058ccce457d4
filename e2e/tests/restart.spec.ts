import { scene } from "@probematch/server";
import { startServerProcess } from "../fixtures/serverProcess.js";
import { expect, test } from "../fixtures/test.js";

test("people who wait keep their places when the server is started anew", async ({ lab }) => {
  test.info().annotations.push({ type: "expects problems" });
  const study = await lab.study({ scenes: [scene("lobby").groupSize(3)] });
  const a = await lab.participant(study, "chromium", { participantId: "a", attributes: { level: 1 } });
  const b = await lab.participant(study, "firefox", { participantId: "b" });
  await b.until("waiting", ({ position }) => position === 2);
  a.forget();
  b.forget();
  await study.restart(async () => {
    await a.until("connection", ({ status }) => status === "lost");
  });
  for (const page of [a, b]) {
    expect(await page.until("connection", ({ status }) => status === "connected")).toMatchObject({
      resumed: true,
    });
  }
  await a.until("waiting", ({ position, lobbyCount }) => position === 1 && lobbyCount === 2);
  await b.until("waiting", ({ position, lobbyCount }) => position === 2 && lobbyCount === 2);

  const c = await lab.participant(study, "chromium", { participantId: "c" });
  const matches = await Promise.all([a, b, c].map((page) => page.matched()));
  expect(matches.map(({ seat }) => seat)).toEqual([0, 1, 2]);
  const [record] = await study.matchLog("lobby");
  expect(record?.participants[0]).toMatchObject({ participantId: "a", attributes: { level: 1 } });
});

test("people who wait keep their places when the server is killed", async ({ lab }) => {
  const study = await lab.study({ scenes: [scene("lobby")] });
  const server = await startServerProcess({ scenes: [{ id: "lobby", groupSize: 3 }] });
  try {
    const serverUrl = server.url;
    const a = await lab.participant(study, "chromium", { participantId: "a", serverUrl });
    const b = await lab.participant(study, "firefox", { participantId: "b", serverUrl });
    await b.until("waiting", ({ position }) => position === 2);
    a.forget();
    b.forget();
    await server.kill();
    await Promise.all([a, b].map((page) => page.until("connection", ({ status }) => status === "lost")));
    await server.start();
    for (const page of [a, b]) {
      expect(await page.until("connection", ({ status }) => status === "connected")).toMatchObject({
        resumed: true,
      });
    }
    const c = await lab.participant(study, "chromium", { participantId: "c", serverUrl });
    const matches = await Promise.all([a, b, c].map((page) => page.matched()));
    expect(matches.map(({ seat }) => seat)).toEqual([0, 1, 2]);
  } finally {
    await server.close();
  }
});

test("a probe that the server did not survive is done again", async ({ lab }) => {
  const study = await lab.study({ scenes: [scene("lobby")] });
  const server = await startServerProcess({
    scenes: [
      {
        id: "lobby",
        matchmaking: { matchmaker: { name: "fifo", maxP2pRttMs: 500 } },
        probing: { pings: 20 },
      },
    ],
  });
  try {
    const serverUrl = server.url;
    const a = await lab.participant(study, "chromium", { participantId: "a", serverUrl });
    const b = await lab.participant(study, "firefox", { participantId: "b", serverUrl });
    await Promise.all([a.until("probing"), b.until("probing")]);
    await server.kill();
    await server.start();
    const [ofA, ofB] = await Promise.all([a.matched(), b.matched()]);
    expect(ofA.id).toBe(ofB.id);
    expect(ofA.peers).toMatchObject([{ open: true }]);
  } finally {
    await server.close();
  }
});
