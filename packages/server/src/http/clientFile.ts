import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import { respond } from "./respond.js";

/** Where a page's script tag finds the SDK, beside the socket's path. */
export const CLIENT_FILE_PATH = "/probematch/probematch.js";

/** The SDK in one file, ready to be sent. */
export interface ClientFile {
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
}

/** @returns `null` where the file is not there: the client package has not been built */
export async function loadClientFile(): Promise<ClientFile | null> {
  try {
    const plain = await readFile(createRequire(import.meta.url).resolve("@probematch/client/global"));
    const hash = createHash("sha256").update(plain).digest("base64url").slice(0, 22);
    // Weak: the same tag stands for both encodings.
    return { plain, gzipped: gzipSync(plain), etag: `W/"${hash}"` };
  } catch {
    return null;
  }
}

/**
 * Sends the SDK. A browser asks every time whether it still has the right one: page and server must speak the same version
 * of the protocol.
 */
export function sendClientFile(request: IncomingMessage, response: ServerResponse, file: ClientFile): void {
  const headers = {
    "cache-control": "no-cache",
    etag: file.etag,
    vary: "accept-encoding",
    // Cross-origin isolated pages (which have the finer clock) may load it from here too.
    "cross-origin-resource-policy": "cross-origin",
    "access-control-allow-origin": "*",
  };
  const known = request.headers["if-none-match"]?.split(/\s*,\s*/) ?? [];
  if (known.includes(file.etag) || known.includes("*")) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  const gzip = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
  respond(request, response, 200, gzip ? file.gzipped : file.plain, {
    ...headers,
    "content-type": "text/javascript; charset=utf-8",
    ...(gzip ? { "content-encoding": "gzip" } : {}),
  });
}
