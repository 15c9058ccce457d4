import { type JsonValue, jsonValueSchema } from "@probematch/shared";
import * as v from "valibot";
import type { OnMatch, RoomRequest } from "../scene/onMatch.js";

export type RoomAnswer =
  | { readonly ok: true; readonly room: JsonValue }
  | { readonly ok: false; readonly reason: string };

/** Asks the hook; never rejects. */
export async function askForRoom(
  onMatch: OnMatch,
  request: Omit<RoomRequest, "signal">,
  abort: AbortController,
  timeoutMs: number,
): Promise<RoomAnswer> {
  const { signal } = abort;
  const gaveUp = new Promise<RoomAnswer>((resolve) => {
    signal.addEventListener("abort", () => resolve({ ok: false, reason: String(signal.reason) }), {
      once: true,
    });
  });
  const timer = setTimeout(() => abort.abort(`onMatch took longer than ${timeoutMs} ms`), timeoutMs);
  try {
    return await Promise.race([answer(onMatch, { ...request, signal }), gaveUp]);
  } finally {
    clearTimeout(timer);
  }
}

async function answer(onMatch: OnMatch, request: RoomRequest): Promise<RoomAnswer> {
  try {
    const room = v.safeParse(jsonValueSchema, (await onMatch(request)) ?? null);
    if (room.success) return { ok: true, room: room.output };
    return { ok: false, reason: "onMatch returned something that is not JSON" };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
