import { type Browser, chromium, firefox, type LaunchOptions } from "playwright-core";
import { findOnPath, isExecutable, MissingProgramError } from "./onPath.js";

export type Engine = "chromium" | "firefox";
export const engines: readonly Engine[] = ["chromium", "firefox"];

export interface FoundBrowser {
  readonly executablePath: string;
  /** `playwright` = the build Playwright downloaded for itself; `system` = one installed on this machine. */
  readonly source: "playwright" | "system";
}

/** The browsers this machine has: Playwright's own where they were downloaded, else those on the PATH. */
export function findBrowsers(): Readonly<Record<Engine, FoundBrowser | null>> {
  return {
    chromium:
      playwrights(chromium.executablePath()) ??
      system("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    firefox: playwrights(firefox.executablePath()) ?? system("firefox-esr", "firefox"),
  };
}

export interface LaunchBrowserOptions {
  /**
   * Hide local addresses behind mDNS names, as browsers do for people. Default `false`: resolving the names is the main
   * source of flaky connections on test machines.
   */
  readonly mdns?: boolean;
  /**
   * Let WebRTC use 127.0.0.1, needed where the browsers run outside of a network namespace. Chromium's pages need the
   * context permission `microphone` as well. Default `false`.
   */
  readonly loopback?: boolean;
  /** Default `true`. */
  readonly headless?: boolean;
  /** Time to start, in ms. Default 30,000. */
  readonly timeoutMs?: number;
}

/**
 * Starts a real browser for WebRTC tests.
 *
 * @throws {MissingProgramError} when the machine has no such browser
 *
 * @example
 * const browser = await launchBrowser("firefox");
 * const page = await browser.newPage();
 * // …
 * await browser.close();
 */
export async function launchBrowser(engine: Engine, options: LaunchBrowserOptions = {}): Promise<Browser> {
  const found = findBrowsers()[engine];
  if (found === null) {
    throw new MissingProgramError(
      `no ${engine} on this machine: install it (Debian: apt-get install ${engine === "firefox" ? "firefox-esr" : engine}) ` +
        `or run: npx playwright install ${engine}`,
    );
  }
  const { headless = true, timeoutMs = 30_000 } = options;
  const common = { headless, timeout: timeoutMs, executablePath: found.executablePath };
  return engine === "chromium"
    ? chromium.launch({ ...common, args: chromiumArguments(options) })
    : firefox.launch({ ...common, ...firefoxOptions(options, found) });
}

function chromiumArguments({ mdns = false, loopback = false }: LaunchBrowserOptions): string[] {
  const args = ["--disable-dev-shm-usage"];
  // Chromium's sandbox refuses to run as root, which is what test machines and containers often are.
  if (process.getuid?.() === 0) args.push("--no-sandbox");
  if (!mdns) args.push("--disable-features=WebRtcHideLocalIpsWithMdns");
  if (loopback) args.push("--allow-loopback-in-peer-connection");
  return args;
}

function firefoxOptions(
  { mdns = false, loopback = false }: LaunchBrowserOptions,
  { source }: FoundBrowser,
): LaunchOptions {
  const options: LaunchOptions = {
    firefoxUserPrefs: {
      "media.peerconnection.ice.obfuscate_host_addresses": mdns,
      "media.peerconnection.ice.loopback": loopback,
      // Otherwise closing takes five seconds.
      "toolkit.shutdown.fastShutdownStage": 3,
    },
  };
  // Playwright's own build speaks its own protocol; a stock Firefox is driven through WebDriver BiDi.
  return source === "system" ? { ...options, channel: "moz-firefox" } : options;
}

function playwrights(executablePath: string): FoundBrowser | null {
  return isExecutable(executablePath) ? { executablePath, source: "playwright" } : null;
}

function system(...names: readonly string[]): FoundBrowser | null {
  const executablePath = findOnPath(...names);
  return executablePath === null ? null : { executablePath, source: "system" };
}
