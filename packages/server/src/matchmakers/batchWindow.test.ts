import { describe, expect, test } from "vitest";
import { BatchWindow } from "./batchWindow.js";
import { WaitSteps } from "./waitSteps.js";

const wait = new WaitSteps(300_000);
const since = (arrivedAt: number, waitMs = 300_000) => ({ arrivedAt, waitDeadlineAt: arrivedAt + waitMs });

describe("a window for newcomers", () => {
  const batch = new BatchWindow(5_000, wait);

  test("ends at the same time for all who came in it", () => {
    expect([1, 1_000, 5_000].map((at) => batch.collectedAt(since(at)))).toEqual([5_000, 5_000, 5_000]);
    expect(batch.collectedAt(since(5_001))).toBe(10_000);
  });

  test("lets nobody be proposed before its end, and everybody from then on", () => {
    expect(batch.isCollected(since(1_000), 4_999)).toBe(false);
    expect(batch.isCollected(since(1_000), 5_000)).toBe(true);
    expect(batch.isCollected(since(1_000), 90_000)).toBe(true);
  });

  test("keeps nobody into the last part of the wait", () => {
    expect(batch.collectedAt(since(1_000, 2_000))).toBe(2_800);
    expect(batch.collectedAt({ arrivedAt: 1_000, waitDeadlineAt: null })).toBe(5_000);
  });

  test("of no length collects nobody", () => {
    const none = new BatchWindow(0, wait);
    expect(none.collectedAt(since(1_000))).toBe(null);
    expect(none.isCollected(since(1_000), 1_000)).toBe(true);
  });
});
