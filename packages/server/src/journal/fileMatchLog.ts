import type { MatchRecord } from "../lobby/matchRecord.js";
import { DataFolderError, reasonOf } from "./errors.js";
import { parseObject, readTail } from "./lines.js";
import type { LogReporter, MatchLog } from "./logs.js";
import { segmentsOf, withSizes } from "./segments.js";
import { SegmentWriter, type SegmentWriterOptions } from "./segmentWriter.js";
import { cutTornTail } from "./tornTail.js";

export interface FileMatchLogOptions extends Omit<SegmentWriterOptions, "kind" | "onSyncFailed"> {
  readonly reporter: LogReporter;
  readonly retryMs: number;
  /**
   * Puts the journal on the disk. Done before every write, so that no power cut leaves a match here whose event the
   * journal has lost.
   */
  readonly syncJournal: () => Promise<void>;
}

/** A scene's match log in files. */
export class FileMatchLog implements MatchLog {
  readonly #options: FileMatchLogOptions;
  readonly #writer: SegmentWriter;
  readonly #waiting: string[] = [];
  /** The last match that was in the files when they were opened. */
  readonly seqOnOpen: number;
  #lastSeq: number;
  #writing: Promise<void> | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #failing = false;
  #closing: Promise<void> | null = null;

  /** @throws {DataFolderError} when the log's end is damaged */
  static async open(options: FileMatchLogOptions): Promise<FileMatchLog> {
    return new FileMatchLog(options, await readLastSeq(options));
  }

  private constructor(options: FileMatchLogOptions, lastSeq: number) {
    this.#options = options;
    this.#lastSeq = lastSeq;
    this.seqOnOpen = lastSeq;
    this.#writer = new SegmentWriter({
      ...options,
      kind: "matches",
      onSyncFailed: (error) => this.#failed(error),
    });
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  append(record: MatchRecord): void {
    if (record.seq <= this.#lastSeq || this.#closing !== null) return;
    this.#lastSeq = record.seq;
    this.#waiting.push(`${JSON.stringify(record)}\n`);
    this.#write();
  }

  async flush(): Promise<void> {
    this.#write();
    await this.#writing;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    await this.flush();
    try {
      await this.#writer.close();
    } catch (error) {
      this.#failed(error);
    }
  }

  #write(): void {
    this.#writing ??= this.#writeWaiting().finally(() => {
      this.#writing = null;
    });
  }

  async #writeWaiting(): Promise<void> {
    // One turn later, so that a burst of matches is one write.
    await null;
    while (this.#waiting.length > 0) {
      const count = this.#waiting.length;
      try {
        await this.#options.syncJournal();
        await this.#writer.append(Buffer.from(this.#waiting.slice(0, count).join("")));
      } catch (error) {
        this.#failed(error);
        return;
      }
      this.#waiting.splice(0, count);
      this.#failing = false;
    }
  }

  /** The journal has the matches all the same: a restart would write what is missing here. */
  #failed(error: unknown): void {
    const { reporter, sceneId, retryMs } = this.#options;
    if (!this.#failing) {
      reporter.error(
        { sceneId, reason: reasonOf(error) },
        "match log cannot be written; its records are kept and tried again",
      );
    }
    this.#failing = true;
    if (this.#retryTimer !== null || this.#closing !== null) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      this.#write();
    }, retryMs);
    this.#retryTimer.unref();
  }
}

/** The last record's place in the journal; a torn end is cut off first. */
async function readLastSeq({ folder, sceneId, reporter }: FileMatchLogOptions): Promise<number> {
  const segments = await withSizes(await segmentsOf(folder, sceneId, "matches"));
  for (const [i, { path, size }] of segments.toReversed().entries()) {
    let tail = await readTail(path, size);
    if (i === 0 && tail.goodLength < size) {
      await cutTornTail(
        { path, line: null, goodLength: tail.goodLength, size, reason: "the line has no end" },
        reporter,
      );
    } else if (i === 0 && tail.lastLine !== null && parseObject(tail.lastLine) === null) {
      const reason = "the line is not a JSON object";
      await cutTornTail({ path, line: null, goodLength: tail.lastLineStart, size, reason }, reporter);
      tail = await readTail(path, tail.lastLineStart);
    }
    if (tail.lastLine === null) continue;
    const seq = parseObject(tail.lastLine)?.["seq"];
    if (typeof seq === "number" && Number.isSafeInteger(seq) && seq > 0) return seq;
    throw new DataFolderError(
      `${path}: its last line is not a match record. Put back a good copy, or move the scene's match log away: it is written anew from the journal.`,
    );
  }
  return 0;
}
