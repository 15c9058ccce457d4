import { FifoMatchmaker, scene } from "@probematch/server";
import type { Engine } from "@probematch/testbed";
import { enginePairs } from "../fixtures/engines.js";
import type { PageWindow, ParticipantPage } from "../fixtures/participantPage.js";
import type { Study } from "../fixtures/study.js";
import { expect, type Lab, test } from "../fixtures/test.js";

const measured = scene("lobby").matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 500 }) });

/** Nothing heard for three seconds, noticed at the next ping; a busy machine adds to it. */
const NOTICED_MS = 10_000;

async function matchedPair(lab: Lab, study: Study, engines: readonly [Engine, Engine], reconnectMs: number) {
  const a = await lab.participant(study, engines[0], { participantId: "a", reconnectMs });
  const b = await lab.participant(study, engines[1], { participantId: "b", reconnectMs });
  await Promise.all([a.matched(), b.matched()]);
  await Promise.all([a, b].map(rememberConnection));
  return { a, b };
}

type RememberingWindow = PageWindow & { connection?: RTCPeerConnection };
const rememberConnection = ({ page }: ParticipantPage) =>
  page.evaluate(() => {
    const scope = globalThis as RememberingWindow;
    const connection = scope.currentMatch?.peers[0]?.rtcPeerConnection;
    if (connection) scope.connection = connection;
  });
const isSameConnection = ({ page }: ParticipantPage) =>
  page.evaluate(() => {
    const scope = globalThis as RememberingWindow;
    return scope.currentMatch?.peers[0]?.rtcPeerConnection === scope.connection;
  });

const lostBy = (pages: readonly ParticipantPage[]) =>
  Promise.all(pages.map(async (page) => (await page.until("peerLost", undefined, 30_000)).cause));
const backBy = (pages: readonly ParticipantPage[]) =>
  Promise.all(pages.map(async (page) => (await page.until("peerBack", undefined, 60_000)).fresh));

/** Sends numbered messages both ways over the reliable channel. */
async function sendBoth(a: ParticipantPage, b: ParticipantPage, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i += 1) {
    expect(await a.send(1, `${i}`)).toBe(true);
    expect(await b.send(0, `${i}`)).toBe(true);
  }
}

async function expectAll(pages: readonly ParticipantPage[], count: number): Promise<void> {
  const all = Array.from({ length: count }, (_, i) => `${i}`);
  for (const page of pages) {
    await page.until("message", ({ data }) => data === `${count - 1}`);
    expect(page.all("message").map(({ data }) => data)).toEqual(all);
  }
}

/** The links are measured on. */
async function expectLatencies(pages: readonly ParticipantPage[]): Promise<void> {
  for (const page of pages) {
    page.forget();
    await page.until("latency");
  }
}

const iceStarts = ({ signals }: Study) =>
  new Set(
    signals.flatMap(({ signal }) => (signal.type === "offer" ? /a=ice-ufrag:\S+/.exec(signal.sdp) : [])),
  );

/** Side by side, as all there is to do meanwhile is to wait; so are the cuts below. */
test("a path that is gone is replaced by another one on the same channels, and nothing is lost", async ({
  lab,
}) => {
  test.setTimeout(60_000);

  async function replace(engines: readonly [Engine, Engine]) {
    const study = await lab.study({ scenes: [measured] });
    const { a, b } = await matchedPair(lab, study, engines, 30_000);
    await sendBoth(a, b, 0, 5);
    expect(iceStarts(study).size).toBe(1);
    study.changePaths();
    await sendBoth(a, b, 5, 10);
    expect(await lostBy([a, b])).toEqual(["link", "link"]);
    expect(await backBy([a, b])).toEqual([false, false]);
    await sendBoth(a, b, 10, 15);
    await expectAll([a, b], 15);
    expect(await Promise.all([a, b].map(isSameConnection))).toEqual([true, true]);
    expect(iceStarts(study).size).toBeGreaterThan(1);
    await expectLatencies([a, b]);
  }

  await Promise.all(enginePairs.map(replace));
});

