import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completeImpairment, drawHoldMs } from "./impairment.js";
import { seededRandom } from "./random.js";

describe("a packet's fate", () => {
  it("is a hold between delay − jitter and delay + jitter for uniform jitter, never below zero", () => {
    fc.assert(
      fc.property(
        fc.record({ delayMs: fc.integer({ min: 0, max: 500 }), jitterMs: fc.integer({ min: 0, max: 50 }) }),
        fc.string(),
        ({ delayMs, jitterMs }, seed) => {
          const holdMs = drawHoldMs([completeImpairment({ delayMs, jitterMs })], seededRandom(seed)) ?? -1;
          expect(holdMs).toBeGreaterThanOrEqual(Math.max(0, delayMs - jitterMs));
          expect(holdMs).toBeLessThanOrEqual(delayMs + jitterMs);
        },
      ),
    );
  });

  it("has the stated mean and standard deviation for normal jitter", () => {
    const random = seededRandom("normal");
    const impairment = completeImpairment({ delayMs: 100, jitterMs: 10, jitterShape: "normal" });
    const holds = Array.from({ length: 20_000 }, () => drawHoldMs([impairment], random) ?? 0);
    const mean = holds.reduce((sum, hold) => sum + hold, 0) / holds.length;
    const deviation = Math.sqrt(holds.reduce((sum, hold) => sum + (hold - mean) ** 2, 0) / holds.length);
    expect(mean).toBeCloseTo(100, 0);
    expect(deviation).toBeCloseTo(10, 0);
  });

  it("is loss at the stated rate, each impairment on the way on its own", () => {
    const random = seededRandom("loss");
    const lossy = completeImpairment({ lossRatio: 0.1 });
    let lost = 0;
    for (let i = 0; i < 20_000; i += 1) {
      if (drawHoldMs([lossy, lossy], random) === null) lost += 1;
    }
    expect(lost / 20_000).toBeCloseTo(0.19, 1);
  });
});
