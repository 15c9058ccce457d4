import { type ClientMessages, clientMessages, MAX_MESSAGE_BYTES, type RefusalCode } from "@probematch/shared";
import * as v from "valibot";

/** What became of a message's shape: which one it is, or why it is none. */
export type Incoming =
  | { readonly status: "known"; readonly event: keyof ClientMessages; readonly payload: unknown }
  | { readonly status: "refused"; readonly event: string | null; readonly code: RefusalCode };

/**
 * Reads what came over the wire as far as its name and its one payload. Our own SDK sends exactly one argument;
 * a foreign client may send anything: numbers for names, no argument, many, binary ones, an acknowledgement to call.
 *
 * @param args name first; a function at the end is an acknowledgement, which the protocol does not have
 */
export function readIncoming(args: readonly unknown[]): Incoming {
  const [event, ...rest] = args;
  if (typeof event !== "string") return { status: "refused", event: null, code: "unknown_message" };
  if (!isClientMessage(event)) return { status: "refused", event, code: "unknown_message" };
  const payloads = typeof rest.at(-1) === "function" ? rest.slice(0, -1) : rest;
  if (payloads.length !== 1) return { status: "refused", event, code: "bad_message" };
  return { status: "known", event, payload: payloads[0] };
}

/** Own keys only: `constructor` and `__proto__` are no messages. */
function isClientMessage(event: string): event is keyof ClientMessages {
  return Object.hasOwn(clientMessages, event);
}

/** Why a payload does not fit its schema: because there is too much of it, or for another reason. */
export function misfit(
  payload: unknown,
  issues: readonly v.BaseIssue<unknown>[],
): { readonly code: "bad_message" | "too_large"; readonly detail: string } {
  const paths = [...new Set(issues.map((issue) => v.getDotPath(issue) ?? "the whole"))];
  const detail = `Wrong or missing: ${paths.join(", ")}.`;
  const tooLarge = overlong(issues) || sizeOf(payload) > MAX_MESSAGE_BYTES;
  return { code: tooLarge ? "too_large" : "bad_message", detail };
}

function overlong(issues: readonly v.BaseIssue<unknown>[]): boolean {
  return issues.some((issue) => issue.type === "max_length" || overlong(issue.issues ?? []));
}

function sizeOf(payload: unknown): number {
  if (ArrayBuffer.isView(payload)) return payload.byteLength;
  try {
    return JSON.stringify(payload)?.length ?? 0;
  } catch {
    // Nested deeper than the stack goes: no message of ours, whatever its size.
    return 0;
  }
}
