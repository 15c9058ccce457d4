import { hash } from "node:crypto";

/** Bytes of a block of SHA-256. */
const BLOCK = 64;

/**
 * HMAC-SHA256 under one key (RFC 2104), as base64url.
 *
 * `createHmac` makes an object outside of JavaScript's memory each time, which stays until the next large collection: one per
 * connection was a fifth of all the memory of a server with many who wait. One-shot hashing leaves nothing behind.
 */
export function hmacSha256(key: string | Uint8Array): (text: string) => string {
  const bytes = Buffer.from(key);
  const block = Buffer.alloc(BLOCK);
  (bytes.length > BLOCK ? hash("sha256", bytes, "buffer") : bytes).copy(block);
  const inner = block.map((byte) => byte ^ 0x36);
  const outer = block.map((byte) => byte ^ 0x5c);
  return (text) => {
    const digest = hash("sha256", Buffer.concat([inner, Buffer.from(text)]), "buffer");
    return hash("sha256", Buffer.concat([outer, digest]), "base64url");
  };
}
