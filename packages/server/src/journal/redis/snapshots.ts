import { performance } from "node:perf_hooks";
import { reasonOf } from "../errors.js";
import type { Snapshot, SnapshotSource, Snapshots } from "../journal.js";
import type { LogReporter } from "../logs.js";
import { pack, unpack } from "./archive.js";
import type { RedisConnection } from "./connection.js";
import { type Entry, type Send, seqOf } from "./entries.js";
import type { SceneKeys } from "./keys.js";
import { archiveScript, snapshotScript } from "./script.js";

export interface RedisSnapshotsOptions {
  readonly connection: RedisConnection;
  readonly keys: SceneKeys;
  readonly sceneId: string;
  readonly nodeId: string;
  readonly reporter: LogReporter;
  /** How many events lie between two snapshots, at least. */
  readonly snapshotEvents: number;
  /** The entry that was delivered last. */
  readonly lastEntry: () => Entry | null;
}

const ANSWER_MS = 10_000;
/** Entries moved to the archive in one go. */
const PACKET = 500;
/** A node spends at most this share of its time on making states. */
const SHARE = 1 / 200;
/** So long, at most, the scene stands still at a time while a state is prepared, ms. */
const TURN_MS = 3;

/**
 * A scene's snapshots in Redis, and the log's archive behind them.
 *
 * One node makes them, where there are several one that does not decide. Which one is no matter of safety: a snapshot is
 * taken only where the log has the very entry it ends with, and the archive only goes on where it ended.
 */
export class RedisSnapshots implements Snapshots {
  readonly #options: RedisSnapshotsOptions;
  readonly #send: Send;
  #keeper = false;
  #lastSeq = 0;
  #notBefore = 0;
  #working: Promise<boolean> | null = null;
  #failing = false;
  #closed = false;

  constructor(options: RedisSnapshotsOptions) {
    this.#options = options;
    this.#send = (args) => options.connection.send(args, ANSWER_MS);
  }

  /** Who lives, and who of them decides: of the others, the first one makes the snapshots. */
  heard(live: ReadonlySet<string>, holder: string): void {
    const others = [...live].filter((id) => id !== holder).toSorted();
    this.#keeper = (others[0] ?? holder) === this.#options.nodeId;
  }

  offer(source: SnapshotSource): Promise<boolean> {
    const isDue =
      this.#keeper &&
      !this.#closed &&
      this.#working === null &&
      source.seq - this.#lastSeq >= this.#options.snapshotEvents &&
      performance.now() >= this.#notBefore;
    if (!isDue) return Promise.resolve(false);
    this.#working = this.#take(source).finally(() => {
      this.#working = null;
    });
    return this.#working;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#working;
  }

  async #take(source: SnapshotSource): Promise<boolean> {
    const { connection, keys, sceneId, reporter } = this.#options;
    try {
      const preparedMs = await inTurns(source.prepare());
      const startedAt = performance.now();
      const entry = this.#options.lastEntry();
      const { seq } = source;
      if (entry === null || seqOf(entry) !== seq) return false;
      const pieces = source.save();
      const savedAt = performance.now();
      this.#notBefore = savedAt + (preparedMs + savedAt - startedAt) / SHARE;
      const [id, fields] = entry;
      const packed = await pack(pieces);
      const reply = await snapshotScript.run(
        connection,
        [keys.snapshot, keys.log],
        [id, seq, packed, JSON.stringify(entry), ...fields],
        ANSWER_MS,
      );
      const [result, place] = reply as ["taken" | "older" | "foreign", number];
      // Behind another's, or for a log that Redis has lost: both come out elsewhere.
      this.#lastSeq = result === "older" ? place : seq;
      if (result !== "taken") return false;
      const moved = await this.#archive(place);
      this.#failing = false;
      reporter.info({ sceneId, seq, bytes: packed.length, moved }, "snapshot taken");
      return true;
    } catch (error) {
      if (!this.#failing && !this.#closed) {
        reporter.warn({ sceneId, reason: reasonOf(error) }, "no snapshot could be taken; trying again later");
      }
      this.#failing = true;
      return false;
    }
  }

  /** Moves what the log has up to there to the archive. @returns how many entries */
  async #archive(upTo: number): Promise<number> {
    const { connection, keys } = this.#options;
    for (let moved = 0; ; ) {
      const range = ["XRANGE", keys.log, "-", `${upTo}-0`, "COUNT", `${PACKET}`];
      const entries = this.#closed ? [] : ((await this.#send(range)) as readonly Entry[]);
      const [first, last] = [entries[0], entries.at(-1)];
      if (first === undefined || last === undefined) return moved;
      const done = await archiveScript.run(
        connection,
        [keys.log, keys.archive],
        [first[0], last[0], await pack([JSON.stringify(entries)]), `${seqOf(last) + 1}-0`],
        ANSWER_MS,
      );
      // Another node is at it.
      if (done !== "moved") return moved;
      moved += entries.length;
    }
  }
}

/** Goes through the steps, a few ms at a time. @returns how long they took together, ms */
async function inTurns(steps: Iterable<void>): Promise<number> {
  let tookMs = 0;
  let turnBeganAt = performance.now();
  for (const _ of steps) {
    const turnMs = performance.now() - turnBeganAt;
    if (turnMs < TURN_MS) continue;
    tookMs += turnMs;
    await new Promise((resolve) => setImmediate(resolve));
    turnBeganAt = performance.now();
  }
  return tookMs + performance.now() - turnBeganAt;
}

/** The newest snapshot of a scene, with the entry its state ends with; `null`: there is none. */
export async function readSnapshot(
  send: Send,
  keys: SceneKeys,
): Promise<
  | { readonly problem: null; readonly snapshot: Snapshot; readonly entry: Entry }
  | { readonly problem: string }
  | null
> {
  const reply = (await send(["HMGET", keys.snapshot, "seq", "state", "entry"])) as (string | null)[];
  const [seq, state, entry] = reply;
  if (seq == null || state == null || entry == null) return null;
  try {
    const snapshot = { seq: Number(seq), state: await unpack(state) };
    return { problem: null, snapshot, entry: JSON.parse(entry) as Entry };
  } catch (error) {
    return { problem: reasonOf(error) };
  }
}
