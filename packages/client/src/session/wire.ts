import { type ClientMessages, type ServerMessages, serverMessages } from "@probematch/shared";
import * as v from "valibot";

/** Sends a message to the server; what cannot be sent now (no connection) is dropped. */
export type Send = <K extends keyof ClientMessages>(event: K, message: ClientMessages[K]) => void;

/** What to do with each of the server's messages. */
export type ServerHandlers = { readonly [K in keyof ServerMessages]: (message: ServerMessages[K]) => void };

/**
 * Checks a message against its schema and hands it to its handler.
 *
 * @returns `null`, or what is wrong with the message; then nothing was handed out
 */
export function dispatch(handlers: ServerHandlers, event: string, payload: unknown): string | null {
  if (!Object.hasOwn(serverMessages, event)) return "unknown message";
  const known = event as keyof ServerMessages;
  const parsed = v.safeParse(serverMessages[known], payload);
  if (!parsed.success) return parsed.issues[0].message;
  // The schema and the handler belong to the same name, which the type system cannot see here.
  (handlers[known] as (message: unknown) => void)(parsed.output);
  return null;
}
