// @ts-check
/** What the tests need besides Node and npm, and how to get it. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

/**
 * @typedef {object} Need
 * @property {string} what for people
 * @property {string} apt the Debian package
 * @property {string[]} programs any one of them will do
 * @property {"chromium" | "firefox"} [browser] Playwright's own build of it will do as well
 * @property {boolean} [optional] the tests run without it, in a poorer way
 */

/** @type {readonly Need[]} */
const needs = [
  {
    what: "Chromium",
    apt: "chromium",
    programs: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    browser: "chromium",
  },
  { what: "Firefox", apt: "firefox-esr", programs: ["firefox-esr", "firefox"], browser: "firefox" },
  { what: "Redis", apt: "redis-server", programs: ["redis-server", "valkey-server"] },
  { what: "coturn", apt: "coturn", programs: ["turnserver"] },
  { what: "HAProxy", apt: "haproxy", programs: ["haproxy"] },
  { what: "iproute2", apt: "iproute2", programs: ["ip"], optional: process.platform !== "linux" },
];

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} program */
function isOnPath(program) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...folders, "/usr/sbin", "/sbin", "/usr/local/sbin"].some((folder) =>
    isExecutable(join(folder, program)),
  );
}

/** @param {"chromium" | "firefox"} browser */
function hasPlaywrights(browser) {
  try {
    const requireFromTestbed = createRequire(new URL("../../packages/testbed/package.json", import.meta.url));
    return isExecutable(requireFromTestbed("playwright-core")[browser].executablePath());
  } catch {
    return false;
  }
}

/** @param {Need} need */
function isThere(need) {
  return need.programs.some(isOnPath) || (need.browser !== undefined && hasPlaywrights(need.browser));
}

export const missingNeeds = () => needs.filter((need) => need.optional !== true && !isThere(need));

/** The words before `apt-get`, or `null` where this user cannot install without being asked something. */
function aptPrefix() {
  if (process.platform !== "linux" || !isOnPath("apt-get")) return null;
  if (process.getuid?.() === 0) return [];
  return spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0 ? ["sudo", "-n", "-E"] : null;
}

/**
 * Installs what is missing, where that works without questions.
 *
 * @returns {string | null} what is still missing and what to do about it
 */
export function provideNeeds() {
  const missing = missingNeeds();
  if (missing.length === 0) return null;
  const prefix = aptPrefix();
  if (prefix !== null) {
    process.stdout.write(`Installing for the tests: ${missing.map(({ what }) => what).join(", ")}\n`);
    // RUNLEVEL=1 keeps Debian from starting the servers as services: the tests start their own.
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
    /** @param {string[]} words */
    const apt = (...words) => {
      const [command = "apt-get", ...args] = [...prefix, "apt-get", ...words];
      spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"], env });
    };
    // A machine that was just started may be upgrading itself: apt has one lock for all.
    const install = ["-o", "DPkg::Lock::Timeout=300", "install", "-qy", "--no-install-recommends"];
    apt("-o", "DPkg::Lock::Timeout=300", "update", "-q");
    apt(...install, ...missing.map((need) => need.apt));
    // One package the distribution does not have fails all of them: then one by one.
    if (missingNeeds().length > 1) for (const need of missingNeeds()) apt(...install, need.apt);
  }
  const still = missingNeeds();
  if (still.length === 0) return null;
  const browsers = still.flatMap(({ browser }) => browser ?? []);
  return [
    `The tests need ${still.map(({ what }) => what).join(", ")}.`,
    `  Debian and Ubuntu: sudo apt-get install ${still.map(({ apt }) => apt).join(" ")}`,
    ...(process.platform === "darwin" ? ["  macOS: brew install redis coturn haproxy"] : []),
    ...(browsers.length > 0
      ? [`  or, for the browsers: npx --yes playwright@1.64.1 install --with-deps ${browsers.join(" ")}`]
      : []),
  ].join("\n");
}
