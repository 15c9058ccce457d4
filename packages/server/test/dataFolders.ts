import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { lockPrefix } from "../src/journal/folderLock.js";
import type { LogReporter } from "../src/journal/logs.js";

// In memory where the system has such a place: thousands of disk syncs would be most of the tests' time.
const memory = "/dev/shm";
const parent = existsSync(memory) ? memory : tmpdir();

/** A folder that the test removes. */
export const temporaryFolder = (): string => mkdtempSync(join(parent, "probematch-test-"));

export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });

/** A copy of a folder as it would be found after its process was killed just now. */
export function copyAfterKill(folder: string): string {
  const copy = temporaryFolder();
  cpSync(folder, copy, {
    recursive: true,
    filter: (path) => !basename(path).startsWith(lockPrefix),
  });
  return copy;
}

export const filesOf = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => !name.startsWith(lockPrefix))
    .sort();

/** Keeps what would be logged. */
export function recordingReporter() {
  const lines: { readonly level: string; readonly message: string; readonly fields: unknown }[] = [];
  const at =
    (level: string) =>
    (...args: unknown[]) =>
      void lines.push({ level, message: String(args.at(-1)), fields: args.length > 1 ? args[0] : null });
  const reporter: LogReporter = { info: at("info"), warn: at("warn"), error: at("error") };
  return { reporter, lines };
}

/**
 * Real files on a disk that can be filled up: while it is full, a write leaves half of its bytes behind and fails, as
 * write(2) may.
 */
export class FillableDisk {
  full = false;
  /** Also refuses to cut off what a failed write left. */
  truncateFails = false;

  /** Writes wait for it. */
  stall: Promise<void> | null = null;

  setFull(full: boolean): void {
    this.full = full;
  }

  readonly openFile = async (path: string, flags: string): Promise<FileHandle> => {
    const handle = await open(path, flags);
    const isFull = () => this.full;
    const truncateFails = () => this.truncateFails;
    const stall = () => this.stall;
    return new Proxy(handle, {
      get(target, key) {
        if (key === "write") {
          return async (bytes: Uint8Array, offset: number, length: number) => {
            await stall();
            if (!isFull()) return target.write(bytes, offset, Math.ceil(length / 2));
            await target.write(bytes, offset, Math.floor(length / 2));
            throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
          };
        }
        if (key === "truncate" && truncateFails()) {
          return async () => {
            throw Object.assign(new Error("EIO: i/o error, ftruncate"), { code: "EIO" });
          };
        }
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
}
