import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Signal } from "@probematch/shared";
import { type Engine, engines, findBrowsers, isInNamespace, launchBrowser } from "@probematch/testbed";
import { type Figures, figuresOf, print } from "./figures.js";

/** Of every 100 ms, how many the page that pings and the one that answers spend working. */
const conditions = {
  idle: [0, 0],
  "busy-first": [20, 0],
  "busy-second": [0, 20],
  "busy-both": [20, 20],
  "heavy-first": [70, 0],
  "heavy-second": [0, 70],
} as const;
type Condition = keyof typeof conditions;
const everyCondition = Object.keys(conditions) as Condition[];
/** Two of the busy page's periods. */
const PINGS = 40;
const SPACING_MS = 5;

interface WorkerRow {
  readonly engine: Engine;
  readonly condition: Condition;
  /** Which thread of both pages sends, stamps and answers the pings. */
  readonly thread: "page" | "worker";
  /** RTTs of single pings over loopback, ms: the path itself takes next to nothing. */
  readonly rttMs: Figures;
}

type LabPage = Awaited<ReturnType<Awaited<ReturnType<typeof launchBrowser>>["newPage"]>>;

/** Can a DataChannel's pings be kept off a busy page's main thread, and what does that gain? */
export async function benchWorker({ rounds, json }: { rounds: number; json?: true }): Promise<void> {
  const site = createServer((_, response) => {
    response.writeHead(200, {
      "Content-Type": "text/html",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    });
    response.end('<!doctype html><html lang="en"><title>bench</title><link rel="icon" href="data:,"></html>');
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
  const rows: WorkerRow[] = [];
  const transferable: Partial<Record<Engine, boolean>> = {};
  try {
    for (const engine of engines) {
      if (findBrowsers()[engine] === null) continue;
      const result = await benchEngine(engine, url, rounds);
      transferable[engine] = result.transferable;
      rows.push(...result.rows);
    }
  } finally {
    site.close();
  }
  print({ transferable, rows }, json, () =>
    rows.map(({ rttMs, ...row }) => ({ ...row, pings: rttMs.n, "p50, ms": rttMs.p50, "p95, ms": rttMs.p95 })),
  );
}

async function benchEngine(engine: Engine, url: string, rounds: number) {
  const loopback = !isInNamespace();
  const browser = await launchBrowser(engine, { loopback, timeoutMs: 120_000 });
  try {
    const pages: LabPage[] = [];
    for (const side of [0, 1]) {
      const context = await browser.newContext(
        loopback && engine === "chromium" ? { permissions: ["microphone"] } : {},
      );
      const page = await context.newPage();
      pages.push(page);
      await page.exposeFunction("tellSignal", (signal: Signal) =>
        pages[1 - side]?.evaluate((told) => (globalThis as unknown as PeerWindow).peer.accept(told), signal),
      );
      await page.goto(url);
    }
    const can = await Promise.all(pages.map((page) => page.evaluate(installPeer)));
    const transferable = can.every(Boolean);
    await pages[0]?.evaluate(() => (globalThis as unknown as PeerWindow).peer.offer());
    const threads = transferable ? (["page", "worker"] as const) : (["page"] as const);
    const samples = new Map<string, number[]>();
    for (let round = 0; round < rounds; round += 1) {
      for (const condition of everyCondition) {
        for (const [side, page] of pages.entries()) {
          const workMs = conditions[condition][side] ?? 0;
          await page.evaluate((ms) => (globalThis as unknown as PeerWindow).peer.work(ms), workMs);
        }
        for (const thread of threads) {
          const rtts = await pages[0]?.evaluate(
            ([where, pings, spacing]) =>
              (globalThis as unknown as PeerWindow).peer.ping(where, pings, spacing),
            [thread, PINGS, SPACING_MS] as const,
          );
          const key = `${condition} ${thread}`;
          samples.set(key, [...(samples.get(key) ?? []), ...(rtts ?? [])]);
        }
      }
    }
    const rows = everyCondition.flatMap((condition) =>
      threads.map((thread): WorkerRow => {
        return {
          engine,
          condition,
          thread,
          rttMs: figuresOf(samples.get(`${condition} ${thread}`) ?? [], 2),
        };
      }),
    );
    return { transferable, rows };
  } finally {
    await browser.close();
  }
}

interface PeerWindow {
  peer: {
    offer(): Promise<void>;
    accept(signal: Signal): Promise<void>;
    ping(thread: "page" | "worker", pings: number, spacingMs: number): Promise<number[]>;
    work(ms: number): void;
  };
  tellSignal(signal: Signal): Promise<void>;
}

/** Runs in the page: one channel for it, one for its worker, with the same code on both. Can the channel be handed over? */
function installPeer(): boolean {
  const scope = globalThis as unknown as PeerWindow;
  /** Answers pings and sends its own; in the page as in the worker. */
  const echo = (channel: RTCDataChannel) => {
    const sent = new Map<number, number>();
    let rtts: number[] = [];
    let seq = 0;
    channel.binaryType = "arraybuffer";
    channel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      const at = performance.now();
      const view = new DataView(data);
      if (view.getUint8(0) === 1) {
        view.setUint8(0, 2);
        channel.send(data);
        return;
      }
      const sentAt = sent.get(view.getUint32(1));
      if (sentAt !== undefined) rtts.push(at - sentAt);
    };
    return (pings: number, spacingMs: number) =>
      new Promise<number[]>((resolve) => {
        rtts = [];
        const until = seq + pings;
        const next = () => {
          if (seq === until) {
            setTimeout(() => resolve(rtts), 300);
            return;
          }
          const frame = new DataView(new ArrayBuffer(5));
          frame.setUint8(0, 1);
          frame.setUint32(1, seq);
          sent.set(seq, performance.now());
          seq += 1;
          channel.send(frame.buffer);
          setTimeout(next, spacingMs);
        };
        next();
      });
  };
  const connection = new RTCPeerConnection();
  const unreliable: RTCDataChannelInit = { negotiated: true, ordered: false, maxRetransmits: 0 };
  const pingPage = echo(connection.createDataChannel("page", { ...unreliable, id: 0 }));
  const handedOver = connection.createDataChannel("worker", { ...unreliable, id: 1 });
  const source = `const echo = ${echo}; let ping; onmessage = async ({ data }) => {
    if (data.channel) ping = echo(data.channel); else postMessage(await ping(data.pings, data.spacingMs)); }`;
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  let canTransfer = true;
  try {
    worker.postMessage({ channel: handedOver }, [handedOver as unknown as Transferable]);
  } catch {
    canTransfer = false;
  }
  connection.onicecandidate = ({ candidate }) => {
    if (candidate === null || candidate.candidate === "") return;
    const { candidate: line, sdpMid, sdpMLineIndex, usernameFragment } = candidate;
    void scope.tellSignal({
      type: "candidate",
      candidate: { candidate: line, sdpMid, sdpMLineIndex, usernameFragment },
    });
  };
  const tellDescription = async () => {
    await connection.setLocalDescription();
    const { type, sdp } = connection.localDescription ?? { type: "offer", sdp: "" };
    await scope.tellSignal({ type: type === "answer" ? "answer" : "offer", sdp });
  };
  const connected = new Promise<void>((resolve) => {
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === "connected") setTimeout(resolve, 500);
    };
  });
  let timer: ReturnType<typeof setInterval> | undefined;
  scope.peer = {
    async offer() {
      await tellDescription();
      await connected;
    },
    async accept(signal) {
      if (signal.type === "candidate") {
        await connection.addIceCandidate(signal.candidate as RTCIceCandidateInit);
        return;
      }
      await connection.setRemoteDescription(signal);
      if (signal.type === "offer") await tellDescription();
    },
    async ping(thread, pings, spacingMs) {
      // Anywhere in the busy pages' periods, the first of which is over by then.
      await new Promise((resolve) => setTimeout(resolve, 150 + 100 * Math.random()));
      if (thread === "page") return pingPage(pings, spacingMs);
      return new Promise((resolve) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.postMessage({ pings, spacingMs });
      });
    },
    work(ms) {
      clearInterval(timer);
      if (ms === 0) return;
      timer = setInterval(() => {
        const until = performance.now() + ms;
        while (performance.now() < until);
      }, 100);
    },
  };
  return canTransfer;
}
