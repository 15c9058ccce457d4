import { reasonOf } from "./errors.js";
import { readTail } from "./lines.js";
import type { LogReporter, TelemetryLog, TelemetryRecord } from "./logs.js";
import { segmentsOf, withSizes } from "./segments.js";
import { SegmentWriter, type SegmentWriterOptions } from "./segmentWriter.js";
import { cutTornTail } from "./tornTail.js";

export interface FileTelemetryOptions
  extends Omit<SegmentWriterOptions, "kind" | "fsyncMs" | "onSyncFailed"> {
  readonly reporter: LogReporter;
}

const FLUSH_MS = 1000;
const FLUSH_BYTES = 256 * 1024;
/** More than this waits for nobody: a disk that is so far behind does not get telemetry. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** A scene's telemetry in files. */
export class FileTelemetry implements TelemetryLog {
  readonly #options: FileTelemetryOptions;
  readonly #writer: SegmentWriter;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #failing = false;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  static async open(options: FileTelemetryOptions): Promise<FileTelemetry> {
    const last = (await withSizes(await segmentsOf(options.folder, options.sceneId, "telemetry"))).at(-1);
    if (last !== undefined) {
      const { goodLength } = await readTail(last.path, last.size);
      const reason = "the line has no end";
      if (goodLength < last.size)
        await cutTornTail({ ...last, line: null, goodLength, reason }, options.reporter);
    }
    return new FileTelemetry(options);
  }

  private constructor(options: FileTelemetryOptions) {
    this.#options = options;
    this.#writer = new SegmentWriter({ ...options, kind: "telemetry", fsyncMs: null });
  }

  get dropped(): number {
    return this.#dropped;
  }

  write(record: TelemetryRecord): void {
    const line = toLine(record);
    if (line === null || this.#closing !== null || this.#waitingBytes + line.length > MAX_WAITING_BYTES) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (this.#waitingBytes >= FLUSH_BYTES) this.#write();
    this.#schedule();
  }

  async flush(): Promise<void> {
    await this.#writing;
    this.#write();
    await this.#writing;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.flush();
    await this.#writer.close();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#write();
    }, FLUSH_MS).unref();
  }

  #write(): void {
    if (this.#writing !== null || this.#waiting.length === 0) return;
    const lines = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#writing = this.#writeLines(lines).finally(() => {
      this.#writing = null;
      if (this.#waiting.length > 0 && this.#closing === null) this.#schedule();
    });
  }

  async #writeLines(lines: readonly string[]): Promise<void> {
    try {
      await this.#writer.append(Buffer.from(lines.join("")));
      this.#failing = false;
    } catch (error) {
      this.#dropped += lines.length;
      if (!this.#failing) {
        this.#options.reporter.warn(
          { sceneId: this.#options.sceneId, reason: reasonOf(error) },
          "telemetry cannot be written and is dropped",
        );
      }
      this.#failing = true;
    }
  }
}

/** `null` for what JSON cannot hold. */
function toLine(record: TelemetryRecord): string | null {
  try {
    return `${JSON.stringify(record)}\n`;
  } catch {
    return null;
  }
}
