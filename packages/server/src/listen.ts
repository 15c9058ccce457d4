import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { errorCode, reasonOf } from "./journal/errors.js";

export interface ListenOptions {
  /** 0 = any free one. Default: 4170. */
  readonly port?: number;
  /** Default: all addresses of this machine. */
  readonly host?: string;
}

export interface Listening {
  readonly port: number;
  /** Where a browser on this machine finds it. */
  readonly url: string;
}

const DEFAULT_PORT = 4170;

/** The address cannot be listened on; the message says why and what to do. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** @throws {ListenError} */
export async function openHttpServer(
  options: ListenOptions,
): Promise<{ readonly server: HttpServer; readonly address: AddressInfo }> {
  const { port = DEFAULT_PORT, host } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ListenError(`Cannot listen on port ${port}: wanted a whole number from 0 to 65535.`);
  }
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    throw new ListenError(explain(error, port, host), { cause: error });
  }
  const address = server.address();
  if (typeof address !== "object" || address === null)
    throw new Error("an HTTP server listens without a port");
  return { server, address };
}

/** The URL of a listening server for a browser on this machine. */
export function localUrl(address: AddressInfo): string {
  const isAny = address.address === "::" || address.address === "0.0.0.0";
  const host = isAny ? "localhost" : address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

/** Ends a server and all its connections. */
export async function closeHttpServer(server: HttpServer): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function explain(error: unknown, port: number, host: string | undefined): string {
  const where = host === undefined ? `port ${port}` : `${host}:${port}`;
  switch (errorCode(error)) {
    case "EADDRINUSE":
      return `Cannot listen on ${where}: another program does already. End it, or choose another port.`;
    case "EACCES":
      return `Cannot listen on ${where}: this user may not. Choose a port above 1023.`;
    case "EADDRNOTAVAIL":
      return `Cannot listen on ${where}: this machine has no such address. Check the host.`;
    case "ENOTFOUND":
      return `Cannot listen on ${where}: the name of the host is not known. Check the host.`;
    default:
      return `Cannot listen on ${where}: ${reasonOf(error)}`;
  }
}
