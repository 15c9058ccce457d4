import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));

/** Builds what is older than its source, for tests that start a process of their own; gives a built file's path. */
export function builtFile(path: string): string {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  spawnSync(process.execPath, [tsc, "-b", packageFolder], { stdio: "ignore" });
  return join(packageFolder, "dist", path);
}
