import type { IncomingMessage, ServerResponse } from "node:http";

export type Headers = Readonly<Record<string, string>>;

/** A page or a script asks again, it never keeps what a server said of itself. */
const alwaysHeaders: Headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

/** Answers a GET or a HEAD. */
export function respond(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Headers,
): void {
  response.writeHead(status, {
    ...alwaysHeaders,
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

export function respondJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Headers = {},
): void {
  respond(request, response, status, `${JSON.stringify(value)}\n`, {
    "content-type": "application/json; charset=utf-8",
    ...headers,
  });
}

/** The error shape of all faces. */
export const respondError = (
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: Headers = {},
): void => respondJson(request, response, status, { error: { code, message } }, headers);
