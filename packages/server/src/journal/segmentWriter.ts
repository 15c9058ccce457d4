import { type FileHandle, open, rename } from "node:fs/promises";
import { basename } from "node:path";
import { reasonOf } from "./errors.js";
import { JournalUnavailableError } from "./journal.js";
import { currentSegment, type LogKind, rotatedSegment, segmentsOf } from "./segments.js";
import { syncFolder } from "./syncFolder.js";

export interface SegmentWriterOptions {
  readonly folder: string;
  readonly sceneId: string;
  readonly kind: LogKind;
  /** A file that has reached this size is kept under a number and a new one is begun. */
  readonly maxFileBytes: number;
  /**
   * At most this long after a write it is on the disk itself (fdatasync), so that it survives a power cut too; 0 = before the
   * write is done, `null` = when the system sees fit.
   */
  readonly fsyncMs: number | null;
  /** Asked before every write; throws when this process may no longer write here. */
  readonly mayWrite?: () => Promise<void>;
  /** A sync in the background failed. */
  readonly onSyncFailed?: (error: JournalUnavailableError) => void;
  /** Opens a file; for tests, which break it. */
  readonly openFile?: (path: string, flags: string) => Promise<FileHandle>;
}

/** What is written to see whether writing works again: about what a busy second needs. */
const TRIAL_BYTES = 64 * 1024;

/**
 * Appends to one log's newest file, all or nothing: what could only be written in part is cut off again before anything
 * else is written. One call at a time.
 */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  readonly #path: string;
  readonly #openFile: (path: string, flags: string) => Promise<FileHandle>;
  #handle: FileHandle | null = null;
  /** Length up to which the file is whole; `null` until it was opened first. */
  #goodLength: number | null = null;
  /** True: there may be bytes past `#goodLength` that have to be cut off first. */
  #torn = false;
  #unsynced = false;
  #syncTimer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: SegmentWriterOptions) {
    this.#options = options;
    this.#path = currentSegment(options.folder, options.sceneId, options.kind);
    this.#openFile = options.openFile ?? open;
  }

  /** Length of the newest file, 0 before it was opened. */
  get length(): number {
    return this.#goodLength ?? 0;
  }

  /**
   * Appends bytes; when it resolves they are the system's, so `kill -9` cannot take them.
   *
   * @throws {JournalUnavailableError} nothing was appended
   */
  async append(bytes: Uint8Array): Promise<void> {
    try {
      await this.#options.mayWrite?.();
      const handle = await this.#ready();
      const writeTo =
        this.length > 0 && this.length + bytes.length > this.#options.maxFileBytes
          ? await this.#rotate(handle)
          : handle;
      this.#torn = true;
      await writeFully(writeTo, bytes);
      if (this.#options.fsyncMs === 0) await writeTo.datasync();
      this.#torn = false;
      this.#goodLength = this.length + bytes.length;
    } catch (error) {
      await this.#rollBack();
      throw this.#unavailable(error);
    }
    this.#scheduleSync();
  }

  /**
   * Finds out whether writing works, by writing and taking it back.
   *
   * @throws {JournalUnavailableError} it does not
   */
  async tryOut(): Promise<void> {
    try {
      await this.#options.mayWrite?.();
      const handle = await this.#ready();
      this.#torn = true;
      await writeFully(handle, Buffer.alloc(TRIAL_BYTES, " "));
      await handle.datasync();
      await assertLinked(handle);
      await this.#rollBack();
      if (this.#torn) throw new Error("what was written to try it out could not be cut off again");
    } catch (error) {
      await this.#rollBack();
      throw this.#unavailable(error);
    }
  }

  /**
   * Puts everything appended so far on the disk itself.
   *
   * @throws {JournalUnavailableError} the disk did not take it
   */
  async sync(): Promise<void> {
    if (this.#syncTimer !== null) clearTimeout(this.#syncTimer);
    this.#syncTimer = null;
    const handle = this.#handle;
    if (handle === null || !this.#unsynced) return;
    this.#unsynced = false;
    try {
      await handle.datasync();
      await assertLinked(handle);
    } catch (error) {
      // Closed meanwhile by a rotation, which syncs first.
      if (this.#handle !== handle) return;
      this.#unsynced = true;
      throw this.#unavailable(error);
    }
  }

  /** Syncs and closes. Idempotent; rejects when the last sync failed, closed all the same. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#torn) await this.#rollBack();
    try {
      if (this.#options.fsyncMs !== null) await this.sync();
    } finally {
      if (this.#syncTimer !== null) clearTimeout(this.#syncTimer);
      const handle = this.#handle;
      this.#handle = null;
      await handle?.close();
    }
  }

  /** The open newest file with nothing torn at its end. */
  async #ready(): Promise<FileHandle> {
    if (this.#closed) throw new Error("the log is closed");
    let handle = this.#handle;
    if (handle === null) {
      handle = await this.#openFile(this.#path, "a");
      this.#handle = handle;
      const { size } = await handle.stat();
      this.#goodLength ??= size;
      if (size < this.#goodLength || (size > this.#goodLength && !this.#torn)) {
        throw new Error(
          `its length is ${size} bytes where ${this.#goodLength} were written: somebody else changed it`,
        );
      }
    }
    if (this.#torn) {
      await handle.truncate(this.length);
      this.#torn = false;
    }
    return handle;
  }

  /** Keeps the newest file under the next number and begins a new one. */
  async #rotate(handle: FileHandle): Promise<FileHandle> {
    const { folder, sceneId, kind, fsyncMs } = this.#options;
    // An older file is never repaired, so it has to be whole on the disk before it becomes one.
    if (fsyncMs !== null) await handle.datasync();
    const kept =
      (await segmentsOf(folder, sceneId, kind)).findLast((segment) => segment.index !== null)?.index ?? 0;
    this.#handle = null;
    await handle.close();
    await rename(this.#path, rotatedSegment(folder, sceneId, kind, kept + 1));
    this.#goodLength = 0;
    this.#unsynced = false;
    const next = await this.#ready();
    if (fsyncMs !== null) await syncFolder(folder);
    return next;
  }

  async #rollBack(): Promise<void> {
    if (!this.#torn || this.#handle === null) return;
    try {
      await this.#handle.truncate(this.length);
      this.#torn = false;
    } catch {
      // Stays torn: it is cut off before the next write, or at the next start.
    }
  }

  #scheduleSync(): void {
    const { fsyncMs, onSyncFailed } = this.#options;
    if (fsyncMs === null || fsyncMs === 0) return;
    this.#unsynced = true;
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = null;
      this.sync().catch((error: unknown) => onSyncFailed?.(this.#unavailable(error)));
    }, fsyncMs);
  }

  #unavailable(error: unknown): JournalUnavailableError {
    if (error instanceof JournalUnavailableError) return error;
    return new JournalUnavailableError(`${basename(this.#path)} cannot be written: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done);
    if (bytesWritten === 0) throw new Error("the system wrote nothing");
    done += bytesWritten;
  }
}

/** Whoever deletes a log under a running server must not find out at the end of the study. */
async function assertLinked(handle: FileHandle): Promise<void> {
  if ((await handle.stat()).nlink === 0) throw new Error("the file was deleted while it was in use");
}
