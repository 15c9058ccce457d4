import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contextFor, withServerRtt } from "../../test/pools.js";
import { LatencyFifoMatchmaker } from "./latencyFifo.js";

const matchmaker = new LatencyFifoMatchmaker({ maxServerRttMs: 200, maxP2pRttMs: 150 });
const ids = (group: readonly { participantId: string }[] | null) =>
  group?.map((c) => c.participantId) ?? null;

describe("LatencyFIFO", () => {
  test("skips a candidate when the sum of both server RTTs exceeds the limit", () => {
    const near = withServerRtt("near", 30);
    const far = withServerRtt("far", 180);
    const arriving = withServerRtt("arriving", 40);
    expect(ids(matchmaker.findMatch(arriving, [far, near], 2, contextFor(matchmaker)))).toEqual([
      "near",
      "arriving",
    ]);
  });

  test("passes a sum equal to the limit", () => {
    expect(matchmaker.allowsPair(withServerRtt("a", 120), withServerRtt("b", 80))).toBe(true);
    expect(matchmaker.allowsPair(withServerRtt("a", 120), withServerRtt("b", 80.1))).toBe(false);
  });

  test("does not exclude a candidate whose server RTT is unknown", () => {
    const far = withServerRtt("far", 900);
    const unknown = withServerRtt("unknown", null);
    expect(ids(matchmaker.findMatch(unknown, [far], 2, contextFor(matchmaker)))).toEqual(["far", "unknown"]);
  });

  test("checks every pair of a group, not only those with the newcomer", () => {
    const pool = [withServerRtt("a", 120), withServerRtt("b", 120), withServerRtt("c", 50)];
    const [a, b, c] = pool as [(typeof pool)[0], (typeof pool)[0], (typeof pool)[0]];
    expect(matchmaker.findMatch(c, [a, b], 3, contextFor(matchmaker))).toBeNull();
    const d = withServerRtt("d", 60);
    expect(ids(matchmaker.findMatch(c, [a, b, d], 3, contextFor(matchmaker)))).toEqual(["a", "d", "c"]);
  });

  test("keeps the rule for every pair of every group", () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.integer({ min: 0, max: 300 })), { maxLength: 12 }),
        fc.integer({ min: 2, max: 4 }),
        (rtts, groupSize) => {
          const pool = rtts.map((rtt, i) => withServerRtt(`p${i}`, rtt));
          for (const group of matchmaker.findMatches(pool, groupSize, contextFor(matchmaker), pool)) {
            const known = group.flatMap((c) => c.serverRtt?.medianMs ?? []).sort((x, y) => y - x);
            // The two largest are the worst pair; one alone has no pair with a known sum.
            const [largest, second] = known;
            if (largest !== undefined && second !== undefined)
              expect(largest + second).toBeLessThanOrEqual(200);
          }
        },
      ),
    );
  });

  test("puts both limits into its description", () => {
    expect(matchmaker.describe()).toEqual({ name: "LatencyFIFO", maxServerRttMs: 200, maxP2pRttMs: 150 });
  });

  test("refuses options without meaning", () => {
    expect(() => new LatencyFifoMatchmaker({ maxServerRttMs: Number.NaN })).toThrow("maxServerRttMs");
    expect(() => new LatencyFifoMatchmaker({ maxServerRttMs: 200, maxP2pRttMs: -5 })).toThrow("maxP2pRttMs");
  });
});
