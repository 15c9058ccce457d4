import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { MeasuringThread, ProbeReport, Signal } from "@probematch/shared";
import type { Page } from "playwright-core";
import { type Engine, launchBrowser, launchPersonalBrowser, type PersonalBrowser } from "../browsers.js";
import { hide, unhide } from "../hide.js";
import { isInNamespace } from "../namespace.js";
import { createDelayRelay, type DelayRelay } from "../relay/delayRelay.js";
import type { Impairment } from "../relay/impairment.js";
import { type Cell, type Condition, delaysMs, enginesOf, type Pair } from "./grid.js";
import { keepBusy, leave, type PageAccount, takePart } from "./pageDriver.js";
import type { CalibrationSample } from "./rows.js";
import { trueRttMs } from "./truth.js";

/** How one probe ended on the server: the joined measurement, or why there is none. */
export interface ProbeOutcome {
  readonly probeId: string;
  readonly measurement: {
    readonly rttMs: number;
    readonly rawRttMs: number;
    readonly interval95Ms: readonly [number, number] | null;
  } | null;
  readonly failure: string | null;
}

/** The server under test, as a study runs it: on the study's own HTTP server, with one scene for two. */
export interface ServerUnderTest {
  readonly sceneId: string;
  attach(httpServer: Server): void;
  onProbe(listener: (outcome: ProbeOutcome) => void): () => void;
  close(): Promise<void>;
}

/** Starts one, with a scene that measures every pair and accepts it. All signals have to go through `transformSignal`. */
export type StartServer = (options: {
  readonly transformSignal: (from: string, to: string, probeId: string, signal: Signal) => Signal;
}) => Promise<ServerUnderTest>;

/** Everything known about one probe of the lab. */
export interface LabProbe extends Partial<CalibrationSample> {
  readonly cell: Cell;
  readonly probeId: string | null;
  /** Why it gave no number; `null` when it did. */
  readonly failure: string | null;
  /** Both pages' own accounts, the first page's first. */
  readonly reports: readonly (ProbeReport | null)[];
}

export interface LabProbeOptions {
  /** Default: the server's {@link ServerUnderTest.sceneId}. */
  readonly sceneId?: string;
  /** The SDK's option of this name. Default: `worker`, as there. */
  readonly measureIn?: MeasuringThread;
}

export interface Lab {
  readonly pair: Pair;
  /** The first and the second engine's page, each in a browser of its own. */
  readonly pages: readonly Page[];
  readonly relay: DelayRelay;
  /** False where the browser cannot be brought into this condition. */
  prepare(cell: Cell): Promise<boolean>;
  /** One probe; call {@link Lab.prepare} before the first of a cell. */
  probe(cell: Cell, options?: LabProbeOptions): Promise<LabProbe>;
  close(): Promise<void>;
}

const BUSY_EVERY_MS = 100;
const busyMs: Partial<Record<Condition, readonly [number, number]>> = {
  "busy-first": [20, 0],
  "busy-second": [0, 20],
  "heavy-first": [70, 0],
  "heavy-second": [0, 70],
};
const PROBE_TIMEOUT_MS = 45_000;

export interface LabOptions {
  /** The first page can be brought into the background. Default: `false`. */
  readonly canHideFirst?: boolean;
}

/** Two real browsers, one page each, a server, and the delay relay between the pages. */
export async function openLab(
  pair: Pair,
  startServer: StartServer,
  { canHideFirst = false }: LabOptions = {},
): Promise<Lab> {
  const relay = createDelayRelay({
    seed: pair,
    alert: true,
    ...(isInNamespace() ? {} : { host: "127.0.0.1" }),
  });
  const closers: (() => unknown)[] = [() => relay.close()];
  const close = async () => {
    for (const end of closers.splice(0).reverse()) await end();
  };
  try {
    const server = await startServer({
      transformSignal: (from, to, probeId, signal) => relay.rewrite(probeId, from, signal, to),
    });
    closers.push(() => server.close());
    const outcomes = new Map<string, ProbeOutcome>();
    server.onProbe((outcome) => outcomes.set(outcome.probeId, outcome));
    const site = await openSite(server);
    closers.push(site.close);
    const pages: Page[] = [];
    // Two processes even of one engine: two people do not share a browser.
    for (const engine of enginesOf(pair)) {
      const browser = await openBrowser(engine, canHideFirst && pages.length === 0);
      closers.push(() => browser.close());
      const page = await browser.context.newPage();
      await page.goto(site.url);
      pages.push(page);
    }
    return new BrowserLab(pair, pages, relay, server, outcomes, site.url, close);
  } catch (error) {
    await close();
    throw error;
  }
}

class BrowserLab implements Lab {
  readonly pair: Pair;
  readonly pages: readonly Page[];
  readonly relay: DelayRelay;
  readonly close: () => Promise<void>;
  readonly #server: ServerUnderTest;
  readonly #outcomes: Map<string, ProbeOutcome>;
  readonly #url: string;
  #count = 0;

