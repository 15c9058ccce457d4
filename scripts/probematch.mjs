// @ts-check
/**
 * The `probematch` command in a checkout: builds what is not built or older than its source, without a word on
 * standard output, and runs the command in the folder it was called from.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const client = join(root, "packages/client");
const clientFile = join(client, "dist-global/probematch.js");

const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
if (!run([tsc, "-b", join(root, "packages/server"), client])) process.exit(1);
if (
  ["serve", "calibrate"].includes(process.argv[2] ?? "") &&
  isOld(clientFile, ["packages/client/src", "packages/shared/src"])
) {
  const vite = join(
    dirname(createRequire(join(client, "package.json")).resolve("vite/package.json")),
    "bin/vite.js",
  );
  if (!run([vite, "build", "--logLevel", "warn"], client)) process.exit(1);
}

// pnpm starts a script in the workspace's folder; relative paths are meant where it was called.
process.chdir(process.env["INIT_CWD"] ?? process.cwd());
await import(new URL("../packages/server/dist/cli/main.js", import.meta.url).href);

/**
 * @param {string[]} args of node
 * @param {string} [cwd]
 */
function run(args, cwd = root) {
  const { status, error } = spawnSync(process.execPath, args, { cwd, stdio: ["ignore", 2, 2] });
  if (status !== 0)
    process.stderr.write(`probematch: the build failed${error ? `: ${error.message}` : ""}\n`);
  return status === 0;
}

/**
 * @param {string} built
 * @param {string[]} folders of its source
 */
function isOld(built, folders) {
  if (!existsSync(built)) return true;
  const builtMs = statSync(built).mtimeMs;
  return folders.some((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).some(
      (entry) => entry.isFile() && statSync(join(entry.parentPath, entry.name)).mtimeMs > builtMs,
    ),
  );
}
