import type { Engine } from "@probematch/testbed";
import { enginePairs } from "../fixtures/engines.js";
import {
  backBy,
  expectAll,
  expectLatencies,
  isSameConnection,
  lostBy,
  matchedPair,
  sendBoth,
} from "../fixtures/linkedPair.js";
import type { PageWindow } from "../fixtures/participantPage.js";
import type { Study } from "../fixtures/study.js";
import { expect, test } from "../fixtures/test.js";

const iceStarts = ({ signals }: Study) =>
  new Set(
    signals.flatMap(({ signal }) => (signal.type === "offer" ? /a=ice-ufrag:\S+/.exec(signal.sdp) : [])),
  );

/** Side by side, as all there is to do meanwhile is to wait. */
test("a path that is gone is replaced by another one on the same channels, and nothing is lost", async ({
  lab,
}) => {
  test.setTimeout(60_000);

  async function replace(engines: readonly [Engine, Engine]) {
    const { study, a, b } = await matchedPair(lab, engines, 30_000);
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
    const { study, a, b } = await matchedPair(lab, engines, 30_000);
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
  const { a, b } = await matchedPair(lab, ["chromium", "firefox"], 30_000);
  await b.page.evaluate(() => (globalThis as PageWindow).socket?.close());
  expect(await lostBy([a])).toEqual(["signaling"]);
  await sendBoth(a, b, 0, 3);
  expect(await backBy([a])).toEqual([false]);
  await expectAll([a, b], 3);
  expect(await Promise.all([a, b].map(isSameConnection))).toEqual([true, true]);
  expect(b.all("peerLost")).toEqual([]);
});
