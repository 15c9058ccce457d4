import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { recordingReporter } from "../../test/dataFolders.js";
import { useDataFolders } from "../../test/logFixtures.js";
import { DataFolderError } from "./errors.js";
import { type FolderLock, lockFolder, lockPrefix } from "./folderLock.js";
import type { JournalUnavailableError } from "./journal.js";
import { ownIdentity, type ProcessIdentity } from "./processIdentity.js";

const { newFolder } = useDataFolders();
const locks: FolderLock[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(locks.splice(0).map((lock) => lock.release()));
});
const { reporter } = recordingReporter();
async function lock(folder: string, onLost?: (error: JournalUnavailableError) => void): Promise<FolderLock> {
  const taken = await lockFolder(folder, {
    reporter,
    beatMs: 10,
    ...(onLost === undefined ? {} : { onLost }),
  });
  locks.push(taken);
  return taken;
}
const lockFiles = (folder: string) => readdirSync(folder).filter((name) => name.startsWith(lockPrefix));

/** A process that does nothing, as the holder of a lock, and how it is known. */
async function otherProcess(): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
  const script = `
    const fs = require("node:fs");
    let startTicks = null;
    try { const s = fs.readFileSync("/proc/self/stat", "utf8"); startTicks = s.slice(s.lastIndexOf(")") + 2).split(" ")[19]; } catch {}
    process.stdout.write(JSON.stringify({ pid: process.pid, startTicks }) + "\\n");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return {
    child,
    identity: {
      ...(await ownIdentity()),
      ...(JSON.parse(line.toString()) as { pid: number; startTicks: string }),
    },
  };
}
const putLock = (folder: string, identity: ProcessIdentity | string): string => {
  const path = join(folder, `${lockPrefix}other`);
  writeFileSync(path, typeof identity === "string" ? identity : JSON.stringify(identity));
  return path;
};

const onLinux = process.platform === "linux";

describe("the lock of a data folder", () => {
  it("is taken, leaves one file, and nothing once it is released", async () => {
    const folder = newFolder();
    const taken = await lock(folder);
    expect(lockFiles(folder)).toHaveLength(1);
    await taken.assertHeld();
    await taken.release();
    await taken.release();
    expect(lockFiles(folder)).toEqual([]);
  });

  it("refuses a second holder in the same process, with folder and pid", async () => {
    const folder = newFolder();
    await lock(folder);
    const error = await lock(folder).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataFolderError);
    expect(String(error)).toContain(folder);
    expect(String(error)).toContain(`pid ${process.pid}`);
  });

  it.runIf(onLinux)(
    "is refused while the other process lives, also stopped, and free once it is killed",
    async () => {
      const folder = newFolder();
      const { child, identity } = await otherProcess();
      putLock(folder, identity);
      await expect(lock(folder)).rejects.toThrow(`pid ${identity.pid} on ${hostname()}`);
      child.kill("SIGSTOP");
      await expect(lock(folder)).rejects.toThrow(DataFolderError);
      child.kill("SIGKILL");
      await once(child, "exit");
      await lock(folder);
      expect(lockFiles(folder)).toHaveLength(1);
    },
  );

  it.runIf(onLinux)("is free when the holder's pid now belongs to another process", async () => {
    const folder = newFolder();
    const { identity } = await otherProcess();
    putLock(folder, { ...identity, startTicks: "1" });
    await lock(folder);
  });

  it("of a process that cannot be seen is respected while it shows life, and given up after a silence", async () => {
    const folder = newFolder();
    const path = putLock(folder, { pid: 1, host: "elsewhere", pidSpace: "another machine", startTicks: "7" });
    let beats = 0;
    const beating = setInterval(() => {
      beats += 1;
      utimesSync(path, beats, beats);
    }, 10);
    await expect(lock(folder)).rejects.toThrow("pid 1 on elsewhere");
    clearInterval(beating);
    await lock(folder);
    expect(lockFiles(folder)).toHaveLength(1);
  });

  it("that says nothing readable is given up after a silence", async () => {
    const folder = newFolder();
    putLock(folder, "{");
    await lock(folder);
    expect(lockFiles(folder)).toHaveLength(1);
  });

  it("goes to at most one of many that start together", async () => {
    for (let round = 0; round < 3; round += 1) {
      const folder = newFolder();
      const results = await Promise.allSettled(Array.from({ length: 5 }, () => lock(folder)));
      expect(results.filter((result) => result.status === "fulfilled").length).toBeLessThanOrEqual(1);
      expect(lockFiles(folder).length).toBeLessThanOrEqual(1);
    }
  });

  it("that was taken away is noticed, and its holder may write no more", async () => {
    const folder = newFolder();
    const lost = new Promise<JournalUnavailableError>((resolve) => {
      void lock(folder, resolve).then(() => {
        for (const name of lockFiles(folder)) unlinkSync(join(folder, name));
      });
    });
    expect(String(await lost)).toMatch(/another process has the data folder/);
    await expect(locks.at(-1)?.assertHeld()).rejects.toThrow(/lock/);
  });
});
