import { connect, type Socket } from "node:net";

/** Any key will do: nobody who listens here is misled by it. */
const HANDSHAKE_KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const END_OF_HEAD = "\r\n\r\n";

/**
 * A socket.io client that is nothing but its wire format (Engine.IO 4, Socket.IO 5, text frames of RFC 6455) on a TCP
 * connection: thousands of them must cost the load generator less than they cost the server.
 */
export class WireClient {
  readonly #socket: Socket;
  readonly #auth: object;
  #head: string | null = "";
  #rest: Buffer | null = null;
  onEvent: (name: string, message: Record<string, unknown>) => void = () => undefined;
  onRefused: (reason: string) => void = () => undefined;

  constructor(url: string, path: string, auth: object) {
    const { hostname, port } = new URL(url);
    this.#auth = auth;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.write(
      `GET ${path}?EIO=4&transport=websocket HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\n` +
        `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${HANDSHAKE_KEY}${END_OF_HEAD}`,
    );
    this.#socket.on("data", (data) => this.#read(data));
    this.#socket.on("error", (error) => this.onRefused(error.message));
  }

  send(name: string, message: object): void {
    this.#write(`42${JSON.stringify([name, message])}`);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(data: Buffer): void {
    let bytes = data;
    if (this.#head !== null) {
      this.#head += data.toString("latin1");
      const end = this.#head.indexOf(END_OF_HEAD);
      if (end < 0) return;
      if (!this.#head.startsWith("HTTP/1.1 101")) this.onRefused(this.#head.slice(0, 100));
      bytes = Buffer.from(this.#head.slice(end + END_OF_HEAD.length), "latin1");
      this.#head = null;
    }
    if (this.#rest !== null) bytes = Buffer.concat([this.#rest, bytes]);
    this.#rest = this.#frames(bytes);
  }

  /** Takes whole frames off the beginning. @returns what is left */
  #frames(bytes: Buffer): Buffer | null {
    let at = 0;
    while (bytes.length - at >= 2) {
      const short = bytes[at + 1] ?? 0;
      const headSize = short < 126 ? 2 : 4;
      if (bytes.length - at < headSize) break;
      const size = short < 126 ? short : bytes.readUInt16BE(at + 2);
      if (bytes.length - at < headSize + size) break;
      const start = at + headSize;
      at = start + size;
      if (bytes[start - headSize] === 0x81) this.#receive(bytes, start, at);
    }
    return at === bytes.length ? null : bytes.subarray(at);
  }

  #receive(bytes: Buffer, start: number, end: number): void {
    const text = bytes.toString("utf8", start, end);
    if (text.startsWith("42")) {
      // Most of what is told, and nobody here reads it.
      if (text.startsWith('42["waiting"')) return;
      const [name, message] = JSON.parse(text.slice(2)) as [string, Record<string, unknown>];
      this.onEvent(name, message);
    } else if (text === "2") this.#write("3");
    else if (text[0] === "0") this.#write(`40${JSON.stringify(this.#auth)}`);
    else if (text.startsWith("44")) this.onRefused(text.slice(2));
  }

  /** One text frame. A client has to mask; with a mask of zeros the text stays as it is. */
  #write(text: string): void {
    const size = Buffer.byteLength(text);
    const headSize = size < 126 ? 6 : 8;
    const frame = Buffer.allocUnsafe(headSize + size);
    frame[0] = 0x81;
    if (size < 126) frame[1] = 0x80 | size;
    else {
      frame[1] = 0x80 | 126;
      frame.writeUInt16BE(size, 2);
    }
    frame.fill(0, headSize - 4, headSize);
    frame.write(text, headSize);
    this.#socket.write(frame);
  }
}
