import { createServer } from "node:http";
import { Server, type Socket } from "socket.io";

/**
 * What socket.io alone costs: pairs up whoever comes, in memory, and relays the same messages between page and server as
 * a probed match does, without looking at any of them.
 */
export function startBareServer(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const http = createServer();
  const io = new Server(http, { path: "/probematch/socket.io/", serveClient: false });
  let first: Socket | null = null;
  let matches = 0;
  io.on("connection", (socket) => {
    socket.emit("welcome", { protocol: 1, resumeToken: "x".repeat(200), groupSize: 2 });
    socket.emit("waiting", { position: 1, lobbyCount: 1, groupSize: 2, waitedMs: 0 });
    if (socket.handshake.auth["idle"] === true) return;
    if (first === null) {
      first = socket;
      return;
    }
    const pair = [first, socket] as const;
    first = null;
    matches += 1;
    runPair(pair, `m${matches}`);
  });
  return new Promise((resolve) => {
    http.listen(0, "127.0.0.1", () => {
      const address = http.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      resolve({ port, close: () => new Promise((done) => void io.close(() => done())) });
    });
  });
}

function runPair(pair: readonly [Socket, Socket], id: string): void {
  const both = (event: string, message: object) => {
    for (const socket of pair) socket.emit(event, message);
  };
  const afterBoth = (event: string, next: () => void) => {
    let count = 0;
    for (const socket of pair) {
      socket.once(event, () => {
        count += 1;
        if (count === 2) next();
      });
    }
  };
  afterBoth("probeReady", () => both("probeStart", { probeId: id }));
  afterBoth("probeReport", () => both("confirm", { proposalId: id, remainingMs: 5000 }));
  afterBoth("confirmed", () =>
    both("matched", { matchId: id, seat: 0, groupSize: 2, peers: [], room: null }),
  );
  both("probing", { proposalId: id, members: 2 });
  both("probePrepare", { probeId: id, proposalId: id, initiator: true, iceServers: [], remainingMs: 20_000 });
}
