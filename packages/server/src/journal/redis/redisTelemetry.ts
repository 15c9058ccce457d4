import { reasonOf } from "../errors.js";
import type { LogReporter, TelemetryLog, TelemetryRecord } from "../logs.js";
import type { RedisConnection } from "./connection.js";

export interface RedisTelemetryOptions {
  readonly connection: RedisConnection;
  readonly stream: string;
  readonly sceneId: string;
  readonly reporter: LogReporter;
}

const BATCH_MS = 250;
const MAX_BATCH = 500;
/** More than that waiting means that Redis does not keep up: what comes is dropped. */
const MAX_WAITING = 10_000;
/** Batches kept in Redis; the oldest go. */
const MAX_ENTRIES = 1_000_000;

/** A scene's telemetry in a stream of its own, one entry per batch. */
export class RedisTelemetry implements TelemetryLog {
  readonly #options: RedisTelemetryOptions;
  #waiting: TelemetryRecord[] = [];
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();
  #dropped = 0;
  #failing = false;
  #closed = false;

  constructor(options: RedisTelemetryOptions) {
    this.#options = options;
  }

  get dropped(): number {
    return this.#dropped;
  }

  write(record: TelemetryRecord): void {
    if (this.#closed || this.#waiting.length >= MAX_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(record);
    this.#timer ??= setTimeout(() => void this.flush(), BATCH_MS);
  }

  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
  }

  async #write(): Promise<void> {
    const { connection, stream, sceneId, reporter } = this.#options;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      try {
        const trim = ["MAXLEN", "~", `${MAX_ENTRIES}`];
        await connection.send(["XADD", stream, ...trim, "*", "r", JSON.stringify(batch)], 2000);
        this.#failing = false;
      } catch (error) {
        this.#dropped += batch.length;
        if (!this.#failing) {
          reporter.warn({ sceneId, reason: reasonOf(error) }, "telemetry cannot be written; it is dropped");
        }
        this.#failing = true;
      }
    }
  }
}
