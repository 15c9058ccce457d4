import { performance } from "node:perf_hooks";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReleaseQueue } from "./releaseQueue.js";

describe("a release queue", () => {
  it("releases in the order of due times, equal ones in the order they came, none early", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 40 }),
        async (delays) => {
          const queue = new ReleaseQueue();
          const start = performance.now() + 1;
          const held = new Map<number, number>();
          const released: number[] = [];
          let wrong = 0;
          await new Promise<void>((resolve) => {
            delays.forEach((delay, index) => {
              const dueAt = start + delay;
              held.set(index, dueAt);
              queue.push(dueAt, () => {
                // A slow machine may release some before others are in: what counts is what was held just now.
                held.delete(index);
                const isFirst = [...held].every(
                  ([other, at]) => dueAt < at || (dueAt === at && index < other),
                );
                if (!isFirst || performance.now() < dueAt) wrong += 1;
                released.push(index);
                if (released.length === delays.length) resolve();
              });
            });
          });
          expect(wrong).toBe(0);
          expect(new Set(released).size).toBe(delays.length);
          expect(queue.size).toBe(0);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("releases what is already due before the call returns", () => {
    const queue = new ReleaseQueue();
    let released = false;
    queue.push(performance.now(), () => {
      released = true;
    });
    expect(released).toBe(true);
  });

  it("releases nothing any more once it is cleared", async () => {
    const queue = new ReleaseQueue();
    let released = false;
    queue.push(performance.now() + 1, () => {
      released = true;
    });
    queue.clear();
    await new Promise<void>((resolve) => queue.push(performance.now() + 4, resolve));
    expect(released).toBe(false);
  });

  it("keeps the event loop from sleeping for as long as it is told to, and no longer", async () => {
    const queue = new ReleaseQueue();
    const share = async () => {
      const before = performance.eventLoopUtilization();
      await new Promise((resolve) => setTimeout(resolve, 30));
      return performance.eventLoopUtilization(before).utilization;
    };
    // Far beyond what is looked at: at its end the machine may have others to serve.
    queue.stayAwake(performance.now() + 60_000);
    expect(await share()).toBeGreaterThan(0.8);
    queue.clear();
    // Where the process had to stand still the loop cannot have slept: looked at again until it could.
    await expect.poll(share).toBeLessThan(0.5);
    queue.stayAwake(performance.now() + 5);
    await expect.poll(share).toBeLessThan(0.5);
  });
});
