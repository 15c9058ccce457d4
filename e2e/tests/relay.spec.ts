import { expect, test } from "@playwright/test";
import { median } from "@probematch/shared";
import { createDelayRelay, type DelayRelay, type Engine } from "@probematch/testbed";
import { type BlankSite, startBlankSite } from "../fixtures/blankSite.js";
import { type BrowserPool, createBrowserPool } from "../fixtures/browserPool.js";
import { enginePairs, reasonToSkip, udpHost } from "../fixtures/engines.js";
import { createPlainPeer, type PlainPeer } from "../fixtures/plainPeer.js";

/**
 * What a page's timers and wake-ups may add to the delay that was really there: 0.2 to 3.5 ms are known from idle
 * machines. Nothing may be subtracted: a number below the truth would be wrong.
 */
const MOST_ADDED_MS = 8;

let site: BlankSite;
test.beforeAll(async () => {
  site = await startBlankSite();
});
test.afterAll(() => site.close());

async function connectThroughRelay(pool: BrowserPool, relay: DelayRelay, engines: readonly [Engine, Engine]) {
  const peers: PlainPeer[] = [];
  for (const [side, engine] of engines.entries()) {
    const page = await (await pool.context(engine)).newPage();
    await page.goto(site.url);
    const names = side === 0 ? (["a", "b"] as const) : (["b", "a"] as const);
    peers.push(
      await createPlainPeer(page, (signal) =>
        peers[1 - side]?.accept(relay.rewrite("link", names[0], signal, names[1])),
      ),
    );
  }
  const [a, b] = peers;
  if (a === undefined || b === undefined) throw new Error("two engines make two peers");
  await a.start(true);
  await Promise.all([a.open(), b.open()]);
  return { a, b, contexts: [a.page.context(), b.page.context()] };
}

for (const mdns of [false, true]) {
  test.describe(mdns ? "with local addresses hidden behind mDNS names" : "with plain host candidates", () => {
    let pool: BrowserPool;
    test.beforeAll(() => {
      pool = createBrowserPool({ mdns });
    });
    test.afterAll(() => pool.close());

    for (const engines of mdns ? enginePairs.slice(2) : enginePairs) {
      test(`a ping over a data channel reads what the relay really added: ${engines.join(" and ")}`, async () => {
        for (const reason of engines.map(reasonToSkip)) test.skip(reason !== null, reason ?? "");
        const host = udpHost();
        const relay = createDelayRelay(host === undefined ? {} : { host });
        relay.setParticipant("a", { delayMs: 20 });
        relay.setParticipant("b", { out: { delayMs: 5 }, in: { delayMs: 10 } });
        const { a, b, contexts } = await connectThroughRelay(pool, relay, engines);
        for (const pinging of [a, b]) {
          await pinging.ping(2, 20);
          const fromAt = performance.timeOrigin + performance.now();
          const rtts = await pinging.ping(15, 20);
          const addedRttMs = relay.truth("link", { fromAt })?.addedRttMs ?? 0;
          expect(addedRttMs).toBeGreaterThanOrEqual(55);
          // One step of Firefox's clock at most.
          expect(median(rtts)).toBeGreaterThanOrEqual(addedRttMs - 0.1);
          // A busy machine adds to the median; the smallest one shows the path.
          expect(Math.min(...rtts)).toBeLessThanOrEqual(addedRttMs + MOST_ADDED_MS);
        }
        for (const context of contexts) await context.close();
        relay.close();
      });
    }
  });
}
