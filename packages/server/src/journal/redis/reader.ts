import { type LobbyEvent, parseStoredEvent, type StoredEvent } from "../../lobby/events.js";
import { reasonOf } from "../errors.js";
import type { Snapshot } from "../journal.js";
import { archivedAfter, entryAt } from "./archive.js";
import { type ConnectionOptions, RedisConnection, RedisStoreError } from "./connection.js";
import { type Entry, seqOf } from "./entries.js";
import type { SceneKeys } from "./keys.js";
import { readSnapshot } from "./snapshots.js";

export interface ReaderOptions extends ConnectionOptions {
  /** The events of an entry that this node wrote itself; see `Appender.takeSent`. */
  readonly sent: (nodeId: string, payload: string) => readonly LobbyEvent[] | undefined;
  readonly keys: SceneKeys;
  /** See `SceneJournal.open`. */
  readonly onSnapshot: ((snapshot: Snapshot) => boolean) | undefined;
  readonly deliver: (events: readonly StoredEvent[]) => void;
  /** Follows the log (`null`), or does not and why. */
  readonly onState: (problem: string | null) => void;
  /** The log is not the one that was read so far, or cannot be read: for good. */
  readonly onLost: (reason: string) => void;
}

const COUNT = 1000;
const BLOCK_MS = 2000;
const ANSWER_MS = 5000;
const RETRY_MS = 50;

/**
 * Reads a scene's stream from a snapshot or its beginning and goes on reading where it stopped, whatever happens to its
 * connection: nothing has to be notified, so nothing can be missed. What was cut off the stream it finds in the archive.
 */
export class Reader {
  readonly #options: ReaderOptions;
  #connection: RedisConnection | null = null;
  #seq = 0;
  /** Place of the snapshot that the reading began with; 0 without one. */
  began = 0;
  /** What was read last came from the archive. */
  #behind = false;
  /** The last entry that was read, to recognise the log after an interruption. */
  #lastEntry: Entry | null = null;
  #looping: Promise<void> | null = null;
  #closed = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Place of the last event that was delivered. */
  get seq(): number {
    return this.#seq;
  }

  /** The last entry that was delivered; `null`: none yet. */
  get lastEntry(): Entry | null {
    return this.#lastEntry;
  }

