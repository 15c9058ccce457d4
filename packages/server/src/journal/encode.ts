import * as v from "valibot";
import { checkEvent, type LobbyEvent, type StoredEvent } from "../lobby/events.js";

/** An event as a journal will give it back, and the JSON it is written as. */
export interface Checked {
  readonly event: LobbyEvent;
  readonly text: string;
}

/**
 * An event as a journal will give it back: passed through JSON once and checked against its schema, so that what
 * is delivered now and what is read after a restart are the same value, and nothing is ever written that
 * could not be read.
 *
 * @throws {TypeError} when the event does not fit: a bug of the caller, nothing is written
 */
export function checkedEvent(event: LobbyEvent): Checked {
  const text = JSON.stringify(event);
  const parsed = checkEvent(JSON.parse(text));
  if (!parsed.success) throw new TypeError(`not a valid ${event.type} event: ${v.summarize(parsed.issues)}`);
  return { event: parsed.output, text };
}

/** Gives events of one append their places and their common time. */
export function stampEvents(
  events: readonly LobbyEvent[],
  last: { readonly seq: number; readonly at: number },
  at: number,
): StoredEvent[] {
  const stampedAt = Math.max(at, last.at);
  return events.map((event, i) => ({ ...event, seq: last.seq + 1 + i, at: stampedAt }));
}

/** One append as lines of a file; all but the last say in `more` how many follow (see `scanJournal`). */
export function encodeAppend(events: readonly StoredEvent[]): string {
  return events
    .map((event, i) => {
      const { seq, at, ...body } = event;
      const more = events.length - 1 - i;
      return `${JSON.stringify(more === 0 ? { seq, at, ...body } : { seq, at, more, ...body })}\n`;
    })
    .join("");
}
