import { createHmac } from "node:crypto";
import { expect, it } from "vitest";
import { hmacSha256 } from "./hmac.js";

it("a keyed hash is the one that every other library makes, whatever the lengths of key and text", () => {
  for (const keyBytes of [0, 1, 32, 63, 64, 65, 200]) {
    for (const characters of [0, 1, 55, 64, 300]) {
      const key = Uint8Array.from({ length: keyBytes }, (_, i) => (i * 37) % 256);
      const text = "\u{1f511}ä7".repeat(characters);
      const expected = createHmac("sha256", key).update(text).digest("base64url");
      expect(hmacSha256(key)(text)).toBe(expected);
    }
  }
});
