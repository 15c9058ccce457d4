import { parseStoredEvent, type StoredEvent } from "../lobby/events.js";
import { type Line, parseObject, readLines } from "./lines.js";
import { type Segment, withSizes } from "./segments.js";
import type { TornTail } from "./tornTail.js";

/** Something in a log that no crash explains. */
export interface Damage {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

/** What reading a journal came to. Nothing past the first damage is read. */
export interface JournalScan {
  readonly events: number;
  /** 0 for an empty journal. */
  readonly lastSeq: number;
  readonly lastAt: number;
  readonly torn: TornTail | null;
  readonly damage: Damage | null;
}

/** Events handed over at a time: enough to be quick, few enough to leave the event loop free. */
const BATCH_EVENTS = 1000;

/**
 * Reads a scene's journal from its beginning, a chunk at a time. Changes nothing.
 *
 * An append is read whole or not at all: its lines but the last say in `more` how many of them are to come.
 *
 * @param segments in reading order
 * @param onEvents called with whole appends, in order
 */
export async function scanJournal(
  segments: readonly Segment[],
  onEvents: (events: readonly StoredEvent[]) => void,
): Promise<JournalScan> {
  const sized = await withSizes(segments);
  const last = sized.at(-1);
  const batch: StoredEvent[] = [];
  let events = 0;
  let lastSeq = 0;
  let lastAt = 0;
  /** The append being read: its events so far, where it began, and how many are to come. */
  let open = null as { events: StoredEvent[]; start: number; line: number; more: number } | null;

  const flush = () => {
    if (batch.length === 0) return;
    const whole = batch.splice(0);
    events += whole.length;
    onEvents(whole);
  };
  const end = (torn: TornTail | null, damage: Damage | null): JournalScan => {
    flush();
    return { events, lastSeq, lastAt, torn, damage };
  };

  for (const segment of sized) {
    const { path, size } = segment;
    for await (const lines of readLines(path, size)) {
      for (const line of lines) {
        const object = line.complete ? parseObject(line.bytes) : null;
        if (object === null) {
          const reason = line.complete ? "the line is not a JSON object" : "the line has no end";
          if (segment !== last || line.end < size) return end(null, { path, line: line.number, reason });
          return end(tornAt(path, size, open ?? { start: line.start, line: line.number }, reason), null);
        }
        const expected: Expected = {
          seq: lastSeq + (open?.events.length ?? 0) + 1,
          at: open?.events.at(-1)?.at ?? lastAt,
        };
        const read = readEvent(object, expected, open?.more ?? null);
        if (typeof read === "string") return end(null, { path, line: line.number, reason: read });
        open ??= { events: [], start: line.start, line: line.number, more: 0 };
        open.events.push(read.event);
        open.more = read.more;
        if (read.more > 0) continue;
        lastSeq = read.event.seq;
        lastAt = read.event.at;
        batch.push(...open.events);
        open = null;
        if (batch.length >= BATCH_EVENTS) flush();
      }
      flush();
    }
    if (open !== null) {
      const reason = `${open.more} more lines of this append should follow`;
      if (segment !== last) return end(null, { path, line: open.line, reason });
      return end(tornAt(path, size, open, reason), null);
    }
  }
  return end(null, null);
}

const tornAt = (
  path: string,
  size: number,
  from: Pick<Line, "start"> & { line: number },
  reason: string,
): TornTail => ({
  path,
  line: from.line,
  goodLength: from.start,
  size,
  reason,
});

interface Expected {
  readonly seq: number;
  readonly at: number;
}

/** The event on a line, or a sentence that says why it cannot be the next one. */
function readEvent(
  object: Readonly<Record<string, unknown>>,
  expected: Expected,
  moreBefore: number | null,
): { readonly event: StoredEvent; readonly more: number } | string {
  const event = parseStoredEvent(object);
  if (typeof event === "string") return event.replace(/\s+/g, " ");
  if (event.seq !== expected.seq) return `seq is ${event.seq} where ${expected.seq} should follow`;
  if (event.at < expected.at) return `at is ${event.at}, before the event above it (${expected.at})`;
  const more = object["more"] ?? 0;
  if (typeof more !== "number" || !Number.isSafeInteger(more) || more < 0) return "more is not a count";
  if (moreBefore !== null && more !== moreBefore - 1)
    return `more is ${more} where ${moreBefore - 1} should follow`;
  return { event, more };
}