  /**
   * Resolves when everything there is has been delivered; goes on reading.
   *
   * @throws {RedisStoreError} Redis cannot be reached, or the log there cannot be read
   */
  async start(): Promise<void> {
    this.#connection = await RedisConnection.open(this.#options);
    try {
      await this.#begin();
      while ((await this.#read(null)) > 0);
    } catch (error) {
      this.#connection.close();
      throw error instanceof LostLogError ? new RedisStoreError(error.message) : error;
    }
    this.#options.onState(null);
    this.#looping = this.#loop();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connection?.close();
    await this.#looping;
  }

  async #loop(): Promise<void> {
    let following = true;
    while (!this.#closed) {
      try {
        if (!following) await this.#recognise();
        if (!following) this.#options.onState(null);
        following = true;
        await this.#read(BLOCK_MS);
      } catch (error) {
        if (this.#closed) return;
        if (error instanceof LostLogError) {
          this.#options.onLost(error.message);
          return;
        }
        if (following) this.#options.onState(reasonOf(error));
        following = false;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #begin(): Promise<void> {
    const { keys, onSnapshot, reporter } = this.#options;
    if (onSnapshot === undefined) return;
    const stored = await readSnapshot((args) => this.#send(args, ANSWER_MS), keys);
    if (stored === null) return;
    if (stored.problem !== null) {
      reporter.warn({ reason: stored.problem }, "the snapshot in Redis is damaged; reading all of the log");
    } else if (onSnapshot(stored.snapshot)) {
      this.began = stored.snapshot.seq;
      this.#seq = this.began;
      this.#lastEntry = stored.entry;
    }
  }

  /** @returns how many entries there were */
  async #read(blockMs: number | null): Promise<number> {
    const { keys, deliver } = this.#options;
    const archived = () => archivedAfter((args) => this.#send(args, ANSWER_MS), keys.archive, this.#seq);
    let entries = this.#behind ? await archived() : [];
    this.#behind = entries.length > 0;
    if (!this.#behind) entries = await this.#live(blockMs);
    let events: StoredEvent[];
    try {
      events = this.#eventsOf(entries);
    } catch (error) {
      // It does not follow: what is between may have been cut off the stream.
      entries = this.#behind ? [] : await archived();
      if (entries.length === 0) throw error;
      this.#behind = true;
      events = this.#eventsOf(entries);
    }
    const last = entries.at(-1);
    if (last === undefined || this.#closed) return 0;
    this.#seq = seqOf(last);
    this.#lastEntry = last;
    try {
      deliver(events);
    } catch (error) {
      throw new LostLogError(`an event could not be applied, which is a bug: ${reasonOf(error)}`);
    }
    return entries.length;
  }

  async #live(blockMs: number | null): Promise<readonly Entry[]> {
    const block = blockMs === null ? [] : ["BLOCK", `${blockMs}`];
    const reply = await this.#send(
      ["XREAD", "COUNT", `${COUNT}`, ...block, "STREAMS", this.#options.keys.log, `${this.#seq}-0`],
      ANSWER_MS + (blockMs ?? 0),
    );
    return (reply as readonly [string, readonly Entry[]][] | null)?.[0]?.[1] ?? [];
  }

  #eventsOf(entries: readonly Entry[]): StoredEvent[] {
    const events: StoredEvent[] = [];
    for (const entry of entries)
      events.push(...eventsOf(entry, this.#seq + events.length, this.#options.sent));
    return events;
  }

  /** Redis may have come back without the newest part of the log: what was applied here then never happened. */
  async #recognise(): Promise<void> {
    if (this.#lastEntry === null) return;
    const entry = await entryAt((args) => this.#send(args, ANSWER_MS), this.#options.keys, this.#seq);
    if (JSON.stringify(entry) === JSON.stringify(this.#lastEntry)) return;
    throw new LostLogError(
      `Redis has lost events that were in the log (from ${this.#seq} or earlier). Restart this node: it then goes on from what Redis still has. Set "appendonly yes" in Redis.`,
    );
  }

  async #send(args: readonly string[], timeoutMs: number): Promise<unknown> {
    const connection = this.#connection;
    if (connection === null) throw new Error("the reader is not connected");
    return await connection.send(args, timeoutMs);
  }
}

class LostLogError extends Error {
  override readonly name = "LostLogError";
}

/**
 * The events of one entry.
 *
 * @throws {LostLogError} it does not follow on `seq`, or is no append of ours
 */
export function eventsOf([id, fields]: Entry, seq: number, sent?: ReaderOptions["sent"]): StoredEvent[] {
  const field = (name: string) => fields[fields.findIndex((f, i) => i % 2 === 0 && f === name) + 1];
  const at = Number(field("a"));
  const payload = field("e") ?? "";
  const known = sent?.(field("n") ?? "", payload);
  const bodies = known ?? bodiesOf(payload);
  if (bodies === null || id !== `${seq + bodies.length}-0`) {
    throw new LostLogError(`the log in Redis is damaged: entry ${id} does not follow event ${seq}.`);
  }
  if (known !== undefined) return known.map((event, i) => ({ ...event, seq: seq + 1 + i, at }));
  return bodies.map((body: unknown, i) => {
    const parsed = parseStoredEvent({ ...(body as object), seq: seq + 1 + i, at });
    if (typeof parsed !== "string") return parsed;
    throw new LostLogError(
      `event ${seq + 1 + i} of the log cannot be read: ${parsed}. Do all nodes run the same version?`,
    );
  });
}

function bodiesOf(payload: string): readonly unknown[] | null {
  try {
    const bodies: unknown = JSON.parse(payload);
    return Array.isArray(bodies) ? bodies : null;
  } catch {
    return null;
  }
}
