// Packs every public package as it would be published and asks publint and attw whether bundlers, Node and
// TypeScript can use what is inside.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "probematch-pack-"));
let failed = false;

try {
  for (const name of readdirSync(join(root, "packages"))) {
    const dir = join(root, "packages", name);
    if (JSON.parse(readFileSync(join(dir, "package.json"), "utf8")).private === true) continue;
    execFileSync("pnpm", ["pack", "--pack-destination", join(folder, name)], { cwd: dir, stdio: "pipe" });
    const tarball = join(folder, name, readdirSync(join(folder, name))[0] ?? "");
    const checks = [
      ["publint", "run", "--strict", tarball],
      // `./global` is the file for a script tag: there is nothing to import from it.
      ["attw", tarball, "--profile", "esm-only", "--format", "ascii", "--exclude-entrypoints", "./global"],
    ];
    for (const [command = "", ...args] of checks) {
      const { status, stdout, stderr } = spawnSync(join(root, "node_modules/.bin", command), args, {
        encoding: "utf8",
      });
      if (status === 0) continue;
      failed = true;
      process.stderr.write(`packages/${name}: ${command} is not content\n${stdout}${stderr}\n`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
