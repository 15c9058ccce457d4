import {
  type ClientMessages,
  type Handshake,
  PROTOCOL_VERSION,
  type ProbeReport,
  type Refusal,
  refusalSchema,
  type ServerMessages,
  type Signal,
  SOCKET_PATH,
  serverMessages,
} from "@probematch/shared";
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import * as v from "valibot";

export interface TestPageOptions extends Partial<Handshake> {
  /** Takes part in probes and reports this RTT, without WebRTC. Default: does not answer. */
  readonly rttMs?: number;
  /** How late the server's echoes are answered. Default: 0, at once. */
  readonly answersEchoesAfterMs?: number;
  readonly socket?: Partial<ManagerOptions & SocketOptions>;
}

type Name = keyof ServerMessages;
interface Received {
  readonly name: Name;
  readonly message: unknown;
}

/** Whoever waits for longer is told what came instead. Nothing is measured by it: longer than any deadline of the server's. */
const DEADLINE_MS = 15_000;

/**
 * A page as the server sees one: real socket.io, the protocol, no browser. Keeps everything it receives, and every
 * message has to fit its schema.
 */
export class TestPage {
  readonly socket: Socket;
  /** Everything received, in order. */
  readonly received: Received[] = [];
  readonly misfits: string[] = [];
  /** What this page reports of its next probes; `undefined`: it does not answer. */
  rttMs: number | undefined;
  readonly #echoDelayMs: number;
  #read = 0;
  readonly #waiters = new Set<() => void>();

  constructor(url: string, { rttMs, answersEchoesAfterMs = 0, socket, ...handshake }: TestPageOptions) {
    this.rttMs = rttMs;
    this.#echoDelayMs = answersEchoesAfterMs;
    this.socket = io(url, {
      path: SOCKET_PATH,
      transports: ["websocket"],
      forceNew: true,
      reconnection: false,
      auth: { protocol: PROTOCOL_VERSION, webrtc: true, fresh: true, ...handshake },
      ...socket,
    });
    this.socket.onAny((name: string, message: unknown) => this.#receive(name, message));
    this.socket.on("disconnect", () => this.#wake());
  }

  /** The next message of this name that `next` has not returned yet; what comes before it is passed over. */
  async next<K extends Name>(
    name: K,
    fits: (message: ServerMessages[K]) => boolean = () => true,
  ): Promise<ServerMessages[K]> {
    const deadlineAt = performance.now() + DEADLINE_MS;
    for (;;) {
      while (this.#read < this.received.length) {
        const entry = this.received[this.#read];
        this.#read += 1;
        if (entry?.name !== name) continue;
        const message = entry.message as ServerMessages[K];
        if (fits(message)) return message;
      }
      const seen = this.received.map((entry) => entry.name).join(", ");
      await this.#more(deadlineAt, `no "${name}" came; received: ${seen}`);
    }
  }

  all<K extends Name>(name: K): ServerMessages[K][] {
    return this.received.filter((r) => r.name === name).map((r) => r.message as ServerMessages[K]);
  }

  send<K extends keyof ClientMessages>(name: K, message: ClientMessages[K]): void {
    this.socket.emit(name, message);
  }

  /** Resolves when everything sent before has been dealt with: the server answers in order. */
  async settled(): Promise<void> {
    const seq = Math.floor(Math.random() * 1e9);
    this.send("echo", { seq });
    const deadlineAt = performance.now() + DEADLINE_MS;
    while (!this.all("echoed").some((echoed) => echoed.seq === seq)) {
      await this.#more(deadlineAt, "the server did not answer an echo");
    }
  }

  /** Resolves as soon as the condition holds; asked again after everything that is received. */
  async until(condition: (page: this) => boolean): Promise<void> {
    const deadlineAt = performance.now() + DEADLINE_MS;
    while (!condition(this)) await this.#more(deadlineAt, "the condition did not come true");
  }

  /** How the server refused the connection. */
  refusal(): Promise<Refusal> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the connection was not refused")), DEADLINE_MS);
      this.socket.once("connect_error", (error: Error & { data?: unknown }) => {
        clearTimeout(timer);
        const refusal = v.safeParse(refusalSchema, error.data);
        if (refusal.success) resolve(refusal.output);
        else reject(new Error(`refused without a code: ${error.message}`));
      });
    });
  }

  /** Why the connection ended. */
  disconnected(): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the connection did not end")), DEADLINE_MS);
      this.socket.once("disconnect", (reason) => {
        clearTimeout(timer);
        resolve(reason);
      });
    });
  }

  close(): void {
    this.socket.disconnect();
  }

  #receive(name: string, message: unknown): void {
    const schema = name in serverMessages ? serverMessages[name as Name] : null;
    const parsed = schema === null ? null : v.safeParse(schema as v.GenericSchema, message);
    if (!parsed?.success) this.misfits.push(`${name}: ${parsed ? v.summarize(parsed.issues) : "unknown"}`);
    this.received.push({ name: name as Name, message });
    this.#answer(name as Name, message);
    this.#wake();
  }

  #answer(name: Name, message: unknown): void {
    if (name === "serverEcho") {
      const echoed = message as ServerMessages["serverEcho"];
      if (this.#echoDelayMs === 0) this.send("serverEchoed", echoed);
      else setTimeout(() => this.send("serverEchoed", echoed), this.#echoDelayMs);
    }
    const { rttMs } = this;
    if (rttMs === undefined) return;
    const { probeId } = message as ServerMessages["probeStart"];
    if (name === "probePrepare") this.send("probeReady", { probeId });
    if (name === "probeStart") this.send("probeReport", { probeId, report: measured(rttMs) });
    if (name === "confirm") {
      this.send("confirmed", { proposalId: (message as ServerMessages["confirm"]).proposalId });
    }
  }

  async #more(deadlineAt: number, otherwise: string): Promise<void> {
    const leftMs = deadlineAt - performance.now();
    if (leftMs <= 0) throw new Error(otherwise);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, leftMs);
      this.#waiters.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) wake();
  }
}

export const measured = (rttMs: number): ProbeReport => ({
  status: "measured",
  rtt: { medianMs: rttMs, minMs: rttMs, p95Ms: rttMs, jitterMs: 0, samples: 5, lost: 0 },
  samplesMs: Array(5).fill(rttMs),
  path: "host",
  protocol: "udp",
  addressFamily: "ipv4",
  clockStepMs: 0.1,
  statsRttMs: null,
  stalledMs: 0,
  setupMs: 30,
});

export const candidate = (text: string): Signal => ({
  type: "candidate",
  candidate: { candidate: text, sdpMid: "0", sdpMLineIndex: 0 },
});
