import { FifoMatchmaker, scene } from "@probematch/server";
import { fastProbeParameters } from "@probematch/shared";
import type { Engine } from "@probematch/testbed";
import { matchErrors } from "../fixtures/matchErrors.js";
import type { PageWindow } from "../fixtures/participantPage.js";
import type { PageOptions } from "../fixtures/test.js";
import { expect, test } from "../fixtures/test.js";

const measured = scene("lobby")
  .matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 500 }) })
  .waitroom({ allowRepeat: true })
  .probing(fastProbeParameters);

/** Runs in the page: it works for 70 of every 100 ms. */
const workHard = () => {
  setInterval(() => {
    const until = performance.now() + 70;
    while (performance.now() < until);
  }, 100);
};

/**
 * The page's own thread, which stands still so often, gives no number at all: every probe is `stalled`. The worker's is right within
 * half a millisecond where it has a processor, and within this where it competes for one with whatever else the machine does, sooner
 * or later.
 */
const MOST_ADDED_MS = 12;
/** Each has a chance of a quiet moment of its own, and there is only one where the first is quiet. */
const TRIES = 15;

const cases: readonly (readonly [Engine, Engine, 0 | 1])[] = [
  ["chromium", "chromium", 0],
  ["chromium", "firefox", 0],
  ["chromium", "firefox", 1],
  ["firefox", "chromium", 0],
  ["firefox", "chromium", 1],
  ["firefox", "firefox", 1],
];

for (const [first, second, busy] of cases) {
  test(`a page that works 70 of 100 ms is measured as if it did nothing: ${first} and ${second}, the ${busy === 0 ? "first" : "second"} works`, async ({
    lab,
  }) => {
    test.setTimeout(90_000);
    const study = await lab.study({ scenes: [measured] });
    const options = (side: 0 | 1): PageOptions => ({
      participantId: `p${side}`,
      delayMs: 15,
      ...(side === busy ? { initScript: workHard } : {}),
    });
    const a = await lab.tab(study, first, options(0));
    const b = await lab.tab(study, second, options(1));
    const errorsMs = await matchErrors(study, [a, b], {
      nearMs: MOST_ADDED_MS,
      leastTrueRttMs: 59,
      tries: TRIES,
      onMatch() {
        for (const page of [a, b])
          expect(page.all("measured").at(-1)?.report).toMatchObject({
            status: "measured",
            measuredIn: "worker",
          });
      },
    });
    expect(Math.min(...errorsMs), `errors of ${errorsMs}`).toBeLessThan(MOST_ADDED_MS);
    const records = await study.matchLog("lobby");
    expect(records.at(-1)?.measurements).toMatchObject([{ measuredIn: "worker" }]);

    // And the match goes on being measured from there.
    await Promise.all([a.until("latency"), b.until("latency")]);
  });
}

for (const engine of ["chromium", "firefox"] as const) {
  test(`${engine}: a page whose policy allows no such worker measures itself, and its peer does not`, async ({
    lab,
  }) => {
    const study = await lab.study({ scenes: [measured] });
    const policy = "worker-src 'none'";
    const strict = await lab.participant(study, engine, { participantId: "strict", delayMs: 15, policy });
    const free = await lab.participant(study, engine, { participantId: "free", delayMs: 15 });
    const [ofStrict] = await Promise.all([strict.matched(), free.matched()]);
    expect(strict.all("measured").at(-1)?.report).toMatchObject({ status: "measured", measuredIn: "page" });
    expect(free.all("measured").at(-1)?.report).toMatchObject({ status: "measured", measuredIn: "worker" });
    const [record] = await study.matchLog("lobby");
    expect(record?.measurements).toMatchObject([{ rttMs: ofStrict.peers[0]?.rttMs, measuredIn: "mixed" }]);
    // Both ways: what is answered, and data beside it.
    await Promise.all([strict.until("latency"), free.until("latency")]);
    expect(await strict.send(1, "hello")).toBe(true);
    expect(await free.until("message")).toEqual({ seat: 0, data: "hello" });
  });
}

test("a study may have everything measured in the page", async ({ lab }) => {
  const study = await lab.study({ scenes: [measured] });
  const a = await lab.participant(study, "chromium", { participantId: "a", measureIn: "page" });
  const b = await lab.participant(study, "firefox", { participantId: "b", measureIn: "page" });
  await Promise.all([a.matched(), b.matched()]);
  const [record] = await study.matchLog("lobby");
  expect(record?.measurements).toMatchObject([{ measuredIn: "page" }]);
  expect([...a.page.workers(), ...b.page.workers()]).toEqual([]);
});

test("a worker lives as long as there is something to measure", async ({ lab }) => {
  const study = await lab.study({ scenes: [measured, scene("unmeasured")] });
  const a = await lab.participant(study, "chromium", { participantId: "a" });
  const b = await lab.participant(study, "chromium", { participantId: "b" });
  const c = await lab.participant(study, "chromium", { participantId: "c", scene: "unmeasured" });
  await Promise.all([a.matched(), b.matched()]);
  await expect.poll(() => c.page.workers().length).toBe(0);
  expect([a.page.workers().length, b.page.workers().length]).toEqual([1, 1]);
  await a.page.evaluate(() => (globalThis as PageWindow).currentMatch?.done());
  await b.leave();
  await expect.poll(() => [a.page.workers().length, b.page.workers().length]).toEqual([0, 0]);
});
