import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A way to a TCP server on this machine that can be cut: nothing passes any more, and nobody is told. */
export class SeverableLink {
  readonly #server: Server;
  readonly #ends = new Set<Socket>();
  #cut = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async to(port: number): Promise<SeverableLink> {
    const server = createServer();
    const link = new SeverableLink(server);
    server.on("connection", (near) => {
      const far = connect(port, "127.0.0.1");
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        link.#ends.add(from);
        from.on("data", (bytes) => link.#cut || to.write(bytes));
        from.on("error", () => to.destroy());
        from.on("close", () => {
          link.#ends.delete(from);
          to.destroy();
        });
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#cut = true;
  }

  /** What was under way is lost: connections begin anew. */
  mend(): void {
    this.#cut = false;
    for (const end of this.#ends) end.destroy();
  }

  close(): void {
    this.#server.close();
    for (const end of this.#ends) end.destroy();
  }
}
