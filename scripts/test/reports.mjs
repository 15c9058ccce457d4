// @ts-check
/** Counts tests from the runners' own JSON reports. */
import { readFileSync } from "node:fs";

/** @typedef {{ passed: number, failed: number, skipped: number, flaky?: number }} Counts */

/**
 * @param {string} file vitest's JSON report
 * @returns {Counts | null} `null` when there is no report
 */
export function readVitestReport(file) {
  const report = readJson(file);
  if (report === null) return null;
  const failed = Number(report.numFailedTests);
  return {
    passed: Number(report.numPassedTests),
    // A file that cannot be loaded has no failed test in it.
    failed: report.success === true ? failed : Math.max(1, failed),
    skipped: Number(report.numPendingTests) + Number(report.numTodoTests),
  };
}

/**
 * @param {string} file Playwright's JSON report
 * @returns {Counts | null} `null` when there is no report
 */
export function readPlaywrightReport(file) {
  const report = readJson(file);
  if (report === null) return null;
  const { expected, unexpected, flaky, skipped } = report.stats;
  const errors = Array.isArray(report.errors) ? report.errors.length : 0;
  const failed = unexpected === 0 && errors > 0 ? errors : unexpected;
  return { passed: expected + flaky, failed, skipped, flaky };
}

/** @param {string} file */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}
