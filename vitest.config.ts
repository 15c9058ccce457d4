import { defineConfig } from "vitest/config";

/** Set by the whole test run, which counts tests from the report. */
const report = process.env["PROBEMATCH_UNIT_REPORT"];

export default defineConfig({
  test: {
    ...(report === undefined ? {} : { reporters: ["default", ["json", { outputFile: report }]] }),
    include: ["packages/*/src/**/*.test.ts", "bench/src/**/*.test.ts", "examples/**/*.test.{ts,mjs}"],
  },
});
