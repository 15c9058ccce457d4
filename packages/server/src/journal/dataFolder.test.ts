import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesOf, removeFolder } from "../../test/dataFolders.js";
import { useDataFolders } from "../../test/logFixtures.js";
import { DataFolderError } from "./errors.js";

const { newFolder, openStore } = useDataFolders();
const refusal = async (dataDir: string): Promise<string> => {
  const error = await openStore(dataDir).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DataFolderError);
  return (error as Error).message;
};

/** A tiny file system of our own; `null` where this user may not mount one. */
function tinyFileSystem(options: string): string | null {
  const folder = newFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { stdio: "ignore" });
    return folder;
  } catch {
    return null;
  }
}
const unmount = (folder: string): void => void execFileSync("umount", [folder]);

describe("a data folder", () => {
  it("is made with its parents where there is none, and marked", async () => {
    const folder = join(newFolder(), "study", "data");
    await openStore(folder);
    expect(JSON.parse(readFileSync(join(folder, "probematch.json"), "utf8"))).toEqual({ format: 1 });
  });

  it("may be there already, empty but for what file systems and tools leave there", async () => {
    const folder = newFolder();
    mkdirSync(join(folder, "lost+found"));
    writeFileSync(join(folder, ".gitkeep"), "");
    await openStore(folder);
  });

  it("is opened again by a later server", async () => {
    const folder = newFolder();
    await (await openStore(folder)).close();
    await openStore(folder);
  });

  it("of somebody else is refused and left as it was", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "thesis.tex"), "");
    expect(await refusal(folder)).toMatch(/thesis\.tex.*Choose an empty or a new folder/);
    expect(filesOf(folder)).toEqual(["thesis.tex"]);
  });

  it("of a newer version is refused", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "probematch.json"), '{"format":2}');
    expect(await refusal(folder)).toMatch(/newer version.*format 2/);
  });

  it.each(["", "{", "[]", '{"format":"1"}'])("with the marker %j is refused", async (marker) => {
    const folder = newFolder();
    writeFileSync(join(folder, "probematch.json"), marker);
    expect(await refusal(folder)).toMatch(/does not say/);
  });

  it("that is a file, or lies under one, is refused", async () => {
    const file = join(newFolder(), "file");
    writeFileSync(file, "");
    expect(await refusal(file)).toMatch(/is a file/);
    expect(await refusal(join(file, "data"))).toMatch(/is a file/);
  });

  it("on a read-only file system is refused", async ({ skip }) => {
    const folder = tinyFileSystem("ro,size=64k") ?? skip("this user may not mount");
    try {
      expect(await refusal(folder)).toMatch(/read-only/);
    } finally {
      unmount(folder);
    }
  });

  it("on a disk that really fills up keeps what was delivered and goes on when there is room", async ({
    skip,
  }) => {
    const folder = tinyFileSystem("size=192k") ?? skip("this user may not mount");
    try {
      const dataDir = join(folder, "data");
      const store = await openStore(dataDir);
      const journal = await store.scene("s");
      const seqs: number[] = [];
      await journal.open((events) => seqs.push(...events.map((event) => event.seq)));
      const fill = () =>
        journal.appendFacts([{ type: "room.failed", matchId: "m", reason: "x".repeat(999) }], 1);
      writeFileSync(join(folder, "ballast"), Buffer.alloc(70 * 1024));
      await expect(
        (async () => {
          for (let i = 0; i < 1000; i += 1) await fill();
        })(),
      ).rejects.toThrow(/ENOSPC/);
      const before = seqs.length;
      expect(before).toBeGreaterThan(10);
      const ready = new Promise<void>((resolve) =>
        journal.onStatus((status) => {
          if (status.state === "ready") resolve();
        }),
      );
      removeFolder(join(folder, "ballast"));
      await ready;
      await fill();
      await store.close();
      const again = await openStore(dataDir);
      const read: number[] = [];
      await (await again.scene("s")).open((events) => read.push(...events.map((event) => event.seq)));
      await again.close();
      expect(read).toEqual(Array.from({ length: before + 1 }, (_, i) => i + 1));
      expect(seqs).toEqual(read);
    } finally {
      unmount(folder);
    }
  });
});
