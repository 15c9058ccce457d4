import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface SlowEndpointOptions {
  /** How long the request with this number (0 = the first) is held before it is answered, ms; `null`: for ever. */
  readonly holdMs: (number: number) => number | null;
  /** Default 204. */
  readonly status?: number;
  /** Of the answer, beside Node's own. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: none. */
  readonly body?: string;
}

/** One request, as it really was. */
export interface HeldRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Which connection it came over: 0 = the endpoint's first. */
  readonly connection: number;
  /** Of this process's `performance.now()`. */
  readonly arrivedAt: number;
  /** From the request's arrival until its answer was written, ms; `null` while it is not answered. */
  readonly heldMs: number | null;
  /** The page gave it up before it was answered. */
  readonly abandoned: boolean;
}

/** An HTTP endpoint on 127.0.0.1 that takes its time, and writes down how long it really took. */
export interface SlowEndpoint {
  readonly url: string;
  /** In the order of their arrival. */
  readonly requests: readonly HeldRequest[];
  /** Resolves as soon as it is true of the requests; asked again after everything that happens. */
  until(isTrue: (requests: readonly HeldRequest[]) => boolean): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts an endpoint whose RTT is known: on the loopback interface it is the time that a request is held.
 *
 * @example
 * const far = await createSlowEndpoint({ holdMs: () => 120 });
 * await fetch(far.url);
 * far.requests[0]?.heldMs; // 120.4
 * await far.close();
 */
export async function createSlowEndpoint(options: SlowEndpointOptions): Promise<SlowEndpoint> {
  const requests: { -readonly [K in keyof HeldRequest]: HeldRequest[K] }[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const waiting = new Set<() => void>();
  const connections = new Map<unknown, number>();
  const changed = () => {
    for (const check of waiting) check();
  };

  const server = createServer((request, response) => {
    const arrivedAt = performance.now();
    const { method = "", url: path = "", headers, socket } = request;
    const connection = connections.get(socket) ?? connections.size;
    connections.set(socket, connection);
    const held = { method, path, headers, connection, arrivedAt, heldMs: null, abandoned: false };
    const number = requests.push(held) - 1;
    response.once("close", () => {
      held.abandoned = !response.writableEnded;
      changed();
    });
    changed();
    const holdMs = options.holdMs(number);
    if (holdMs === null) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      // Before the answer is written: no page can have it earlier than this.
      Object.assign(held, { heldMs: performance.now() - arrivedAt });
      answer(response, options);
      changed();
    }, holdMs);
    timers.add(timer);
  });
  // A page may have to wait for its turn among others before it uses its connection again.
  server.keepAliveTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });

  let closed: Promise<void> | null = null;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    until: (isTrue) =>
      new Promise((resolve) => {
        const check = () => {
          if (!isTrue(requests)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    close() {
      closed ??= new Promise((resolve) => {
        for (const timer of timers) clearTimeout(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closed;
    },
  };
}

function answer(response: ServerResponse, { status = 204, headers = {}, body }: SlowEndpointOptions): void {
  response.writeHead(status, headers);
  response.end(body);
}
