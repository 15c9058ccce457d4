import { type FileHandle, open } from "node:fs/promises";
import { DataFolderError } from "./errors.js";

/** One line of a file, without its newline. */
export interface Line {
  readonly bytes: Buffer;
  /** From 1. */
  readonly number: number;
  /** Where it begins, in bytes from the file's beginning. */
  readonly start: number;
  /** Where the next line begins, or the file's end. */
  readonly end: number;
  /** False: the file ended before a newline came. */
  readonly complete: boolean;
}

const NEWLINE = 0x0a;
const CHUNK_BYTES = 1024 * 1024;
/** No event is nearly as long; more than this without a newline is not a log of ours. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/**
 * Reads a file line by line, holding about a megabyte of it at a time. Bytes added after the call began are left
 * out when `size` says where the file ended.
 *
 * @yields the lines of one chunk
 */
export async function* readLines(path: string, size: number): AsyncGenerator<readonly Line[], void> {
  const handle = await open(path, "r");
  try {
    let rest: Buffer = Buffer.alloc(0);
    let restStart = 0;
    let number = 0;
    let position = 0;
    while (position < size) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - position));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      const data =
        rest.length === 0
          ? chunk.subarray(0, bytesRead)
          : Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const lines: Line[] = [];
      let from = 0;
      for (let at = data.indexOf(NEWLINE); at !== -1; at = data.indexOf(NEWLINE, from)) {
        number += 1;
        const start = restStart + from;
        lines.push({
          bytes: data.subarray(from, at),
          number,
          start,
          end: restStart + at + 1,
          complete: true,
        });
        from = at + 1;
      }
      rest = data.subarray(from);
      restStart += from;
      if (rest.length > MAX_LINE_BYTES) {
        throw new DataFolderError(
          `${path}, line ${number + 1}: longer than ${MAX_LINE_BYTES} bytes, so this is not a log of Probematch. Put the right file in its place, or move it away.`,
        );
      }
      if (lines.length > 0) yield lines;
    }
    if (rest.length > 0) {
      yield [
        { bytes: rest, number: number + 1, start: restStart, end: restStart + rest.length, complete: false },
      ];
    }
  } finally {
    await handle.close();
  }
}

// Fatal: a damaged byte must not silently become a replacement character in somebody's data.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The JSON object on a line, or `null` where there is none. */
export function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}

/** The end of a file of lines. */
export interface Tail {
  /** The last complete line, without its newline; `null` where there is none. */
  readonly lastLine: Buffer | null;
  /** Where that line begins. */
  readonly lastLineStart: number;
  /** The length of the file up to its last newline. */
  readonly goodLength: number;
}

/** Reads a file's last complete line from its end, so that a large log opens as fast as a small one. */
export async function readTail(path: string, size: number): Promise<Tail> {
  const handle = await open(path, "r");
  try {
    for (let span = Math.min(size, 64 * 1024); ; span = Math.min(size, span * 4)) {
      const data = await readFully(handle, size - span, span);
      const lastNewline = data.lastIndexOf(NEWLINE);
      const newlineBefore = lastNewline <= 0 ? -1 : data.lastIndexOf(NEWLINE, lastNewline - 1);
      if (newlineBefore === -1 && span < size) continue;
      if (lastNewline === -1) return { lastLine: null, lastLineStart: 0, goodLength: 0 };
      const start = size - span;
      return {
        lastLine: data.subarray(newlineBefore + 1, lastNewline),
        lastLineStart: start + newlineBefore + 1,
        goodLength: start + lastNewline + 1,
      };
    }
  } finally {
    await handle.close();
  }
}

/** Reads a stretch of a file; shorter only where the file ends first. */
export async function readFully(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const data = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(data, done, length - done, start + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return data.subarray(0, done);
}
