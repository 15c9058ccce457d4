import { resolve } from "node:path";
import { sceneIdSchema } from "@probematch/shared";
import * as v from "valibot";
import { prepareDataFolder } from "./dataFolder.js";
import { DataFolderError } from "./errors.js";
import { FileJournal } from "./fileJournal.js";
import { FileMatchLog } from "./fileMatchLog.js";
import { FileTelemetry } from "./fileTelemetry.js";
import { type FolderLock, lockFolder } from "./folderLock.js";
import type { JournalUnavailableError } from "./journal.js";
import type { LogReporter, LogStore } from "./logs.js";
import { listLogs } from "./segments.js";
import type { SegmentWriterOptions } from "./segmentWriter.js";

export interface FileStoreOptions {
  /** The folder of all logs. Created when missing; refused when it holds anything but Probematch's logs. */
  readonly dataDir: string;
  readonly reporter: LogReporter;
  /**
   * How long what was appended may take to be on the disk itself, in ms. A killed process never loses anything; this is about power
   * cuts and crashes of the whole machine. 0 = before anybody acts on it, at the price of a disk sync
   * per write. Default: 200.
   */
  readonly fsyncMs?: number;
  /** A log's file that has reached this size is kept under a number and a new one is begun. Default: 64 MiB. */
  readonly maxFileBytes?: number;
  /** After a failed write, writing is tried out this often until it works again, in ms. Default: 1000. */
  readonly retryMs?: number;
  /** A write that takes longer than this is shown as an outage until it is done, in ms. Default: 5000. */
  readonly slowWriteMs?: number;
  /** Opens a file for writing; for tests, which break it. */
  readonly openFile?: SegmentWriterOptions["openFile"];
}

/**
 * Logs in files of one folder, for one process.
 *
 * @throws {DataFolderError} foreign, damaged or unwritable folder, or one that another process uses
 * @example
 * ```ts
 * const store = await openFileStore({ dataDir: "data", reporter: pino() });
 * const journal = await store.scene("ultimatum");
 * await journal.open((events) => events.forEach(apply));
 * ```
 */
export async function openFileStore(options: FileStoreOptions): Promise<LogStore> {
  const folder = resolve(options.dataDir);
  await prepareDataFolder(folder);
  let store: FileStore | null = null;
  const lock = await lockFolder(folder, {
    reporter: options.reporter,
    onLost: (error) => store?.fail(error),
  });
  store = new FileStore(folder, lock, options);
  return store;
}

class FileStore implements LogStore {
  readonly #folder: string;
  readonly #lock: FolderLock;
  readonly #options: FileStoreOptions;
  readonly #journals = new Map<string, FileJournal>();
  readonly #matches = new Map<string, Promise<FileMatchLog>>();
  readonly #telemetry = new Map<string, Promise<FileTelemetry>>();
  #closing: Promise<void> | null = null;

  constructor(folder: string, lock: FolderLock, options: FileStoreOptions) {
    this.#folder = folder;
    this.#lock = lock;
    this.#options = options;
  }

  async scene(sceneId: string): Promise<FileJournal> {
    await this.#checkName(sceneId);
    if (this.#journals.has(sceneId)) throw new Error(`the journal of ${sceneId} is in use already`);
    const journal = new FileJournal({
      ...this.#writerOptions(sceneId),
      reporter: this.#options.reporter,
      slowWriteMs: this.#options.slowWriteMs ?? 5000,
      onRead: (lastSeq) => this.#checkMatches(sceneId, lastSeq),
      onClosed: () => this.#journals.delete(sceneId),
    });
    this.#journals.set(sceneId, journal);
    return journal;
  }

  async matches(sceneId: string): Promise<FileMatchLog> {
    await this.#checkName(sceneId);
    return keep(this.#matches, sceneId, () =>
      FileMatchLog.open({
        ...this.#writerOptions(sceneId),
        reporter: this.#options.reporter,
        syncJournal: async () => this.#journals.get(sceneId)?.sync(),
      }),
    );
  }

  async telemetry(sceneId: string): Promise<FileTelemetry> {
    await this.#checkName(sceneId);
    return keep(this.#telemetry, sceneId, () =>
      FileTelemetry.open({ ...this.#writerOptions(sceneId), reporter: this.#options.reporter }),
    );
  }

  fail(error: JournalUnavailableError): void {
    for (const journal of this.#journals.values()) journal.fail(error);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // Matches before journals: they sync the journal first.
    const opened = await Promise.allSettled([...this.#matches.values(), ...this.#telemetry.values()]);
    await Promise.allSettled(
      opened.map((log) => (log.status === "fulfilled" ? log.value.close() : undefined)),
    );
    await Promise.allSettled([...this.#journals.values()].map((journal) => journal.close()));
    await this.#lock.release();
  }

  #writerOptions(sceneId: string) {
    const { fsyncMs = 200, maxFileBytes = 64 * 1024 * 1024, retryMs = 1000, openFile } = this.#options;
    return {
      folder: this.#folder,
      sceneId,
      fsyncMs,
      maxFileBytes,
      retryMs,
      mayWrite: () => this.#lock.assertHeld(),
      ...(openFile === undefined ? {} : { openFile }),
    };
  }

  /** A match log that is ahead of its journal would take new matches for old ones and leave them out. */
  async #checkMatches(sceneId: string, journalSeq: number): Promise<void> {
    const { seqOnOpen } = await this.matches(sceneId);
    if (seqOnOpen <= journalSeq) return;
    throw new DataFolderError(
      `${this.#folder}: the match log of ${sceneId} goes up to event ${seqOnOpen}, its journal only to ${journalSeq}. They are not of one run: put back the journal that belongs to it, or move ${sceneId}_matches*.jsonl away.`,
    );
  }

  /** Scenes are file names, and on many systems `A` and `a` are the same file. */
  async #checkName(sceneId: string): Promise<void> {
    if (this.#closing !== null) throw new Error("the store is closed");
    v.parse(sceneIdSchema, sceneId);
    const known = [...this.#journals.keys(), ...(await listLogs(this.#folder)).map((log) => log.sceneId)];
    const twin = known.find((other) => other !== sceneId && other.toLowerCase() === sceneId.toLowerCase());
    if (twin === undefined) return;
    throw new DataFolderError(
      `the scenes ${twin} and ${sceneId} differ only in upper and lower case, which some file systems do not tell apart. Rename one of them.`,
    );
  }
}

async function keep<T>(logs: Map<string, Promise<T>>, sceneId: string, open: () => Promise<T>): Promise<T> {
  const log = logs.get(sceneId) ?? open();
  logs.set(sceneId, log);
  try {
    return await log;
  } catch (error) {
    logs.delete(sceneId);
    throw error;
  }
}
