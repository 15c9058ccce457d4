import { fastProbeParameters, median } from "@probematch/shared";
import { describe, expect, it } from "vitest";
import { SideOfLimit } from "./sideOfLimit.js";

const LIMIT_MS = 100;
const { pings, minPings } = fastProbeParameters;

/** Seeded, so that the shares below are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const shapes = {
  normal: (random: () => number) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  /** Skewed as delays are: median 0, a long tail of late answers. */
  skewed: (random: () => number) => -Math.log(1 - random()) - Math.LN2,
} as const;

/** Both sides' samples as the rule for stopping lets them be taken; what is compared with the limit is the mean of medians. */
function probe(draw: () => number, rule: "sequential" | number): { rttMs: number; taken: number } {
  const sides = [0, 1].map(() => {
    const side = new SideOfLimit(LIMIT_MS);
    const samples: number[] = [];
    const most = rule === "sequential" ? pings : rule;
    while (samples.length < most) {
      const rttMs = draw();
      samples.push(rttMs);
      side.add(rttMs);
      if (rule === "sequential" && samples.length >= minPings && side.isCertain) break;
    }
    return samples;
  });
  const [a = 0, b = 0] = sides.map((samples) => median(samples) ?? 0);
  return { rttMs: (a + b) / 2, taken: sides.flat().length / 2 };
}

function simulate(shape: keyof typeof shapes, offMs: number, jitterMs: number, rule: "sequential" | number) {
  const random = seeded(7);
  const runs = 4000;
  let wrong = 0;
  let taken = 0;
  for (let i = 0; i < runs; i += 1) {
    const result = probe(() => LIMIT_MS + offMs + jitterMs * shapes[shape](random), rule);
    if (result.rttMs > LIMIT_MS !== offMs > 0) wrong += 1;
    taken += result.taken;
  }
  return { wrongShare: wrong / runs, pings: taken / runs };
}

describe("stopping as soon as the side of the limit is certain", () => {
  for (const shape of ["normal", "skewed"] as const) {
    for (const side of [-1, 1]) {
      it(`errs in fewer than 0.4 % of probes a jitter away from the limit (${shape}, ${side})`, () => {
        expect(simulate(shape, side * 10, 10, "sequential").wrongShare).toBeLessThan(0.004);
      });

      it(`errs less often than five pings do, however near the limit (${shape}, ${side})`, () => {
        for (const offMs of [1, 2, 5, 10]) {
          const sequential = simulate(shape, side * offMs, 10, "sequential");
          const fixed = simulate(shape, side * offMs, 10, 5);
          expect(sequential.wrongShare).toBeLessThanOrEqual(fixed.wrongShare);
        }
      });
    }
  }

  it("takes the fewest pings far from the limit, and most near it", () => {
    expect(simulate("normal", 40, 10, "sequential").pings).toBeCloseTo(minPings, 0);
    expect(simulate("normal", 1, 10, "sequential").pings).toBeGreaterThan(1.5 * minPings);
  });

  it("learns nothing from samples that are almost at the limit", () => {
    const side = new SideOfLimit(LIMIT_MS);
    for (let i = 0; i < 50; i += 1) side.add(100.9);
    expect(side.isCertain).toBe(false);
  });
});
