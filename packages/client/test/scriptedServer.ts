import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type ClientMessages,
  type Refusal,
  type ServerMessages,
  type Signal,
  SOCKET_PATH,
} from "@probematch/shared";
import { Server, type Socket } from "socket.io";

/** One page's connection, as the test plays the server to it. */
export class ScriptedPage {
  readonly #socket: Socket;
  readonly #received: [string, unknown][] = [];
  readonly #waiting: (() => void)[] = [];
  /** Resolves with the reason when the connection is gone. */
  readonly closed: Promise<string>;
  readonly #onSignal: { probeId: string; listener: (signal: Signal) => void }[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once("disconnect", resolve));
    socket.onAny((event: string, payload: unknown) => {
      if (event === "probeSignal") this.#relay(payload as ClientMessages["probeSignal"]);
      this.#received.push([event, payload]);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  get handshake(): Record<string, unknown> {
    return this.#socket.handshake.auth;
  }

  tell<K extends keyof ServerMessages>(event: K, message: ServerMessages[K]): void {
    this.#socket.emit(event, message);
  }

  /** Something that no server of ours would send. */
  tellGarbage(event: string, payload: unknown): void {
    this.#socket.emit(event, payload);
  }

  welcome(changes: Partial<ServerMessages["welcome"]> = {}): void {
    this.tell("welcome", {
      protocol: 1,
      scene: "scene",
      participantId: "p1",
      resumeToken: "resume-1",
      groupSize: 2,
      resumed: false,
      serverRtt: { intervalMs: 60_000, burst: 3, timeoutMs: 5000 },
      ...changes,
    });
  }

  onSignal(probeId: string, listener: (signal: Signal) => void): void {
    this.#onSignal.push({ probeId, listener });
  }

  #relay({ probeId, signal }: ClientMessages["probeSignal"]): void {
    for (const { listener } of this.#onSignal.filter((on) => on.probeId === probeId)) listener(signal);
  }

  /** The next message of this name that was not read yet and is the one that is meant; waits for it. */
  async heard<K extends keyof ClientMessages>(
    event: K,
    isMeant: (message: ClientMessages[K]) => boolean = () => true,
  ): Promise<ClientMessages[K]> {
    for (;;) {
      const index = this.#received.findIndex(
        ([name, message]) => name === event && isMeant(message as ClientMessages[K]),
      );
      if (index >= 0) return this.#received.splice(index, 1)[0]?.[1] as ClientMessages[K];
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Names of the messages that were not read yet. */
  get unread(): string[] {
    return this.#received.map(([event]) => event);
  }

  /** The server ends the connection. */
  drop(): void {
    this.#socket.disconnect(true);
  }

  /** The network ends the connection: neither side says a word. */
  cut(): void {
    this.#socket.conn.close();
  }
}

/** The outside world of the SDK: a real socket.io server that does what a test says. */
export class ScriptedServer {
  readonly #io: Server;
  readonly #http = createServer();
  readonly #pages: ScriptedPage[] = [];
  readonly #waiting: (() => void)[] = [];
  /** Connections that were sent away. */
  refused = 0;
  /** Asked for every connection; a refusal sends the page away. */
  judge: (handshake: Record<string, unknown>) => Refusal | null = () => null;

  constructor(path: string = SOCKET_PATH) {
    this.#io = new Server(this.#http, { path });
    this.#io.use((socket, next) => {
      const refusal = this.judge(socket.handshake.auth);
      if (refusal !== null) this.refused += 1;
      next(refusal === null ? undefined : Object.assign(new Error(refusal.message), { data: refusal }));
    });
    this.#io.on("connection", (socket) => {
      this.#pages.push(new ScriptedPage(socket));
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  async listen(): Promise<string> {
    this.#http.listen(0, "127.0.0.1");
    await once(this.#http, "listening");
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** The next page that connects. */
  async page(): Promise<ScriptedPage> {
    for (;;) {
      const page = this.#pages.shift();
      if (page !== undefined) return page;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async close(): Promise<void> {
    await this.#io.close();
  }
}