  constructor(
    pair: Pair,
    pages: readonly Page[],
    relay: DelayRelay,
    server: ServerUnderTest,
    outcomes: Map<string, ProbeOutcome>,
    url: string,
    close: () => Promise<void>,
  ) {
    this.pair = pair;
    this.pages = pages;
    this.relay = relay;
    this.#server = server;
    this.#outcomes = outcomes;
    this.#url = url;
    this.close = close;
  }

  async prepare({ condition }: Cell): Promise<boolean> {
    // A page that works needs a core, the relay that stays awake another: a machine may have no more.
    this.relay.setAlert(busyMs[condition] === undefined);
    for (const [i, page] of this.pages.entries()) {
      await unhide(page);
      await page.goto(condition === "isolated" ? `${this.#url}isolated` : this.#url);
      if (condition === "background" && i === 0 && !(await hide(page))) return false;
      const workMs = busyMs[condition]?.[i] ?? 0;
      if (workMs > 0) await keepBusy(page, workMs, BUSY_EVERY_MS);
    }
    return true;
  }

  async probe(
    cell: Cell,
    { sceneId = this.#server.sceneId, measureIn = "worker" }: LabProbeOptions = {},
  ): Promise<LabProbe> {
    this.#count += 1;
    const ids = this.pages.map((_, i) => `${i === 0 ? "first" : "second"}-${this.#count}`);
    const impairments = impairmentsOf(cell);
    for (const [i, id] of ids.entries()) this.relay.setParticipant(id, { out: impairments[i] ?? {}, in: {} });
    const startedAt = performance.timeOrigin + performance.now();
    const accounts = await Promise.all(
      this.pages.map((page, i) =>
        takePart(page, {
          scene: sceneId,
          participantId: ids[i] ?? "",
          measureWhileHidden: cell.condition === "background",
          measureIn,
          timeoutMs: PROBE_TIMEOUT_MS,
        }),
      ),
    );
    // Where a probe failed by accident, the server repeats it within the proposal: the last one counts.
    const probeId = accounts.flatMap(({ measured }) => measured.map((event) => event.probeId)).at(-1) ?? null;
    const outcome = probeId === null ? undefined : this.#outcomes.get(probeId);
    this.#outcomes.clear();
    for (const page of this.pages) await leave(page);
    const reports = accounts.map(
      ({ measured }) => measured.find((event) => event.probeId === probeId)?.report ?? null,
    );
    const truth = probeId === null ? null : this.#truth(probeId, ids, impairments, startedAt);
    for (const id of ids) this.relay.setParticipant(id, null);
    if (outcome?.measurement == null || truth === null) {
      return { cell, probeId, failure: outcome?.failure ?? explain(accounts), reports };
    }
    return { cell, probeId, failure: null, reports, trueRttMs: truth, ...outcome.measurement };
  }

  #truth(
    probeId: string,
    ids: readonly string[],
    impairments: readonly [Partial<Impairment>, Partial<Impairment>],
    fromAt: number,
  ): number | null {
    const [there = [], back = []] = ids.map((id) => this.relay.records(probeId, id, { fromAt }));
    return trueRttMs(impairments, there, back);
  }
}

/** What the first page's packets pass through, and what the second page's do. */
function impairmentsOf(cell: Cell): readonly [Partial<Impairment>, Partial<Impairment>] {
  const { jitterMs, lossRatio } = cell;
  const [there, back] = delaysMs(cell);
  return [
    { delayMs: there, jitterMs, lossRatio },
    { delayMs: back, jitterMs, lossRatio },
  ];
}

const explain = (accounts: readonly PageAccount[]): string =>
  accounts.find(({ status }) => status !== "matched")?.status ?? "no measurement";

interface Site {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** A study's page with the SDK's script tag: at `/`, and at `/isolated` with the headers of cross-origin isolation. */
async function openSite(server: ServerUnderTest): Promise<Site> {
  const http = createServer((request, response) => {
    response.writeHead(200, {
      "Content-Type": "text/html; charset=utf-8",
      ...(request.url === "/isolated" ? isolation : {}),
    });
    response.end(
      '<!doctype html><html lang="en"><title>calibration</title><link rel="icon" href="data:,"><script src="/probematch/probematch.js"></script></html>',
    );
  });
  server.attach(http);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

async function openBrowser(engine: Engine, isPersonal: boolean): Promise<PersonalBrowser> {
  if (isPersonal) return launchPersonalBrowser(engine);
  const browser = await launchBrowser(engine, { loopback: !isInNamespace() });
  // Outside of a namespace Chromium uses 127.0.0.1 only for pages that may use the microphone.
  const needsPermission = !isInNamespace() && engine === "chromium";
  const context = await browser.newContext(needsPermission ? { permissions: ["microphone"] } : {});
  return { context, close: () => browser.close() };
}
