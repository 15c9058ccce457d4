// @ts-check
/** Counts tests from the runners' own JSON reports, and names those that failed. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** @typedef {{ name: string, why: string }} Failure `why` is the runner's own text, of any length */
/**
 * @typedef {{ message?: string }} BrowserError
 * @typedef {{ status: string, results: { errors: BrowserError[] }[] }} BrowserTest
 * @typedef {{ title: string, specs: { title: string, tests: BrowserTest[] }[], suites?: BrowserSuite[] }} BrowserSuite
 *   what is read here of Playwright's `JSONReportSuite`
 */
/** @typedef {{ passed: number, failed: number, skipped: number, flaky?: number, failures: Failure[] }} Counts */

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * @param {string} file vitest's JSON report
 * @returns {Counts | null} `null` when there is no report
 */
export function readVitestReport(file) {
  /** @type {import("vitest/node").JsonTestResults | null} */
  const report = readJson(file);
  if (report === null) return null;
  const failures = report.testResults.flatMap((tests) => {
    const name = relative(root, tests.name);
    const failed = tests.assertionResults.filter(({ status }) => status === "failed");
    // A file that cannot be loaded has no failed test in it.
    if (failed.length === 0 && tests.status === "failed") return [{ name, why: tests.message }];
    return failed.map(({ fullName, failureMessages }) => ({
      name: `${name} › ${fullName}`,
      why: (failureMessages ?? []).join("\n"),
    }));
  });
  return {
    passed: report.numPassedTests,
    failed: report.success ? report.numFailedTests : Math.max(1, report.numFailedTests),
    skipped: report.numPendingTests + report.numTodoTests,
    failures,
  };
}

/**
 * @param {string} file Playwright's JSON report
 * @returns {Counts | null} `null` when there is no report
 */
export function readPlaywrightReport(file) {
  /** @type {{ stats: Record<"expected" | "unexpected" | "flaky" | "skipped", number>, errors: BrowserError[], suites: BrowserSuite[] } | null} */
  const report = readJson(file);
  if (report === null) return null;
  const { expected, unexpected, flaky, skipped } = report.stats;
  const failed = unexpected === 0 && report.errors.length > 0 ? report.errors.length : unexpected;
  const failures = [
    ...report.errors.map(({ message }) => ({ name: "outside of any test", why: message ?? "" })),
    ...report.suites.flatMap((suite) => failuresIn(suite, [])),
  ];
  return { passed: expected + flaky, failed, skipped, flaky, failures };
}

/**
 * Of a test that passed when it was tried again, the failure as well.
 *
 * @param {BrowserSuite} suite
 * @param {string[]} above the titles of the suites it is in
 * @returns {Failure[]}
 */
function failuresIn(suite, above) {
  const titles = [...above, suite.title];
  const own = suite.specs.flatMap(({ title, tests }) =>
    tests
      .filter(({ status }) => status === "unexpected" || status === "flaky")
      .map(({ status, results }) => ({
        name: [...titles, title].join(" › ") + (status === "flaky" ? " (passed when tried again)" : ""),
        why: results.flatMap(({ errors }) => errors.map(({ message }) => message)).join("\n"),
      })),
  );
  return [...own, ...(suite.suites ?? []).flatMap((inner) => failuresIn(inner, titles))];
}

/** @param {string} file */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}
