// @ts-check
/**
 * Runs the browser tests: `node scripts/e2e.mjs [arguments of playwright test]`.
 *
 * Where the system allows it, everything (server, relay, browsers) runs in a network namespace of its own, so that no
 * packet can leave. Elsewhere the browsers are told to use 127.0.0.1.
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runInNamespace } from "../packages/testbed/dist/index.js";

const e2e = join(dirname(dirname(fileURLToPath(import.meta.url))), "e2e");
const playwright = createRequire(join(e2e, "package.json")).resolve("@playwright/test/cli");
const args = [playwright, "test", "--config", join(e2e, "playwright.config.ts"), ...process.argv.slice(2)];

const run = await runInNamespace(process.execPath, args);
if (run !== null) {
  process.exitCode = run.exitCode;
} else {
  process.stderr.write("No network namespace can be made here: the browsers use 127.0.0.1.\n");
  process.exitCode = spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
}
