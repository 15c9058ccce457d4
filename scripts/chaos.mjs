// @ts-check
/**
 * Builds, then drives the server's core through seeded accidents: `pnpm chaos --seeds 1000 [--seed 17] [--json]`. Each
 * seed is two studies: one on one server that crashes, and one on two to four nodes over a modelled journal.
 *
 * Seeds are numbers: `--seed` is the first one (default 0), `--seeds` how many (default 1000). One that fails is looked
 * at again with `--seeds 1 --seed <it>`. Ends with 1 when anything happened that must never happen. `--plant lost` (or
 * another kind of violation) puts a mistake of that kind into the simulated nodes, to see that it is found.
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

/** @typedef {{ participants: number, matches: number, violations: Record<string, number>, failing: { seed: number, what: string }[] }} Count */

/** Seeds a worker takes at a time: small, so that all of them end together. */
const SHARE = 25;
const core = new URL("../packages/server/dist/core.js", import.meta.url).href;

if (isMainThread) process.exitCode = await main();
else await work();

/** @returns {Promise<number>} the exit code */
async function main() {
  /** @type {{ first: number, count: number, plant: string | null, json: boolean }} */
  let options;
  try {
    const { values } = parseArgs({
      args: process.argv.slice(2).filter((arg) => arg !== "--"),
      options: {
        seeds: { type: "string" },
        seed: { type: "string" },
        plant: { type: "string" },
        json: { type: "boolean" },
      },
    });
    options = {
      first: whole("seed", values.seed, 0, 0),
      count: whole("seeds", values.seeds, 1000, 1),
      plant: values.plant ?? null,
      json: values.json === true,
    };
  } catch (error) {
    process.stderr.write(
      `chaos: ${error instanceof Error ? error.message : error}\nUsage: chaos [--seeds <how many>] [--seed <the first>] [--plant <a mistake>] [--json]\n`,
    );
    return 2;
  }
  const root = fileURLToPath(new URL("..", import.meta.url));
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  const build = spawnSync(process.execPath, [tsc, "-b", join(root, "packages/server")], {
    stdio: ["ignore", 2, 2],
  });
  if (build.status !== 0) return 1;

  const { plantedBugs, violationKinds } = await import(core);
  if (options.plant !== null && !Object.hasOwn(plantedBugs, options.plant)) {
    process.stderr.write(`chaos: --plant: wanted one of ${Object.keys(plantedBugs).join(", ")}.\n`);
    return 2;
  }
  /** @type {Count} */
  const sum = { participants: 0, matches: 0, violations: {}, failing: [] };
  for (const kind of violationKinds) sum.violations[kind] = 0;
  await run(options, (count) => {
    sum.participants += count.participants;
    sum.matches += count.matches;
    sum.failing.push(...count.failing);
    for (const [kind, n] of Object.entries(count.violations)) {
      sum.violations[kind] = (sum.violations[kind] ?? 0) + n;
    }
  });
  sum.failing.sort((a, b) => a.seed - b.seed);
  report(options, sum);
  return sum.failing.length === 0 ? 0 : 1;
}

/**
 * @param {{ first: number, count: number, plant: string | null }} options
 * @param {(count: Count) => void} add
 */
async function run({ first, count, plant }, add) {
  let next = first;
  const workers = Array.from({ length: Math.min(availableParallelism(), Math.ceil(count / SHARE)) }, () => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { core, plant } });
    const give = () => {
      const from = next;
      const to = Math.min(first + count, from + SHARE);
      next = to;
      worker.postMessage(from < to ? { from, to } : null);
    };
    return new Promise((resolve, reject) => {
      worker.on("message", (/** @type {Count} */ result) => {
        add(result);
        give();
      });
      worker.once("error", reject);
      worker.once("exit", resolve);
      give();
    });
  });
  await Promise.all(workers);
}

async function work() {
  const { chaosRun, clusterRun, plantedBugs } = await import(workerData.core);
  const bug = workerData.plant === null ? {} : plantedBugs[workerData.plant];
  parentPort?.on("message", (/** @type {{ from: number, to: number } | null} */ share) => {
    if (share === null) {
      parentPort?.close();
      return;
    }
    /** @type {Count} */
    const count = { participants: 0, matches: 0, violations: {}, failing: [] };
    for (let seed = share.from; seed < share.to; seed += 1) {
      for (const [setting, run] of Object.entries({ "one server": chaosRun, "several nodes": clusterRun })) {
        let result;
        try {
          result = run(`s${seed}`, "crowds", bug);
        } catch (error) {
          // As bad as a promise broken, and as easily looked at again by its seed.
          count.failing.push({ seed, what: `${setting}: ${error instanceof Error ? error.stack : error}` });
          continue;
        }
        count.participants += result.participants;
        count.matches += result.matches;
        for (const { kind, what, at } of result.violations) {
          count.violations[kind] = (count.violations[kind] ?? 0) + 1;
          count.failing.push({ seed, what: `${setting}, ${kind}: ${what}, at ${at}` });
        }
      }
    }
    parentPort?.postMessage(count);
  });
}

/**
 * @param {{ count: number, json: boolean }} options
 * @param {Count} sum
 */
function report({ count, json }, { participants, matches, violations, failing }) {
  const failingSeeds = [...new Set(failing.map(({ seed }) => seed))];
  // The first of each kind of a seed: what is wrong at one time is wrong at many.
  const firsts = new Map();
  for (const failure of failing) {
    const key = `${failure.seed} ${failure.what.split(":", 1)}`;
    if (!firsts.has(key)) firsts.set(key, failure);
  }
  const lines = [...firsts.values()].slice(0, 20).map(({ seed, what }) => `seed ${seed}: ${what}\n`);
  if (json) {
    const more = failingSeeds.length === 0 ? {} : { failingSeeds };
    process.stdout.write(`${JSON.stringify({ seeds: count, participants, matches, violations, ...more })}\n`);
    process.stderr.write(lines.join(""));
    return;
  }
  const table = Object.entries(violations).map(([kind, n]) => `  ${kind.padEnd(22)} ${n}\n`);
  process.stdout.write(
    `${count} seeds, ${participants} participants, ${matches} matches\n${table.join("")}${lines.join("")}`,
  );
  if (failingSeeds.length > 0) process.stdout.write(`Failing seeds: ${failingSeeds.join(", ")}\n`);
}

/**
 * @param {string} name
 * @param {string | undefined} text
 * @param {number} otherwise
 * @param {number} least
 */
function whole(name, text, otherwise, least) {
  const number = text === undefined ? otherwise : Number(text);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new Error(`--${name}: wanted a whole number of at least ${least}, given ${text}.`);
}
