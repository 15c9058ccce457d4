import type { ConnectOptions, Participant } from "@probematch/client";
import { type Engine, isInNamespace, launchBrowser, MissingProgramError } from "@probematch/testbed";

/** Two real pages with the script-tag file, for timing matches between them. */
export interface Pages {
  /** Makes a match in a scene; ms from the second page's `connect()` until it was told of the match. */
  timeMatch(sceneId: string, run: number): Promise<number>;
  close(): Promise<void>;
}

interface PageGlobals {
  Probematch: { connect(url: string, options: ConnectOptions): Participant };
  participant?: Participant;
}

/** `null` where this machine does not have the browsers. */
export async function openPages(engineA: Engine, engineB: Engine, url: string): Promise<Pages | null> {
  const loopback = !isInNamespace();
  try {
    const browsers = [await launchBrowser(engineA, { loopback })];
    if (engineA !== engineB) browsers.push(await launchBrowser(engineB, { loopback }));
    const [a, b] = await Promise.all(
      [browsers[0], browsers.at(-1)].map(async (browser, i) => {
        const chromium = (i === 0 ? engineA : engineB) === "chromium";
        const context = await browser?.newContext(
          loopback && chromium ? { permissions: ["microphone"] } : {},
        );
        const page = await context?.newPage();
        await page?.goto(url);
        return page;
      }),
    );
    if (a === undefined || b === undefined) return null;
    const wait = async ([sceneId, participantId]: [string, string]) => {
      const page = globalThis as unknown as PageGlobals;
      page.participant?.leave();
      const participant = page.Probematch.connect(location.origin, {
        scene: sceneId,
        participantId,
        storage: null,
        measureWhileHidden: true,
      });
      page.participant = participant;
      await new Promise((resolve) => participant.once("waiting", resolve));
    };
    const match = async ([sceneId, participantId]: [string, string]) => {
      const page = globalThis as unknown as PageGlobals;
      page.participant?.leave();
      const startedAt = performance.now();
      page.participant = page.Probematch.connect(location.origin, {
        scene: sceneId,
        participantId,
        storage: null,
        measureWhileHidden: true,
      });
      const { status } = await page.participant.match();
      if (status !== "matched") throw new Error(`no match, but ${status}`);
      return performance.now() - startedAt;
    };
    return {
      timeMatch: async (sceneId, run) => {
        await a.evaluate(wait, [sceneId, `a${run}`] as [string, string]);
        return await b.evaluate(match, [sceneId, `b${run}`] as [string, string]);
      },
      close: async () => {
        for (const browser of browsers) await browser.close();
      },
    };
  } catch (error) {
    if (!(error instanceof MissingProgramError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return null;
  }
}
