import { scene } from "@probematch/server";
import type { BeaconRtts } from "@probematch/shared";
import {
  createSlowEndpoint,
  type Engine,
  engines,
  type SlowEndpoint,
  type SlowEndpointOptions,
} from "@probematch/testbed";
import { test as base, expect } from "../fixtures/test.js";

/**
 * How far a figure may lie below what the endpoint saw, ms. Chromium: a few steps of its clock (0.1 ms). Firefox, 2 and 4:
 * - on an ordinary page it puts each time on the whole ms below or above, at random, so a difference is up to 2 ms off;
 * - it notes the departure only when the request is written, so whatever holds it up in between is missing (a fine
 *   clock on a busy machine: one request in 600 more than 1 ms low, by 2.1), and the minimum picks just that request.
 */
const MAY_READ_LOW_MS: Readonly<Record<Engine, number>> = { chromium: 0.5, firefox: 6 };
/** What a busy test machine may add on the way. */
const OVERHEAD_MS = 40;
const TRIES = 4;

const shown = { "timing-allow-origin": "*", "access-control-allow-origin": "*" };

const test = base.extend<{
  /** Starts an endpoint of known delay; it ends with the test. */
  readonly endpoint: (
    holdMs: SlowEndpointOptions["holdMs"],
    more?: Partial<SlowEndpointOptions>,
  ) => Promise<SlowEndpoint>;
}>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright wants a pattern here
  endpoint: async ({}, use) => {
    const made: SlowEndpoint[] = [];
    await use(async (holdMs, more = {}) => {
      const one = await createSlowEndpoint({ holdMs, ...more });
      made.push(one);
      return one;
    });
    for (const one of made) await one.close();
  },
});

/** The shortest time that a counted request (the last four) was really held. */
const leastHeld = ({ requests }: SlowEndpoint) =>
  Math.min(...requests.slice(-4).map(({ heldMs }) => heldMs ?? Number.POSITIVE_INFINITY));

const kinds = engines.flatMap((engine) => [
  { engine, isolated: false, kind: `${engine}, an ordinary page` },
  { engine, isolated: true, kind: `${engine}, a cross-origin isolated page` },
]);

for (const { engine, isolated, kind } of kinds) {
  test(`${kind}: beacons are measured within honest bounds, and reach the journal`, async ({
    lab,
    endpoint,
  }) => {
    const near = await endpoint(() => 20, { headers: shown });
    const far = await endpoint(() => 140, { headers: shown });
    // Any page of somebody else's: it neither knows nor allows what it is used for, which an isolated page respects.
    const foreign = await endpoint(() => 60, {
      status: 200,
      headers: { "content-type": "text/html" },
      body: "<p>Welcome to a university</p>".repeat(700),
    });
    const node = await lab.study({ scenes: [scene("unused")] });
    const beacons = [
      { id: "far", url: far.url },
      { id: "near", url: near.url },
      { id: "foreign", url: foreign.url },
      { id: "node", url: new URL("probematch/beacon", node.url).href },
    ];
    const study = await lab.study({ scenes: [scene("lobby").groupSize(8).beacons(beacons)] });
    const seen = Object.entries({ near, far, ...(isolated ? {} : { foreign }) });

    async function measure(participantId: string): Promise<BeaconRtts> {
      const before = new Map(seen.map(([id, { requests }]) => [id, requests.length]));
      const page = await lab.participant(study, engine, { participantId, isolated });
      expect(await page.page.evaluate(() => crossOriginIsolated)).toBe(isolated);
      const rttMs = await page.until("beaconRtt");
      for (const [id, beacon] of seen) {
        // One that does not let everybody read its answers is asked a second time, without reading them.
        const requests = beacon.requests.slice(before.get(id));
        expect(requests, id).toHaveLength(id === "foreign" ? 6 : 5);
        expect(rttMs[id], id).toBeGreaterThan(leastHeld(beacon) - MAY_READ_LOW_MS[engine]);
        const [warmUp, ...counted] = requests.slice(-5).map(({ connection }) => connection);
        expect(new Set(counted), id).toEqual(new Set([warmUp]));
        for (const { headers } of requests) {
          expect(headers, id).not.toHaveProperty("cookie");
          expect(headers, id).not.toHaveProperty("referer");
        }
      }
      expect(rttMs["node"]).toBeGreaterThanOrEqual(0);
      await expect
        .poll(() => study.journal("lobby"))
        .toContainEqual(
          expect.objectContaining({
            type: "participant.rttMeasured",
            participantId,
            serverRtt: null,
            beaconRttMs: rttMs,
          }),
        );
      await page.close();
      return rttMs;
    }

    /** Which of the figures are longer than a page that had its processor can make them, or in a wrong order. */
    function tooLong(rttMs: BeaconRtts): readonly string[] {
      const long = seen.filter(([id, beacon]) => (rttMs[id] ?? 0) >= leastHeld(beacon) + OVERHEAD_MS);
      const ids = Object.keys(rttMs).sort((a, b) => (rttMs[a] ?? 0) - (rttMs[b] ?? 0));
      const order = isolated ? ["node", "near", "far"] : ["node", "near", "foreign", "far"];
      return [
        ...long.map(([id]) => id),
        ...((rttMs["node"] ?? 0) < OVERHEAD_MS ? [] : ["node"]),
        ...(ids.join() === order.join() ? [] : [`order: ${ids}`]),
      ];
    }

    // Page after page: sooner or later a machine that does other things too has a quiet moment.
    let wrong: readonly string[] = ["not measured"];
    for (let i = 0; i < TRIES && wrong.length > 0; i += 1) wrong = tooLong(await measure(`ann-${i}`));
    expect(wrong).toEqual([]);
  });
}