for (const engines of enginePairs) {
  test(`a member whose page was loaded anew gets its link back: ${engines.join(" and ")}`, async ({
    lab,
  }) => {
    test.setTimeout(60_000);
    const study = await lab.study({ scenes: [measured] });
    const { a, b } = await matchedPair(lab, study, engines, 30_000);
    const probes = async () =>
      (await study.journal("lobby")).filter(({ type }) => type === "probe.opened").length;
    const before = await probes();
    await b.reload();
    expect(await b.matched()).toMatchObject({ resumed: true, peers: [{ open: false, connected: true }] });
    expect(await backBy([a, b])).toEqual([true, true]);
    // The server, or the link that the other end hung up: whichever was first.
    await a.until("peerLost");
    await sendBoth(a, b, 0, 5);
    await expectAll([a, b], 5);
    await expectLatencies([a, b]);
    expect(await probes()).toBe(before);
  });
}

test("a member whose page lost the server is told lost at once and back again, and its link stays as it is", async ({
  lab,
}) => {
  const study = await lab.study({ scenes: [measured] });
  const { a, b } = await matchedPair(lab, study, ["chromium", "firefox"], 30_000);
  await b.page.evaluate(() => (globalThis as PageWindow).socket?.close());
  expect(await lostBy([a])).toEqual(["signaling"]);
  await sendBoth(a, b, 0, 3);
  expect(await backBy([a])).toEqual([false]);
  await expectAll([a, b], 3);
  expect(await Promise.all([a, b].map(isSameConnection))).toEqual([true, true]);
  expect(b.all("peerLost")).toEqual([]);
});

/** Longer than ICE's consent lasts. */
test("a long cut is mended, on the same channels in Chromium; where Firefox's connection may not outlive it, the page is told whether it did; a path that never comes back is given up in time", async ({
  lab,
}) => {
  test.setTimeout(120_000);
  const reconnectMs = 6000;

  async function cut(engines: readonly [Engine, Engine], cutMs: number, whileCut: number) {
    const study = await lab.study({ scenes: [measured] });
    const { a, b } = await matchedPair(lab, study, engines, 60_000);
    study.relay.setImpairment({ lossRatio: 1 });
    expect(await lostBy([a, b])).toEqual(["link", "link"]);
    await sendBoth(a, b, 0, whileCut);
    await a.page.waitForTimeout(cutMs);
    study.relay.setImpairment({});
    const fresh = await backBy([a, b]);
    expect(fresh).toEqual((await Promise.all([a, b].map(isSameConnection))).map((same) => !same));
    await sendBoth(a, b, whileCut, whileCut + 5);
    await expectAll([a, b], whileCut + 5);
    await expectLatencies([a, b]);
    return fresh;
  }

  async function giveUp(engines: readonly [Engine, Engine]) {
    const study = await lab.study({ scenes: [measured] });
    const { a, b } = await matchedPair(lab, study, engines, reconnectMs);
    study.relay.setImpairment({ lossRatio: 1 });
    for (const page of [a, b]) {
      const lost = await page.until("peerLost", undefined, NOTICED_MS);
      const gone = await page.until("peerGone", undefined, reconnectMs + NOTICED_MS);
      expect(gone.atMs - lost.atMs).toBeGreaterThan(reconnectMs - 100);
      expect(gone.atMs - lost.atMs).toBeLessThan(reconnectMs + 2000);
    }
    expect(await a.send(1, "anybody there?")).toBe(false);
    expect(a.all("peerBack")).toEqual([]);
  }

  const [inChromium] = await Promise.all([
    cut(["chromium", "chromium"], 35_000, 10),
    // What is under way on a connection that is given up may be lost: nothing is.
    ...enginePairs.slice(1).map((engines) => cut(engines, 20_000, 0)),
    ...enginePairs.map(giveUp),
  ]);
  expect(inChromium).toEqual([false, false]);
});
