import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { connect } from "@probematch/client";
import { createProbematch, FifoMatchmaker, type Probematch, scene } from "@probematch/server";
import { type Figures, figuresOf, print } from "./figures.js";
import { openPages, type Pages } from "./pages.js";

/**
 * The main job, timed from outside: how long the second of two participants waits until both are told of the match.
 * Server and clients share the machine, over loopback, with a file journal.
 */
export async function benchMatch(options: {
  readonly runs: number;
  readonly browsers: boolean;
  readonly json?: true | undefined;
}): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "probematch-bench-"));
  const probematch = await createProbematch({
    dataDir,
    auth: { mode: "open" },
    logLevel: "silent",
    limits: { joinsPerMinutePerAddress: 100_000 },
    scenes: [
      scene("plain").groupSize(2),
      scene("probed")
        .groupSize(2)
        .matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 500 }) }),
    ],
  });
  const http = createServer((_request, response) => {
    response.writeHead(200, { "Content-Type": "text/html", ...isolation });
    response.end("<!doctype html><title>bench</title><script src=/probematch/probematch.js></script>");
  });
  probematch.attach(http);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  try {
    const withoutProbing = await timeInNode(url, probematch, options.runs);
    const withProbing = options.browsers ? await timeInBrowser(url, options.runs) : null;
    const clientFile = sizeOfClientFile();
    print(
      { rows: [withoutProbing, ...(withProbing === null ? [] : [withProbing])], clientFile },
      options.json,
      () => [
        ...[withoutProbing, ...(withProbing === null ? [] : [withProbing])].map((row) => ({
          what: row.what,
          runs: row.fromConnectMs.n,
          "connect() → matched, p50 ms": row.fromConnectMs.p50,
          "p95 ms": row.fromConnectMs.p95,
          "arrival → matched, p50 ms": row.fromArrivalMs?.p50 ?? null,
          "p95 ms ": row.fromArrivalMs?.p95 ?? null,
        })),
        { what: `client file: ${clientFile.gzipBytes} bytes gzip (${clientFile.bytes} raw)` },
      ],
    );
  } finally {
    await probematch.close();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
    await rm(dataDir, { recursive: true, force: true });
  }
}

const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

interface Row {
  readonly what: string;
  /** From the second page's `connect()` until both pages were told of the match: what a participant sees. */
  readonly fromConnectMs: Figures;
  /** From the second arrival in the log until both were told: the server's share; `null` where it was not taken. */
  readonly fromArrivalMs: Figures | null;
}

async function timeInNode(url: string, probematch: Probematch, runs: number): Promise<Row> {
  const fromConnect: number[] = [];
  const fromArrival: number[] = [];
  let arrivedAt = 0;
  const stop = probematch.scenes.get("plain")?.onEvents((events) => {
    if (events.some((event) => event.type === "participant.arrived")) arrivedAt = performance.now();
  });
  // The first matches pay for what the runtime compiles.
  for (let run = -5; run < runs; run += 1) {
    const first = connect(url, { scene: "plain", participantId: `a${run}`, storage: null });
    await new Promise((resolve) => first.once("waiting", resolve));
    const connectAt = performance.now();
    const second = connect(url, { scene: "plain", participantId: `b${run}`, storage: null });
    await Promise.all([first.match(), second.match()]);
    const matchedAt = performance.now();
    if (run >= 0) {
      fromConnect.push(matchedAt - connectAt);
      fromArrival.push(matchedAt - arrivedAt);
    }
    first.leave();
    second.leave();
  }
  stop?.();
  return {
    what: "without probing, clients in Node",
    fromConnectMs: figuresOf(fromConnect),
    fromArrivalMs: figuresOf(fromArrival),
  };
}

async function timeInBrowser(url: string, runs: number): Promise<Row | null> {
  const pages: Pages | null = await openPages("chromium", "chromium", url);
  if (pages === null) return null;
  try {
    const fromConnect: number[] = [];
    for (let run = -2; run < runs; run += 1) {
      const tookMs = await pages.timeMatch("probed", run);
      if (run >= 0) fromConnect.push(tookMs);
    }
    return {
      what: "with probing (5 pings, 100 ms apart), two Chromium pages",
      fromConnectMs: figuresOf(fromConnect),
      fromArrivalMs: null,
    };
  } finally {
    await pages.close();
  }
}

function sizeOfClientFile(): { readonly bytes: number; readonly gzipBytes: number } {
  const file = readFileSync(createRequire(import.meta.url).resolve("@probematch/client/global"));
  return { bytes: file.length, gzipBytes: gzipSync(file, { level: 9 }).length };
}
