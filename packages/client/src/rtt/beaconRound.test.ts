import { createSlowEndpoint, type SlowEndpoint, type SlowEndpointOptions } from "@probematch/testbed";
import { afterEach, describe, expect, it } from "vitest";
import { measureBeacons } from "./beaconRound.js";

/** Node's clocks are finer, but a timer may fire a fraction of a millisecond early. */
const CLOCK_MS = 1.5;

const endpoints: SlowEndpoint[] = [];
afterEach(async () => {
  for (const endpoint of endpoints.splice(0)) await endpoint.close();
});

async function endpoint(holdMs: SlowEndpointOptions["holdMs"], more: Partial<SlowEndpointOptions> = {}) {
  const made = await createSlowEndpoint({ holdMs, ...more });
  endpoints.push(made);
  return made;
}

const noEnd = new AbortController().signal;
const leastHeld = ({ requests }: SlowEndpoint) =>
  Math.min(...requests.slice(1).map(({ heldMs }) => heldMs ?? Number.POSITIVE_INFINITY));

describe("a round of beacons", () => {
  it("measures each, not below what the beacon really took, and in the right order", async () => {
    const near = await endpoint(() => 15);
    const far = await endpoint(() => 120);
    const rtts = await measureBeacons(
      [
        { id: "far", url: far.url },
        { id: "near", url: near.url },
      ],
      noEnd,
    );
    expect(Object.keys(rtts).sort()).toEqual(["far", "near"]);
    const { near: nearMs = 0, far: farMs = 0 } = rtts;
    expect(nearMs).toBeGreaterThan(leastHeld(near) - CLOCK_MS);
    expect(farMs).toBeGreaterThan(leastHeld(far) - CLOCK_MS);
    expect(nearMs).toBeLessThan(farMs);
  });

  it("does not count the request that sets up the connection", async () => {
    const beacon = await endpoint((number) => (number === 0 ? 700 : 10));
    const { only = Number.NaN } = await measureBeacons([{ id: "only", url: beacon.url }], noEnd);
    expect(beacon.requests).toHaveLength(5);
    expect(only).toBeLessThan(700);
  });

  it("counts the quickest of its requests: what disturbs one makes it longer, as a rule", async () => {
    const beacon = await endpoint((number) => (number === 3 ? 10 : 400));
    const { only = Number.NaN } = await measureBeacons([{ id: "only", url: beacon.url }], noEnd);
    expect(only).toBeGreaterThan((beacon.requests[3]?.heldMs ?? Number.NaN) - CLOCK_MS);
    expect(only).toBeLessThan(400);
  });

  it("takes any answer for one: the endpoint need not know what it is for", async () => {
    const page = await endpoint(() => 20, {
      status: 404,
      headers: { "content-type": "text/html" },
      body: "<h1>Not here</h1>".repeat(500),
    });
    const rtts = await measureBeacons([{ id: "page", url: page.url }], noEnd);
    expect(rtts["page"]).toBeGreaterThan(leastHeld(page) - CLOCK_MS);
  });

  it("tells the endpoint neither who asks nor from which page, and wants no cached answer", async () => {
    const beacon = await endpoint(() => 0);
    await measureBeacons([{ id: "only", url: beacon.url }], noEnd);
    for (const { method, headers } of beacon.requests) {
      expect(method).toBe("HEAD");
      expect(headers).not.toHaveProperty("cookie");
      expect(headers).not.toHaveProperty("referer");
      expect(headers["cache-control"]).toBe("no-cache");
    }
  });

  it("leaves out a beacon that nobody answers at, and is not held up by it", async () => {
    const good = await endpoint(() => 5);
    const gone = await endpoint(() => 0);
    await gone.close();
    const rtts = await measureBeacons(
      [
        { id: "gone", url: gone.url },
        { id: "good", url: good.url },
      ],
      noEnd,
    );
    expect(Object.keys(rtts)).toEqual(["good"]);
  });

  it("ends when it is told to, with what it has, and gives up what is under way", async () => {
    const good = await endpoint(() => 5);
    const silent = await endpoint(() => null);
    const half = await endpoint((number) => (number < 2 ? 5 : null));
    const end = new AbortController();
    const round = measureBeacons(
      [
        { id: "silent", url: silent.url },
        { id: "half", url: half.url },
        { id: "good", url: good.url },
      ],
      end.signal,
    );
    await good.until((requests) => requests.filter(({ heldMs }) => heldMs !== null).length === 5);
    await half.until((requests) => requests.length === 3);
    await new Promise((resolve) => setTimeout(resolve, 50));
    end.abort();
    expect(Object.keys(await round).sort()).toEqual(["good", "half"]);
    await silent.until(([request]) => request?.abandoned === true);
    expect(silent.requests).toHaveLength(1);
  });

  it("asks at most six at a time, and nobody a third time before everybody once", async () => {
    const made = await Promise.all(Array.from({ length: 9 }, () => endpoint(() => 30)));
    await measureBeacons(
      made.map(({ url }, i) => ({ id: `b${i}`, url })),
      noEnd,
    );
    const all = made.flatMap(({ requests }) => requests);
    const atOnce = all.map(
      ({ arrivedAt }) =>
        all.filter((o) => o.arrivedAt <= arrivedAt && o.arrivedAt + (o.heldMs ?? 0) > arrivedAt).length,
    );
    expect(Math.max(...atOnce)).toBeLessThanOrEqual(6);
    const lastFirst = Math.max(...made.map(({ requests }) => requests[0]?.arrivedAt ?? Number.NaN));
    const firstThird = Math.min(...made.map(({ requests }) => requests[2]?.arrivedAt ?? Number.NaN));
    expect(lastFirst).toBeLessThan(firstThird);
    expect(all).toHaveLength(9 * 5);
  });
});
