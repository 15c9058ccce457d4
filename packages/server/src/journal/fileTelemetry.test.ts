import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FillableDisk, filesOf, temporaryFolder } from "../../test/dataFolders.js";
import { useDataFolders } from "../../test/logFixtures.js";
import type { FileStoreOptions } from "./fileStore.js";

const { newFolder, openStore } = useDataFolders();
async function open(options: Partial<FileStoreOptions> = {}, dataDir = temporaryFolder()) {
  const folder = newFolder(dataDir);
  const store = await openStore(folder, options);
  return { folder, store, telemetry: await store.telemetry("s") };
}
const sample = (at: number) => ({ type: "rttSample", at, rttMs: 12.5 });
const linesOf = (folder: string): unknown[] =>
  readFileSync(join(folder, "s_telemetry.jsonl"), "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);

describe("telemetry", () => {
  it("is written in batches and is there after closing", async () => {
    const { folder, store, telemetry } = await open();
    for (let at = 0; at < 100; at += 1) telemetry.write(sample(at));
    await store.close();
    expect(linesOf(folder)).toEqual(Array.from({ length: 100 }, (_, at) => sample(at)));
  });

  it("that cannot be written is dropped and counted, and the next is written again", async () => {
    const disk = new FillableDisk();
    const { folder, telemetry } = await open({ openFile: disk.openFile });
    disk.setFull(true);
    telemetry.write(sample(1));
    await telemetry.flush();
    expect(telemetry.dropped).toBe(1);
    disk.setFull(false);
    telemetry.write(sample(2));
    await telemetry.flush();
    expect(linesOf(folder)).toEqual([sample(2)]);
  });

  it("never grows without bound while the disk is behind", async () => {
    const { telemetry } = await open();
    for (let i = 0; i < 200; i += 1) telemetry.write({ type: "big", at: i, text: "x".repeat(50_000) });
    expect(telemetry.dropped).toBeGreaterThan(0);
  });

  it("goes on after a torn end, in files of a bounded size", async () => {
    const { folder, store, telemetry } = await open();
    telemetry.write(sample(1));
    await store.close();
    appendFileSync(join(folder, "s_telemetry.jsonl"), '{"type":"rtt');
    const again = await open({ maxFileBytes: 60 }, folder);
    again.telemetry.write(sample(2));
    await again.telemetry.flush();
    expect(linesOf(folder)).toEqual([sample(2)]);
    expect(filesOf(folder)).toContain("s_telemetry.000001.jsonl");
  });
});
