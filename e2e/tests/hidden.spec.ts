import { FifoMatchmaker, scene } from "@probematch/server";
import { fastProbeParameters } from "@probematch/shared";
import { hide, unhide } from "@probematch/testbed";
import { matchErrors } from "../fixtures/matchErrors.js";
import type { ParticipantPage } from "../fixtures/participantPage.js";
import { expect, test } from "../fixtures/test.js";

const measured = () => scene("lobby").matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 500 }) });

const visibilityOf = ({ page }: ParticipantPage) => page.evaluate(() => document.visibilityState);

const MOST_ADDED_MS = 12;
/** Each has a chance of a quiet moment of its own, and there is only one where the first is quiet. */
const TRIES = 12;

for (const engine of ["chromium", "firefox"] as const) {
  test.describe(`a ${engine} page behind another tab`, () => {
    test("is not measured, and is as soon as it is in front", async ({ lab }) => {
      const study = await lab.study({ scenes: [measured().probing({ backOffBaseMs: 500 })] });
      const closed = async () => (await study.journal("lobby")).filter(({ type }) => type === "probe.closed");
      const a = await lab.tab(study, engine, { participantId: "a", canBeHidden: true });
      expect(await visibilityOf(a)).toBe("visible");
      expect(await hide(a.page)).toBe(true);
      expect(await visibilityOf(a)).toBe("hidden");
      await a.connect();
      const b = await lab.participant(study, "chromium", { participantId: "b" });
      expect(await b.until("released")).toEqual({ reason: "probe_failed" });
      const probes = await closed();
      expect(probes).not.toEqual([]);
      for (const event of probes) {
        expect(event).toMatchObject({ verdict: { status: "failed", reason: "hidden_tab" }, blamed: ["a"] });
      }
      expect(await a.until("measured")).toMatchObject({ report: { status: "failed", reason: "hidden_tab" } });

      await unhide(a.page);
      const [ofA, ofB] = await Promise.all([a.matched(), b.matched()]);
      expect(ofA.id).toBe(ofB.id);
      expect(await visibilityOf(a)).toBe("visible");
      expect(a.all("measured").at(-1)?.report).toMatchObject({ status: "measured" });
    });

    test("that came there while it was measured gives no number", async ({ lab }) => {
      const probing = { pings: 50, repeats: 0, backOffBaseMs: 60_000 };
      const study = await lab.study({ scenes: [measured().probing(probing)] });
      const a = await lab.participant(study, engine, { participantId: "a", canBeHidden: true });
      const b = await lab.participant(study, "chromium", { participantId: "b" });
      await Promise.all([a.until("probing"), b.until("probing")]);
      expect(await hide(a.page)).toBe(true);
      expect(await b.until("released")).toEqual({ reason: "probe_failed" });
      expect(await a.until("released")).toEqual({ reason: "probe_failed" });
      expect(a.all("measured")).toMatchObject([{ report: { status: "failed", reason: "hidden_tab" } }]);
    });

    test("is measured there where the page wants it so, and rightly", async ({ lab }) => {
      test.setTimeout(90_000);
      const study = await lab.study({
        scenes: [measured().waitroom({ allowRepeat: true }).probing(fastProbeParameters)],
      });
      const options = { delayMs: 15, measureWhileHidden: true };
      const a = await lab.tab(study, engine, { ...options, participantId: "a", canBeHidden: true });
      const b = await lab.tab(study, "chromium", { ...options, participantId: "b" });
      expect(await hide(a.page)).toBe(true);
      const errorsMs = await matchErrors(study, [a, b], {
        nearMs: MOST_ADDED_MS,
        leastTrueRttMs: 59,
        tries: TRIES,
        async onMatch() {
          expect(await visibilityOf(a)).toBe("hidden");
          expect(a.all("measured").at(-1)?.report).toMatchObject({ status: "measured" });
        },
      });
      expect(Math.min(...errorsMs), `errors of ${errorsMs}`).toBeLessThan(MOST_ADDED_MS);
    });
  });
}

test("a page that is hidden by a window of its own, which Chromium does not tell it, gives no number either", async ({
  lab,
}) => {
  const probing = { pings: 20, repeats: 0, backOffBaseMs: 500 };
  const study = await lab.study({ scenes: [measured().probing(probing)] });
  const a = await lab.participant(study, "chromium", { participantId: "a", canBeHidden: true });
  const b = await lab.participant(study, "firefox", { participantId: "b" });
  await Promise.all([a.until("probing"), b.until("probing")]);
  await a.page.evaluate(() => void window.open("about:blank"));
  expect(await b.until("released")).toEqual({ reason: "probe_failed" });
  expect(await a.until("released")).toEqual({ reason: "probe_failed" });
  expect(await visibilityOf(a)).toBe("hidden");
  expect(a.all("measured")).toMatchObject([{ report: { status: "failed", reason: "hidden_tab" } }]);
  await unhide(a.page);
  await Promise.all([a.matched(), b.matched()]);
});
