import { randomBytes } from "node:crypto";
import { open, readdir, unlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import * as v from "valibot";
import { DataFolderError, errorCode, reasonOf } from "./errors.js";
import { JournalUnavailableError } from "./journal.js";
import type { LogReporter } from "./logs.js";
import { isRunning, ownIdentity, type ProcessIdentity, processIdentitySchema } from "./processIdentity.js";

/** This process's claim to a folder. */
export interface FolderLock {
  /** @throws {JournalUnavailableError} when another process has the folder now */
  assertHeld(): Promise<void>;
  /** Idempotent. */
  release(): Promise<void>;
}

export interface FolderLockOptions {
  readonly reporter: LogReporter;
  /** Called once when the lock is found gone. */
  readonly onLost?: (error: JournalUnavailableError) => void;
  /** How often the holder shows that it lives. Default: 1000. */
  readonly beatMs?: number;
}

export const lockPrefix = "probematch.lock-";

/** A lock whose holder cannot be seen is given up after this many beats without a sign of life. */
const SILENT_BEATS = 6;
const ATTEMPTS = 4;

/**
 * Takes a folder for this process, or refuses because another live process has it. Every process puts a file of its
 * own into the folder first and looks for others' after that, so of two that start together at least one sees the other.
 * A holder that was killed is recognised at once where this process can see that it is gone (same machine
 * and container), otherwise after a few seconds in which its file shows no sign of life.
 *
 * @throws {DataFolderError} in use, or not writable
 */
export async function lockFolder(folder: string, options: FolderLockOptions): Promise<FolderLock> {
  const beatMs = options.beatMs ?? 1000;
  const own = await ownIdentity();
  for (let attempt = 1; ; attempt += 1) {
    const claim = await Claim.make(folder, own, beatMs, options.onLost);
    try {
      const holder = await findLiveHolder(folder, claim.name, own, beatMs, options.reporter);
      if (holder === null) return claim;
      await claim.release();
      if (attempt === ATTEMPTS) throw new DataFolderError(inUse(folder, holder));
    } catch (error) {
      await claim.release();
      throw error;
    }
    // Two that started together may both have given way.
    await delay(20 + Math.random() * 100);
  }
}

const inUse = (folder: string, holder: Holder): string =>
  `${folder} is in use by another Probematch process (${
    holder.identity === null
      ? `lock file ${holder.name}`
      : `pid ${holder.identity.pid} on ${holder.identity.host}`
  }). Stop that one first, or give this one a data folder of its own.`;

class Claim implements FolderLock {
  readonly name: string;
  readonly #path: string;
  readonly #beatMs: number;
  readonly #onLost: ((error: JournalUnavailableError) => void) | undefined;
  readonly #timer: NodeJS.Timeout;
  #seenAt = performance.now();
  #lost: JournalUnavailableError | null = null;
  #released = false;

  static async make(
    folder: string,
    own: ProcessIdentity,
    beatMs: number,
    onLost: FolderLockOptions["onLost"],
  ): Promise<Claim> {
    const name = `${lockPrefix}${own.pid}-${randomBytes(6).toString("hex")}`;
    try {
      await writeFile(join(folder, name), JSON.stringify(own), { flag: "wx" });
    } catch (error) {
      throw new DataFolderError(
        `${folder} cannot be written: ${reasonOf(error)}. Make room and let this user write there, or choose another data folder.`,
        { cause: error },
      );
    }
    return new Claim(folder, name, beatMs, onLost);
  }

  private constructor(folder: string, name: string, beatMs: number, onLost: FolderLockOptions["onLost"]) {
    this.name = name;
    this.#path = join(folder, name);
    this.#beatMs = beatMs;
    this.#onLost = onLost;
    this.#timer = setInterval(() => void this.#beat(), beatMs);
    this.#timer.unref();
  }

  async assertHeld(): Promise<void> {
    // After a silence (a stopped process, a machine that slept) another one may have taken over.
    if (this.#lost === null && performance.now() - this.#seenAt > 3 * this.#beatMs) await this.#beat();
    if (this.#lost !== null) throw this.#lost;
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    clearInterval(this.#timer);
    await remove(this.#path);
  }

  async #beat(): Promise<void> {
    if (this.#released || this.#lost !== null) return;
    try {
      const now = new Date();
      await utimes(this.#path, now, now);
      this.#seenAt = performance.now();
    } catch (error) {
      if (this.#released || this.#lost !== null || errorCode(error) !== "ENOENT") return;
      clearInterval(this.#timer);
      this.#lost = new JournalUnavailableError(
        `the lock ${this.#path} is gone: another process has the data folder now, or it was deleted. Restart this server.`,
      );
      this.#onLost?.(this.#lost);
    }
  }
}

interface Holder {
  readonly name: string;
  readonly identity: ProcessIdentity | null;
}

/** Looks through the other claims to a folder and clears away the dead ones. */
async function findLiveHolder(
  folder: string,
  ownName: string,
  own: ProcessIdentity,
  beatMs: number,
  reporter: LogReporter,
): Promise<Holder | null> {
  const others = (await readdir(folder)).filter((name) => name.startsWith(lockPrefix) && name !== ownName);
  for (const name of others) {
    const path = join(folder, name);
    const first = await look(path);
    if (first === null) continue;
    const running = first.identity === null ? "unknown" : await isRunning(first.identity, own);
    if (running === true) return { name, identity: first.identity };
    if (running === "unknown") {
      reporter.info(
        { folder, holder: first.identity },
        "the data folder has a lock whose holder cannot be seen from here; watching it for a sign of life",
      );
      if (await showsLife(path, first, beatMs)) return { name, identity: first.identity };
    }
    await remove(path);
    reporter.info({ folder, holder: first.identity }, "removed the lock of a process that is gone");
  }
  return null;
}

/** Counts looks, not time: where the machine sleeps meanwhile, holder and watcher sleep together. */
async function showsLife(path: string, first: Look, beatMs: number): Promise<boolean> {
  for (let i = 0; i < SILENT_BEATS * 2; i += 1) {
    await delay(beatMs / 2);
    const now = await look(path);
    if (now === null) return false;
    if (now.modifiedMs !== first.modifiedMs) return true;
  }
  return false;
}

interface Look {
  readonly identity: ProcessIdentity | null;
  readonly modifiedMs: number;
}

/** Opens the file anew each time: only that asks a network file system's server. `null` = it is gone. */
async function look(path: string): Promise<Look | null> {
  try {
    const handle = await open(path, "r");
    try {
      const { mtimeMs } = await handle.stat();
      return { identity: parseIdentity(await handle.readFile("utf8")), modifiedMs: mtimeMs };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw new DataFolderError(`${path} cannot be read: ${reasonOf(error)}. Let this user read it.`, {
      cause: error,
    });
  }
}

function parseIdentity(text: string): ProcessIdentity | null {
  try {
    const parsed = v.safeParse(processIdentitySchema, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}
