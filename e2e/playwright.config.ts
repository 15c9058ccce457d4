import { defineConfig } from "@playwright/test";

/** Tests in which there is hardly anything to do but to wait. */
const WAITING = "**/longCuts.spec.ts";

/**
 * One test at a time: latencies measured on a busy machine are not to be trusted. Only what waits for most of a minute does so beside
 * the others. Browsers are started by the fixtures (each engine once), since most tests need two at the same time.
 */
export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  workers: 2,
  projects: [
    { name: "browsers", testIgnore: WAITING, workers: 1 },
    { name: "long waits", testMatch: WAITING, workers: 1 },
  ],
  fullyParallel: false,
  timeout: 30_000,
  expect: { timeout: 10_000 },
  // Real time on a shared machine: once more before a test is called failed; the run's summary names it as flaky.
  retries: 1,
  forbidOnly: process.env["CI"] !== undefined,
  reporter: process.env["PLAYWRIGHT_JSON_OUTPUT_FILE"] === undefined ? "list" : [["list"], ["json"]],
});
