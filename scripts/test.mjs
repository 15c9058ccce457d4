// @ts-check
/**
 * The whole test run, as `npm test` starts it: installs what is missing, runs every step of `pnpm check` (unit tests
 * included) and the browser tests, and ends with one line that counts all tests.
 *
 * A step that fails does not keep the later ones from running; a suite in which no test ran has failed.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { provideNeeds } from "./test/needs.mjs";
import { readPlaywrightReport, readVitestReport } from "./test/reports.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const reports = mkdtempSync(join(tmpdir(), "probematch-reports-"));
const unitReport = join(reports, "unit.json");
const e2eReport = join(reports, "e2e.json");
/** @type {string[]} */
const problems = [];

const stillMissing = provideNeeds();
if (stillMissing !== null) {
  process.stderr.write(`${stillMissing}\n`);
  problems.push("something the tests need is missing");
}

/** @type {{ scripts: { check: string } }} */
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
for (const step of scripts.check.split("&&")) runStep(step.trim());
runStep("node scripts/e2e.mjs");

const total = { passed: 0, failed: 0, skipped: 0 };
for (const [suite, counts] of /** @type {const} */ ([
  ["unit", readVitestReport(unitReport)],
  ["browser", readPlaywrightReport(e2eReport)],
])) {
  if (counts === null || counts.passed + counts.failed === 0) {
    problems.push(`no ${suite} test ran`);
    continue;
  }
  const retried = counts.flaky ? ` (${counts.flaky} only when tried again)` : "";
  process.stdout.write(
    `${suite} tests: ${counts.passed} passed${retried}, ${counts.failed} failed, ${counts.skipped} skipped\n`,
  );
  for (const { name, why } of counts.failures) process.stdout.write(`  ✗ ${name}\n${indented(why)}`);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}
rmSync(reports, { recursive: true, force: true });

for (const problem of problems) process.stdout.write(`Failed: ${problem}\n`);
// A failed step that no failed test stands for is a failure of its own.
const failed = total.failed === 0 ? problems.length : total.failed;
process.exitCode = failed === 0 ? 0 : 1;
const skipped = total.skipped === 0 ? "" : `, ${total.skipped} skipped`;
process.stdout.write(`${total.passed} passed, ${failed} failed${skipped}\n`);

/**
 * The beginning of a failure's text, for an end of the output that is all one may have of a run elsewhere.
 *
 * @param {string} text with a terminal's colours, maybe
 */
function indented(text) {
  const lines = stripVTControlCharacters(text).split("\n").slice(0, 25);
  return lines.map((line) => `      ${line.slice(0, 300)}\n`).join("");
}

/** @param {string} step a command of package.json's making */
function runStep(step) {
  process.stdout.write(`\n> ${step}\n`);
  const startedAt = performance.now();
  const { status, signal, error } = spawnSync(step, {
    cwd: root,
    shell: true,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, PROBEMATCH_UNIT_REPORT: unitReport, PLAYWRIGHT_JSON_OUTPUT_FILE: e2eReport },
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`< ${step}: ${status === 0 ? "good" : "failed"} after ${seconds} s\n`);
  if (status !== 0)
    problems.push(error === undefined ? `${step} (${status ?? signal})` : `${step}: ${error.message}`);
}
