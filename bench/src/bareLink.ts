import type { AddressInfo } from "node:net";
import { median, type Signal } from "@probematch/shared";
import type { Lab } from "@probematch/testbed";
import { type WebSocket as NodeSocket, WebSocketServer } from "ws";

/** What two pages need at least to reach each other: two RTCPeerConnections and somebody who carries their signals. */
export interface BareLink {
  /** Connects two pages anew and has both measure the other; `null`: they did not in time. */
  run(): Promise<BareRun | null>;
  close(): Promise<void>;
}

export interface BareRun {
  /** From the word "go" to both pages until both have said that their channel is open. */
  readonly setupMs: number;
  /** From the same word until both have said what they found by {@link FIXED_SCHEME}. */
  readonly fixedSchemeMs: number;
  /** What they found: the mean of both medians. */
  readonly rttMs: number;
}

/**
 * What is done without us, as the platforms write it that measure a peer at all: five pings, one after the other, each
 * awaited for two seconds at most and followed by a pause; their median.
 */
const FIXED_SCHEME = { pings: 5, pingTimeoutMs: 2000, pauseMs: 100 } as const;

const TIMEOUT_MS = 20_000;
const NAMES = ["first", "second"] as const;
/** Of all links of this process: a relay's link belongs to two connections and no others. */
let runs = 0;

type Message =
  | { readonly ready: true }
  | { readonly signal: Signal }
  | { readonly open: true }
  | { readonly medianMs: number };

/** A plain websocket per page, without a library, carries the signals; they pass the same relay. */
export async function openBareLink(lab: Lab): Promise<BareLink> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    async run() {
      runs += 1;
      const linkId = `bare-${runs}`;
      const sockets: (NodeSocket | undefined)[] = [undefined, undefined];
      const ready = bothOf<true>();
      const open = bothOf<true>();
      const measured = bothOf<number>();
      const onConnection = (socket: NodeSocket, request: { readonly url?: string }) => {
        const side = request.url === "/1" ? 1 : 0;
        sockets[side] = socket;
        socket.on("message", (data: Buffer) => {
          const message = JSON.parse(data.toString()) as Message;
          if ("signal" in message) {
            const signal = lab.relay.rewrite(linkId, NAMES[side], message.signal, NAMES[side === 0 ? 1 : 0]);
            sockets[1 - side]?.send(JSON.stringify({ signal }));
          } else if ("ready" in message) ready.add(true);
          else if ("open" in message) open.add(true);
          else measured.add(message.medianMs);
        });
      };
      server.on("connection", onConnection);
      const late = AbortSignal.timeout(TIMEOUT_MS);
      try {
        for (const [side, page] of lab.pages.entries())
          await page.evaluate(connectBare, { url: `${url}/${side}`, ...FIXED_SCHEME });
        if ((await ready.inTime(late)) === null) return null;
        const startedAt = performance.now();
        for (const socket of sockets) socket?.send(JSON.stringify({ go: true }));
        if ((await open.inTime(late)) === null) return null;
        const setupMs = performance.now() - startedAt;
        // The median of two is their mean.
        const rttMs = median((await measured.inTime(late)) ?? []);
        return rttMs === null ? null : { setupMs, fixedSchemeMs: performance.now() - startedAt, rttMs };
      } finally {
        server.off("connection", onConnection);
        for (const socket of sockets) socket?.close();
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of server.clients) socket.terminate();
      }),
  };
}

/** Waits for the same word of both pages. */
function bothOf<T>(): {
  add(value: T): void;
  /** `null`: not in time. */
  inTime(late: AbortSignal): Promise<readonly T[] | null>;
} {
  const values: T[] = [];
  let resolve = (_both: readonly T[]) => {};
  const both = new Promise<readonly T[]>((done) => {
    resolve = done;
  });
  return {
    add(value) {
      if (values.push(value) === NAMES.length) resolve(values);
    },
    inTime: (late) =>
      Promise.race([
        both,
        new Promise<null>((done) => late.addEventListener("abort", () => done(null), { once: true })),
      ]),
  };
}

/** Runs in the page. */
function connectBare({
  url,
  pings,
  pingTimeoutMs,
  pauseMs,
}: { readonly url: string } & typeof FIXED_SCHEME): void {
  const socket = new WebSocket(url);
  const tell = (message: Message) => socket.send(JSON.stringify(message));
  const connection = new RTCPeerConnection();
  const channel = connection.createDataChannel("bare", {
    negotiated: true,
    id: 0,
    ordered: false,
    maxRetransmits: 0,
  });
  const pending = new Map<number, () => void>();
  channel.onmessage = ({ data }) => {
    const frame = JSON.parse(data) as { readonly ping: number } | { readonly pong: number };
    if ("ping" in frame) channel.send(JSON.stringify({ pong: frame.ping }));
    else pending.get(frame.pong)?.();
  };
  const timePing = async (ping: number) => {
    const sentAt = performance.now();
    channel.send(JSON.stringify({ ping }));
    const answered = await new Promise<boolean>((resolve) => {
      pending.set(ping, () => resolve(true));
      setTimeout(() => resolve(false), pingTimeoutMs);
    });
    return answered ? [performance.now() - sentAt] : [];
  };
  channel.onopen = async () => {
    tell({ open: true });
    const rttsMs: number[] = [];
    for (let ping = 0; ping < pings; ping += 1) {
      if (ping > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      rttsMs.push(...(await timePing(ping)));
    }
    rttsMs.sort((a, b) => a - b);
    const medianMs = rttsMs[Math.floor(rttsMs.length / 2)];
    if (medianMs !== undefined) tell({ medianMs });
  };
  connection.onicecandidate = ({ candidate }) => {
    if (candidate === null || candidate.candidate === "") return;
    const { candidate: line, sdpMid, sdpMLineIndex, usernameFragment } = candidate;
    tell({
      signal: { type: "candidate", candidate: { candidate: line, sdpMid, sdpMLineIndex, usernameFragment } },
    });
  };
  const describe = async (make: () => Promise<RTCSessionDescriptionInit>) => {
    const { type, sdp = "" } = await make();
    await connection.setLocalDescription({ type, sdp });
    tell({ signal: { type: type === "offer" ? "offer" : "answer", sdp } });
  };
  const early: RTCIceCandidateInit[] = [];
  let described = false;
  socket.onopen = () => tell({ ready: true });
  socket.onclose = () => connection.close();
  socket.onmessage = async ({ data }) => {
    const message = JSON.parse(data) as { readonly go: true } | { readonly signal: Signal };
    if (!("signal" in message)) {
      if (url.endsWith("/0")) await describe(() => connection.createOffer());
      return;
    }
    const { signal } = message;
    if (signal.type === "candidate") {
      if (described) await connection.addIceCandidate(signal.candidate as RTCIceCandidateInit);
      else early.push(signal.candidate as RTCIceCandidateInit);
      return;
    }
    await connection.setRemoteDescription(signal);
    described = true;
    for (const candidate of early.splice(0)) await connection.addIceCandidate(candidate);
    if (signal.type === "offer") await describe(() => connection.createAnswer());
  };
}
