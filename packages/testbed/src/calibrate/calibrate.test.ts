import { expect, test } from "vitest";
import { calibrate } from "./calibrate.js";

test("calibrate tells which cells it leaves out and why, and starts no browser for them", async () => {
  const skipped: string[] = [];
  const rows = await calibrate({
    startServer: () => Promise.reject(new Error("nothing is to be started")),
    grid: { pairs: ["chromium-chromium", "firefox-firefox"], rttMs: [10], jitterMs: [20] },
    onSkip: ({ pair }, reason) => skipped.push(`${pair}: ${reason}`),
  });
  expect(rows).toEqual([]);
  expect(skipped).toEqual([
    "chromium-chromium: an RTT of 10 ms cannot vary by ±20 ms each way, it needs 40 ms or more",
    "firefox-firefox: an RTT of 10 ms cannot vary by ±20 ms each way, it needs 40 ms or more",
  ]);
});
