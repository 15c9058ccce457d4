import { type Attributes, type JsonValue, jsonValueSchema } from "@probematch/shared";
import * as v from "valibot";

/** What the study's hook is told about the match it makes a room for. */
export interface RoomRequest {
  readonly scene: string;
  readonly matchId: string;
  /** In seat order. */
  readonly members: readonly {
    readonly participantId: string;
    readonly seat: number;
    readonly attributes: Attributes;
  }[];
  /** Aborted when the answer is not waited for any more: a member was lost, or it took too long. */
  readonly signal: AbortSignal;
}

/**
 * Makes whatever the study needs for a match (a game, a row in a database) and returns what all members are told
 * of it, as JSON. When it throws or takes too long no match is made and its members wait on at the head of the queue.
 */
export type OnMatch = (request: RoomRequest) => Promise<JsonValue | undefined> | JsonValue | undefined;

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
