import WebSocket from "ws";

/**
 * A socket.io client that is nothing but its wire format (Engine.IO 4, Socket.IO 5) on a websocket: thousands of them
 * must cost the load generator less than they cost the server.
 */
export class WireClient {
  readonly #socket: WebSocket;
  onEvent: (name: string, message: Record<string, unknown>) => void = () => undefined;
  onRefused: (reason: string) => void = () => undefined;
  onClose: () => void = () => undefined;

  constructor(url: string, path: string, auth: object) {
    const address = `${url.replace(/^http/, "ws")}${path}?EIO=4&transport=websocket`;
    this.#socket = new WebSocket(address, { perMessageDeflate: false, skipUTF8Validation: true });
    this.#socket.on("message", (data: Buffer) => this.#receive(data.toString(), auth));
    this.#socket.on("error", (error) => this.onRefused(error.message));
    this.#socket.on("close", () => this.onClose());
  }

  send(name: string, message: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(`42${JSON.stringify([name, message])}`);
  }

  close(): void {
    this.#socket.terminate();
  }

  #receive(text: string, auth: object): void {
    if (text[0] === "0") this.#socket.send(`40${JSON.stringify(auth)}`);
    else if (text[0] === "2") this.#socket.send("3");
    else if (text.startsWith("42")) {
      const [name, message] = JSON.parse(text.slice(2)) as [string, Record<string, unknown>];
      this.onEvent(name, message);
    } else if (text.startsWith("44")) this.onRefused(text.slice(2));
  }
}
