import { type Browser, type BrowserContext, chromium, firefox, type LaunchOptions } from "playwright-core";
import { isInNamespace } from "./namespace.js";
import { findOnPath, isExecutable, MissingProgramError } from "./onPath.js";
import { freePort } from "./services/service.js";

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
  const installed = installedBrowser(engine);
  const common = commonOptions(options, installed);
  return engine === "chromium"
    ? chromium.launch({ ...common, args: chromiumArguments(options) })
    : firefox.launch({ ...common, ...firefoxOptions(options, installed) });
}

/** One browser of one person: its tabs hide one another, and what is hidden is slowed down. */
export interface PersonalBrowser {
  /** The only one there is. */
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/**
 * Starts a browser in which a tab behind another one counts as hidden, with slow timers, as people's browsers have it
 * (see {@link hide}). WebRTC works in its pages on this machine.
 *
 * Firefox is so in any case. Playwright makes every Chromium page that it drives believe that it is in front (focus emulation), and no
 * later message takes that back. It leaves alone only the pages of a browser it did not start itself, and there only those of the
 * default context. So it is told to start one, and then to connect to it as to a stranger's.
 *
 * @throws {MissingProgramError} when the machine has no such browser
 */
export async function launchPersonalBrowser(engine: Engine): Promise<PersonalBrowser> {
  const options: LaunchBrowserOptions = { loopback: !isInNamespace() };
  if (engine === "firefox") {
    const browser = await launchBrowser(engine, options);
    return { context: await browser.newContext(), close: () => browser.close() };
  }
  const host = "127.0.0.1";
  const port = await freePort(host);
  const started = await chromium.launch({
    ...commonOptions(options, installedBrowser(engine)),
    args: [...chromiumArguments(options), `--remote-debugging-port=${port}`],
    ignoreDefaultArgs: [
      "--disable-background-timer-throttling",
      "--disable-backgrounding-occluded-windows",
      "--disable-renderer-backgrounding",
    ],
  });
  try {
    const browser = await chromium.connectOverCDP(`http://${host}:${port}`, { noDefaults: true });
    const [context] = browser.contexts();
    if (context === undefined) throw new Error("this Chromium has no default context");
    // Outside of a namespace Chromium uses 127.0.0.1 only for pages that may use the microphone.
    if (options.loopback === true) await context.grantPermissions(["microphone"]);
    return { context, close: () => started.close() };
  } catch (error) {
    await started.close();
    throw error;
  }
}

function installedBrowser(engine: Engine): FoundBrowser {
  const found = findBrowsers()[engine];
  if (found !== null) return found;
  throw new MissingProgramError(
    `no ${engine} on this machine: install it (Debian: apt-get install ${engine === "firefox" ? "firefox-esr" : engine}) ` +
      `or run: npx playwright install ${engine}`,
  );
}

function commonOptions(
  { headless = true, timeoutMs = 30_000 }: LaunchBrowserOptions,
  { executablePath }: FoundBrowser,
): LaunchOptions {
  // Whoever is told to end closes its browsers itself, after what is under way; at the process' exit they end in any case.
  const ownSignals = { handleSIGINT: false, handleSIGTERM: false };
  return { headless, timeout: timeoutMs, executablePath, ...ownSignals };
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
