import { fileURLToPath } from "node:url";
import sirv from "sirv";
import { fail } from "./listen.mjs";

const folder = fileURLToPath(new URL("../dist/", import.meta.url));

/** Everything comes from this server; nothing is loaded from anywhere else. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "connect-src 'self' ws: wss:",
  // The SDK measures in a worker whose script it brings along. Without this the page itself would be measured.
  "worker-src blob:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Serves the built page. */
export function createPages() {
  try {
    return sirv(folder, {
      etag: true,
      onNoMatch(_request, response) {
        response
          .writeHead(404, { "Content-Type": "text/plain" })
          .end("There is nothing here; the study is at /\n");
      },
      setHeaders(response) {
        // With these two the browser lets a page have a clock of 5 µs (Chromium) or 20 µs (Firefox) steps in place of
        // 100 µs and 1 ms: round trips are measured with it.
        if (isTrusted(response.req)) {
          response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
          response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
        }
        response.setHeader("Content-Security-Policy", CONTENT_SECURITY_POLICY);
        response.setHeader("Referrer-Policy", "no-referrer");
        response.setHeader("X-Content-Type-Options", "nosniff");
      },
    });
  } catch {
    return fail(new Error("The page has not been built yet. Build it with: npx pnpm@12 build"));
  }
}

/**
 * Browsers heed the two headers only where they trust the address, and complain in the console where they do not:
 * https, and this machine itself.
 *
 * @param {import("node:http").IncomingMessage} request
 */
function isTrusted({ headers }) {
  return (
    headers["x-forwarded-proto"] === "https" ||
    /^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(headers.host ?? "")
  );
}
