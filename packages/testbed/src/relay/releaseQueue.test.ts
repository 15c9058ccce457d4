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
          const released: { index: number; early: boolean }[] = [];
          await new Promise<void>((resolve) => {
            delays.forEach((delay, index) => {
              const dueAt = start + delay;
              queue.push(dueAt, () => {
                released.push({ index, early: performance.now() < dueAt });
                if (released.length === delays.length) resolve();
              });
            });
          });
          const expected = delays
            .map((delay, index) => ({ delay, index }))
            .sort((a, b) => a.delay - b.delay || a.index - b.index);
          expect(released.map(({ index }) => index)).toEqual(expected.map(({ index }) => index));
          expect(released.some(({ early }) => early)).toBe(false);
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
    queue.stayAwake(performance.now() + 30);
    expect(await share()).toBeGreaterThan(0.8);
    queue.clear();
    expect(await share()).toBeLessThan(0.5);
  });
});
