import type { Engine } from "@probematch/testbed";
import { enginePairs } from "../fixtures/engines.js";
import {
  backBy,
  expectAll,
  expectLatencies,
  isSameConnection,
  lostBy,
  matchedPair,
  NOTICED_MS,
  sendBoth,
} from "../fixtures/linkedPair.js";
import { expect, test } from "../fixtures/test.js";

/** Longer than ICE's consent lasts; side by side, as all there is to do meanwhile is to wait. */
test("a long cut is mended, on the same channels in Chromium; where Firefox's connection may not outlive it, the page is told whether it did; a path that never comes back is given up in time", async ({
  lab,
}) => {
  test.setTimeout(120_000);
  const reconnectMs = 6000;

  async function cut(engines: readonly [Engine, Engine], cutMs: number, whileCut: number) {
    const { study, a, b } = await matchedPair(lab, engines, 60_000);
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
    const { study, a, b } = await matchedPair(lab, engines, reconnectMs);
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
