import { performance } from "node:perf_hooks";
import { describe, expect, it } from "vitest";
import { recordingReporter } from "../../../test/dataFolders.js";
import { RedisClock } from "./redisClock.js";

const HOUR_MS = 3_600_000;

/** A clock that agrees with a Redis whose clock is this far from everybody's. */
function startedAt(errorMs: number) {
  const { reporter, lines } = recordingReporter();
  const clock = new RedisClock(reporter);
  const offsetMs = 1_800_000_000_000 + errorMs - performance.now();
  clock.start(offsetMs);
  /** Redis is asked, and its clock is `byMs` from where this one saw it last. */
  const look = (byMs: number) => clock.observe(performance.now() + offsetMs + byMs, performance.now());
  return { clock, lines, look };
}

describe("the nodes' clock", () => {
  it("goes on as before, and says so once, where the clock of the Redis machine is set", () => {
    const { clock, lines, look } = startedAt(0);
    for (const byMs of [HOUR_MS, -HOUR_MS, 7 * 24 * HOUR_MS]) {
      const before = clock.now();
      for (let i = 0; i < 20; i += 1) look(byMs);
      expect(clock.now() - before).toBeGreaterThanOrEqual(0);
      expect(clock.now() - before).toBeLessThan(HOUR_MS / 2);
    }
    expect(lines.map(({ message }) => message)).toEqual([expect.stringContaining("was set")]);
  });

  it("follows what can be drift, little by little, and never goes back for it", () => {
    const { clock, lines, look } = startedAt(0);
    const before = clock.now();
    look(500);
    const first = clock.now() - before;
    for (let i = 0; i < 50; i += 1) look(500);
    const ahead = clock.now();
    expect(ahead - before).toBeGreaterThan(first);
    for (let i = 0; i < 50; i += 1) look(0);
    expect(clock.now()).toBeGreaterThanOrEqual(ahead);
    expect(lines).toEqual([]);
  });
});