for (const engine of engines) {
  test(`${engine}: a beacon that shows its timing is read right by a busy page`, async ({
    lab,
    endpoint,
  }) => {
    const beacon = await endpoint(() => 30, { headers: shown });
    const study = await lab.study({
      scenes: [
        scene("lobby")
          .groupSize(8)
          .beacons([{ id: "only", url: beacon.url }]),
      ],
    });
    // A page that hardly ever gets to read an answer.
    const initScript = () => {
      setInterval(() => {
        const until = performance.now() + 100;
        while (performance.now() < until);
      }, 110);
    };
    // Page after page, as above.
    const overMs: number[] = [];
    while (overMs.length < TRIES && !overMs.some((ms) => ms < OVERHEAD_MS)) {
      const participantId = `busy-${overMs.length}`;
      const page = await lab.participant(study, engine, { participantId, isolated: false, initScript });
      const { only = Number.NaN } = await page.until("beaconRtt");
      expect(only).toBeGreaterThan(leastHeld(beacon) - MAY_READ_LOW_MS[engine]);
      overMs.push(only - leastHeld(beacon));
      await page.close();
    }
    expect(Math.min(...overMs), `added ${overMs} ms`).toBeLessThan(OVERHEAD_MS);
  });

  test(`${engine}: a beacon that is silent leaves a gap, and nobody waits for it`, async ({
    lab,
    endpoint,
  }) => {
    const silent = await endpoint(() => null);
    const good = await endpoint(() => 5, { headers: shown });
    const beacons = [
      { id: "silent", url: silent.url },
      { id: "good", url: good.url },
    ];
    const study = await lab.study({ scenes: [scene("lobby").beacons(beacons)] });
    const a = await lab.participant(study, engine, { participantId: "a", isolated: false });
    expect(Object.keys(await a.until("beaconRtt"))).toEqual(["good"]);
    await silent.until(([request]) => request?.abandoned === true);

    // The next one is matched while it still measures, and stops measuring.
    await lab.participant(study, engine, { participantId: "b", isolated: false });
    await a.matched();
    await silent.until((requests) => requests.every(({ abandoned }) => abandoned));
  });

  test(`${engine}: who leaves measures no longer`, async ({ lab, endpoint }) => {
    const beacon = await endpoint((number) => (number === 2 ? null : 1));
    const study = await lab.study({ scenes: [scene("lobby").beacons([{ id: "only", url: beacon.url }])] });
    const page = await lab.participant(study, engine, { participantId: "brief", isolated: false });
    await beacon.until((requests) => requests.length === 3);
    await page.leave();
    await beacon.until((requests) => requests[2]?.abandoned === true);
    expect(page.all("beaconRtt")).toEqual([]);
  });
}
