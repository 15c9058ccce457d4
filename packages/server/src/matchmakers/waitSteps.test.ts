import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WaitSteps } from "./waitSteps.js";

const wait = new WaitSteps(300_000);
const limited = { arrivedAt: 1_000, waitDeadlineAt: 101_000 };
const unlimited = { arrivedAt: 1_000, waitDeadlineAt: null };

describe("a wait in steps", () => {
  test("is as long as the scene lets it be, or as people are assumed to stay", () => {
    expect(wait.lengthMs(limited)).toBe(100_000);
    expect(wait.lengthMs(unlimited)).toBe(300_000);
  });

  test("is over by twentieths, and never by less than nothing or more than all of it", () => {
    const over = [0, 1_000, 5_999, 6_000, 50_999, 51_000, 101_000, 900_000];
    expect(over.map((now) => wait.shareOver(limited, now))).toEqual([0, 0, 0, 0.05, 0.45, 0.5, 1, 1]);
  });

  test("ends with a tenth of it", () => {
    expect(wait.lastPartAt(limited)).toBe(91_000);
    expect(wait.isLastPart(wait.shareOver(limited, 90_999))).toBe(false);
    expect(wait.isLastPart(wait.shareOver(limited, 91_000))).toBe(true);
  });

  test("has a step behind it when that one's end has come, where times are numbers of 13 digits too", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1.7e12, max: 1.9e12, noNaN: true }),
        fc.integer({ min: 1_000, max: 1e7 }),
        (arrivedAt, lengthMs) => {
          const one = { arrivedAt, waitDeadlineAt: arrivedAt + lengthMs };
          const at = wait.nextStepAt(one, arrivedAt);
          expect(wait.shareOver(one, at ?? Number.NaN)).toBe(0.05);
        },
      ),
    );
  });

  test("has twenty steps, each later than the one before, whatever its length", () => {
    const someMs = fc.double({ min: 0, max: 1e6, noNaN: true });
    const waits = fc.record({ arrivedAt: someMs, lengthMs: fc.double({ min: 1, max: 1e7, noNaN: true }) });
    fc.assert(
      fc.property(waits, ({ arrivedAt, lengthMs }) => {
        const one = { arrivedAt, waitDeadlineAt: arrivedAt + lengthMs };
        let now = arrivedAt;
        let steps = 0;
        for (let at = wait.nextStepAt(one, now); at !== null; at = wait.nextStepAt(one, now)) {
          expect(at).toBeGreaterThan(now);
          now = at;
          steps += 1;
          expect(steps).toBeLessThanOrEqual(20);
        }
        expect(now - arrivedAt).toBeCloseTo(wait.lengthMs(one), 3);
      }),
      // Ends that rounding puts before or after the twentieth step's.
      {
        examples: [
          [{ arrivedAt: 4.996003610813205e-16, lengthMs: 1 }],
          [{ arrivedAt: 594082.9571533961, lengthMs: 3600221.0456880336 }],
        ],
      },
    );
  });
});
