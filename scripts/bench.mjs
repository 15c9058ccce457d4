// @ts-check
/**
 * Builds, then runs a benchmark: `pnpm bench [match|core|…] [options]`. Standard output is the benchmark's alone.
 *
 * Browsers, servers and relays run in a network namespace of their own where the system allows it.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const build = spawnSync("pnpm exec tsc -b && pnpm --filter @probematch/client run bundle", {
  cwd: root,
  shell: true,
  stdio: ["ignore", "ignore", "inherit"],
});
if (build.status !== 0) process.exit(build.status ?? 1);

const { runInNamespace } = await import("../packages/testbed/dist/index.js");
const args = [fileURLToPath(new URL("../bench/dist/main.js", import.meta.url)), ...process.argv.slice(2)];
const run = await runInNamespace(process.execPath, args);
process.exitCode = run?.exitCode ?? spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
