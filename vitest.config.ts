import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Set by the whole test run, which counts tests from the report. */
const report = process.env["PROBEMATCH_UNIT_REPORT"];

export default defineConfig({
  test: {
    // For a machine that does other things as well; what has to be quick is a figure of `pnpm bench`, not a test.
    // Many of the tests wait for other processes: one more than there are cores.
    maxWorkers: 1 + Math.max(2, availableParallelism()),
    // They end what hangs. What computes all the time has more, as it may have a third of a processor.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    ...(report === undefined ? {} : { reporters: ["default", ["json", { outputFile: report }]] }),
    include: ["packages/*/src/**/*.test.ts", "bench/src/**/*.test.ts", "examples/**/*.test.{ts,mjs}"],
  },
});
