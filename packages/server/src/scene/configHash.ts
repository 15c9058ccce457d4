import { createHash } from "node:crypto";

/** SHA-256 (hex) of a value's canonical JSON: keys sorted, so that the order they were written in is no matter. */
export const configHash = (value: unknown): string =>
  createHash("sha256").update(canonicalJson(value)).digest("hex");

/** @throws {TypeError} when the value cannot be written as JSON */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
