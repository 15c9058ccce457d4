import {
  type Handshake,
  PROTOCOL_VERSION,
  type Refusal,
  type RefusalCode,
  refusalSchema,
  SOCKET_PATH,
} from "@probematch/shared";
import { io, type Socket } from "socket.io-client";
import * as v from "valibot";
import type { ResumeStore } from "./resumeStore.js";
import { dispatch, type Send, type ServerHandlers } from "./wire.js";

/** Refusals that pass, and after how long to ask again: the server restarts, or this page came too often. All others are final. */
const passingMs: Partial<Record<RefusalCode, number>> = { server_closing: 1000, too_many_joins: 10_000 };
/** Refusals that a stale resume token can cause. */
const staleToken: readonly RefusalCode[] = ["token_invalid", "token_expired", "bad_handshake"];

const RETRY_MS = { first: 500, most: 5000 };

const LEAVE_TIMEOUT_MS = 1000;

/** The connection to the server, for the page to show. */
export type ConnectionState =
  | { readonly status: "connecting" }
  /** `resumed`: the server knew this participant and kept its place. */
  | { readonly status: "connected"; readonly resumed: boolean }
  /** Comes back by itself; the place is kept for the scene's grace time. */
  | { readonly status: "lost" }
  /** Another page took this participant's place: the newest wins. Final. */
  | { readonly status: "replaced" }
  /** The server does not take this page. Final. `message` is for the study's developers, `code` for the page. */
  | { readonly status: "refused"; readonly code: RefusalCode; readonly message: string }
  /** The participation is over, or the page left. Final. */
  | { readonly status: "closed" };

export interface SessionOptions {
  /** Origin, and the path in front of the server's own where a proxy adds one. */
  readonly url: URL;
  readonly identity: Pick<Handshake, "scene" | "token" | "participantId" | "attributes" | "webrtc">;
  readonly resume: ResumeStore;
  readonly handlers: ServerHandlers;
  readonly onLost: () => void;
  readonly onRefused: (refusal: Refusal) => void;
  /** A message of the server's that does not fit its schema; nothing was done with it. */
  readonly onGarbage: (event: string, message: string) => void;
}

/** The signaling connection: comes back by itself, says who it is each time, lets only well-formed messages in. */
export class Session {
  readonly #options: SessionOptions;
  readonly #socket: Socket;
  #resumeToken: string | undefined;
  #wasWelcomed = false;
  #isClosed = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#resumeToken = options.resume.load();
    const { origin, pathname } = options.url;
    const socket = io(origin, {
      path: pathname.replace(/\/$/, "") + SOCKET_PATH,
      auth: (tell) => tell(this.#handshake()),
      // A second connection of the same page (say, to another scene) is a connection of its own.
      forceNew: true,
      // The direct one first: with polling first, the first RTTs would be those of HTTP requests.
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelay: RETRY_MS.first,
      reconnectionDelayMax: RETRY_MS.most,
      autoConnect: false,
    });
    this.#socket = socket;
    socket.on("connect_error", (error: Error & { readonly data?: unknown }) =>
      this.#onConnectError(error.data),
    );
    socket.on("disconnect", (reason) => this.#onDisconnect(reason));
    socket.onAny((event: string, payload: unknown) => {
      if (this.#isClosed) return;
      const fault = dispatch(this.#options.handlers, event, payload);
      if (fault !== null) this.#options.onGarbage(event, fault);
    });
  }

  open(): void {
    this.#socket.connect();
  }

  readonly send: Send = (event, message) => {
    if (this.#socket.connected) this.#socket.emit(event, message);
  };

  /** The server accepted this page. */
  welcomed(resumeToken: string, participantId: string): void {
    this.#wasWelcomed = true;
    this.#resumeToken = resumeToken;
    this.#options.resume.save(resumeToken, participantId);
  }

  /**
   * Says `leave` and hangs up once the server has heard it (it answers with `ended`), or soon. Hanging up at once would lose it:
   * socket.io drops what it reads in the same moment as the hang-up.
   */
  leave(): void {
    if (this.#isClosed || !this.#socket.connected) {
      this.close();
      return;
    }
    this.#isClosed = true;
    const hangUp = () => {
      clearTimeout(timer);
      this.close();
    };
    const timer = setTimeout(hangUp, LEAVE_TIMEOUT_MS);
    this.#socket.once("ended", hangUp).once("disconnect", hangUp);
    this.#socket.emit("leave", {});
  }

  /** Idempotent; nothing comes in any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#socket.disconnect();
    this.#socket.offAny();
    this.#socket.off();
  }

  #handshake(): Handshake {
    const { identity } = this.#options;
    return {
      ...identity,
      protocol: PROTOCOL_VERSION,
      fresh: !this.#wasWelcomed,
      ...(this.#resumeToken === undefined ? {} : { resumeToken: this.#resumeToken }),
    };
  }

  #onConnectError(data: unknown): void {
    const refusal = v.safeParse(refusalSchema, data);
    if (!refusal.success) {
      // The network, or no server yet: socket.io tries again by itself. An error in a middleware of
      // the study's own server ends the attempt without a refusal of ours.
      if (!this.#socket.active) this.#retryIn(RETRY_MS.most);
      return;
    }
    const { code } = refusal.output;
    const passesInMs = passingMs[code];
    if (passesInMs !== undefined) {
      this.#retryIn(passesInMs);
    } else if (this.#resumeToken !== undefined && staleToken.includes(code)) {
      // Say, the server has a new secret. Without the token the page is who it says it is.
      this.#resumeToken = undefined;
      this.#options.resume.forget();
      this.#retryIn(0);
    } else {
      this.close();
      this.#options.onRefused(refusal.output);
    }
  }

  #onDisconnect(reason: Socket.DisconnectReason): void {
    if (this.#isClosed) return;
    this.#options.onLost();
    // The one case in which socket.io does not come back by itself.
    if (reason === "io server disconnect" && !this.#isClosed) this.#retryIn(RETRY_MS.first);
  }

  #retryIn(delayMs: number): void {
    clearTimeout(this.#retry);
    if (!this.#isClosed)
      this.#retry = setTimeout(() => this.#socket.connect(), delayMs * (0.75 + Math.random() / 2));
  }
}
