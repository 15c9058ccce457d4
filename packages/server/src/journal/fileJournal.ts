import { basename } from "node:path";
import type { Decision, Fact, StoredEvent } from "../lobby/events.js";
import { AppendQueue } from "./appendQueue.js";
import { encodeAppend } from "./encode.js";
import { DataFolderError } from "./errors.js";
import { type JournalStatus, JournalUnavailableError, type SceneJournal } from "./journal.js";
import type { LogReporter } from "./logs.js";
import { type Damage, scanJournal } from "./scanJournal.js";
import { segmentsOf } from "./segments.js";
import { SegmentWriter, type SegmentWriterOptions } from "./segmentWriter.js";
import { cutTornTail } from "./tornTail.js";

export interface FileJournalOptions extends Omit<SegmentWriterOptions, "kind" | "onSyncFailed"> {
  readonly reporter: LogReporter;
  /** After a failed write, writing is tried out this often until it works again. */
  readonly retryMs: number;
  /** A write that takes longer than this is shown as an outage; it cannot be called back, so its append waits on. */
  readonly slowWriteMs: number;
  /** Called at the end of `open`, with the journal's last seq; may refuse by throwing. */
  readonly onRead?: (lastSeq: number) => Promise<void>;
  readonly onClosed?: () => void;
}

/** A scene's journal in files, for one process. See `docs/data.md` for the format. */
export class FileJournal implements SceneJournal {
  readonly #options: FileJournalOptions;
  readonly #writer: SegmentWriter;
  readonly #listeners: ((status: JournalStatus) => void)[] = [];
  #status: JournalStatus = { state: "ready", leads: true };
  #queue: AppendQueue | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: FileJournalOptions) {
    this.#options = options;
    this.#writer = new SegmentWriter({
      ...options,
      kind: "journal",
      onSyncFailed: (error) => this.#failed(error),
    });
  }

  readonly leads = true;

  get status(): JournalStatus {
    return this.#status;
  }

  onStatus(listener: (status: JournalStatus) => void): void {
    this.#listeners.push(listener);
  }

  async open(onEvents: (events: readonly StoredEvent[]) => void): Promise<void> {
    if (this.#queue !== null) throw new Error("a journal is opened once");
    const { folder, sceneId, reporter } = this.#options;
    const segments = await segmentsOf(folder, sceneId, "journal");
    const scan = await scanJournal(segments, onEvents);
    if (scan.damage !== null) throw new DataFolderError(describeDamage(scan.damage));
    if (scan.torn !== null) await cutTornTail(scan.torn, reporter);
    await this.#options.onRead?.(scan.lastSeq);
    this.#queue = new AppendQueue({
      last: { seq: scan.lastSeq, at: scan.lastAt },
      store: (appends) => this.#watch(this.#writer.append(Buffer.from(appends.map(encodeAppend).join("")))),
      deliver: onEvents,
      onStored: (error) => (error === null ? this.#works() : this.#failed(error)),
    });
    reporter.info({ sceneId, events: scan.events }, "journal read");
  }

  async appendFacts(facts: readonly Fact[], at: number): Promise<void> {
    await this.#opened().append(facts, null, at);
  }

  async appendDecisions(
    decisions: readonly Decision[],
    basisSeq: number,
    at: number,
  ): Promise<"appended" | "stale" | "not_leader"> {
    return this.#opened().append(decisions, basisSeq, at);
  }

  /**
   * Puts everything appended so far on the disk itself.
   *
   * @throws {JournalUnavailableError} the disk did not take it
   */
  async sync(): Promise<void> {
    await this.#writer.sync();
  }

  /** This process may write here no longer, for good. */
  fail(error: JournalUnavailableError): void {
    this.#failed(error);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#queue?.close();
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    try {
      await this.#writer.close();
    } catch (error) {
      this.#options.reporter.error(
        { sceneId: this.#options.sceneId, err: error },
        "journal not synced at its end",
      );
    }
    this.#setStatus({ state: "unavailable", reason: "the journal is closed" });
    this.#options.onClosed?.();
  }

  async #watch(write: Promise<void>): Promise<void> {
    const { slowWriteMs } = this.#options;
    const slow = setTimeout(() => {
      const reason = `the disk has not finished a write for ${slowWriteMs} ms`;
      this.#failed(new JournalUnavailableError(reason));
    }, slowWriteMs);
    try {
      await write;
    } finally {
      clearTimeout(slow);
    }
  }

  #opened(): AppendQueue {
    if (this.#queue === null) throw new Error("the journal has not been opened");
    return this.#queue;
  }

  #works(): void {
    if (this.#status.state === "ready") return;
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    this.#options.reporter.info({ sceneId: this.#options.sceneId }, "journal can be written again");
    this.#setStatus({ state: "ready", leads: true });
  }

  #failed(error: JournalUnavailableError): void {
    if (this.#status.state === "ready") {
      this.#options.reporter.error(
        { sceneId: this.#options.sceneId, reason: error.message },
        "journal unavailable",
      );
    }
    this.#setStatus({ state: "unavailable", reason: error.message });
    this.#scheduleRetry();
  }

  #scheduleRetry(): void {
    if (this.#closing !== null || this.#retryTimer !== null) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      void this.#tryOut();
    }, this.#options.retryMs);
    this.#retryTimer.unref();
  }

  async #tryOut(): Promise<void> {
    const queue = this.#queue;
    if (queue === null || this.#closing !== null) return;
    try {
      await queue.between(() => this.#writer.tryOut());
      this.#works();
    } catch {
      this.#scheduleRetry();
    }
  }

  #setStatus(status: JournalStatus): void {
    this.#status = status;
    for (const listener of this.#listeners) listener(status);
  }
}

/** Damage as the person who has to deal with it is told. */
function describeDamage({ path, line, reason }: Damage): string {
  return (
    `${path}, line ${line}: ${reason}. No crash explains this, so nothing was changed and the server does not start: ` +
    `put back a good copy of ${basename(path)}, or move the scene's files away to begin anew. ` +
    "`probematch journal verify` shows what is readable."
  );
}
