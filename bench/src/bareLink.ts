import type { AddressInfo } from "node:net";
import type { Signal } from "@probematch/shared";
import type { Lab } from "@probematch/testbed";
import { type WebSocket as NodeSocket, WebSocketServer } from "ws";

/** What two pages need at least to reach each other: two RTCPeerConnections and somebody who carries their signals. */
export interface BareLink {
  /** ms from the word "go" to both pages until both have said that their channel is open; `null`: they did not in time. */
  timeSetup(): Promise<number | null>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 10_000;
/** Of all links of this process: a relay's link belongs to two connections and no others. */
let run = 0;

type Message = { readonly signal: Signal } | { readonly open: true } | { readonly ready: true };

/** A plain websocket per page, without a library, carries the signals; they pass the same relay. */
export async function openBareLink(lab: Lab): Promise<BareLink> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    async timeSetup() {
      run += 1;
      const linkId = `bare-${run}`;
      const names = ["first", "second"] as const;
      const sockets: (NodeSocket | undefined)[] = [undefined, undefined];
      const counts = { ready: 0, open: 0 };
      let resolveReady = () => {};
      let resolveOpen = () => {};
      const ready = new Promise<void>((resolve) => {
        resolveReady = resolve;
      });
      const open = new Promise<void>((resolve) => {
        resolveOpen = resolve;
      });
      const onConnection = (socket: NodeSocket, request: { readonly url?: string }) => {
        const side = request.url === "/1" ? 1 : 0;
        sockets[side] = socket;
        socket.on("message", (data: Buffer) => {
          const message = JSON.parse(data.toString()) as Message;
          if ("signal" in message) {
            const signal = lab.relay.rewrite(linkId, names[side], message.signal, names[1 - side]);
            sockets[1 - side]?.send(JSON.stringify({ signal }));
          } else if ("ready" in message) {
            counts.ready += 1;
            if (counts.ready === 2) resolveReady();
          } else {
            counts.open += 1;
            if (counts.open === 2) resolveOpen();
          }
        });
      };
      server.on("connection", onConnection);
      const late = AbortSignal.timeout(TIMEOUT_MS);
      const inTime = (event: Promise<void>) =>
        Promise.race([
          event.then(() => true),
          new Promise<false>((resolve) => late.addEventListener("abort", () => resolve(false))),
        ]);
      try {
        for (const [side, page] of lab.pages.entries()) await page.evaluate(connectBare, `${url}/${side}`);
        if (!(await inTime(ready))) return null;
        const startedAt = performance.now();
        for (const socket of sockets) socket?.send(JSON.stringify({ go: true }));
        return (await inTime(open)) ? performance.now() - startedAt : null;
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

/** Runs in the page. */
function connectBare(url: string): void {
  const socket = new WebSocket(url);
  const tell = (message: Message) => socket.send(JSON.stringify(message));
  const connection = new RTCPeerConnection();
  const channel = connection.createDataChannel("bare", {
    negotiated: true,
    id: 0,
    ordered: false,
    maxRetransmits: 0,
  });
  channel.onopen = () => tell({ open: true });
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
