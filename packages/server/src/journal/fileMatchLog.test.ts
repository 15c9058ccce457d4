import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FillableDisk, filesOf } from "../../test/dataFolders.js";
import { matchRecord, useDataFolders } from "../../test/logFixtures.js";
import type { MatchRecord } from "../lobby/matchRecord.js";

const { newFolder, openStore } = useDataFolders();

const record = (seq: number): MatchRecord =>
  matchRecord({ timestamp: seq * 1000, seq, matchId: `m${seq}`, room: { text: "line\nbreak" } });
const seqsIn = (folder: string, name = "s_matches.jsonl"): number[] =>
  readFileSync(join(folder, name), "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as MatchRecord).seq);

describe("the match log", () => {
  it("has one line a match, which reads back as it was", async () => {
    const folder = newFolder();
    const log = await (await openStore(folder)).matches("s");
    log.append(record(3));
    log.append(record(9));
    await log.flush();
    const lines = readFileSync(join(folder, "s_matches.jsonl"), "utf8").split("\n");
    expect(lines.slice(0, -1).map((line) => JSON.parse(line) as unknown)).toEqual([record(3), record(9)]);
    expect(log.lastSeq).toBe(9);
  });

  it("takes every match once, though a restart hands over all of them again", async () => {
    const folder = newFolder();
    const first = await openStore(folder);
    const log = await first.matches("s");
    for (const seq of [2, 4, 4, 2]) log.append(record(seq));
    await first.close();
    const again = await (await openStore(folder)).matches("s");
    expect(again.lastSeq).toBe(4);
    for (const seq of [2, 4, 6]) again.append(record(seq));
    await again.flush();
    expect(seqsIn(folder)).toEqual([2, 4, 6]);
  });

  it.each([
    ["half a record", '{"seq":4,"sce', [2]],
    ["a line of zeros", "\0\0\0\n", [2]],
  ])("loses a torn end and gets the match back from the journal: %s", async (_, torn, kept) => {
    const folder = newFolder();
    const first = await openStore(folder);
    (await first.matches("s")).append(record(2));
    await first.close();
    appendFileSync(join(folder, "s_matches.jsonl"), torn);
    const log = await (await openStore(folder)).matches("s");
    expect(seqsIn(folder)).toEqual(kept);
    for (const seq of [2, 4]) log.append(record(seq));
    await log.flush();
    expect(seqsIn(folder)).toEqual([2, 4]);
    expect(filesOf(folder).some((name) => name.startsWith("s_matches.jsonl.torn-"))).toBe(true);
  });

  it("finds its last match in an older file when the newest is empty", async () => {
    const folder = newFolder();
    const first = await openStore(folder, { maxFileBytes: 1 });
    const log = await first.matches("s");
    for (const seq of [2, 4]) {
      log.append(record(seq));
      await log.flush();
    }
    await first.close();
    expect([seqsIn(folder, "s_matches.000001.jsonl"), seqsIn(folder)]).toEqual([[2], [4]]);
    writeFileSync(join(folder, "s_matches.jsonl"), "");
    expect((await (await openStore(folder)).matches("s")).lastSeq).toBe(2);
  });

  it("keeps its records while the disk is full and writes them when there is room", async () => {
    const folder = newFolder();
    const disk = new FillableDisk();
    const log = await (await openStore(folder, { openFile: disk.openFile })).matches("s");
    log.append(record(2));
    await log.flush();
    disk.setFull(true);
    log.append(record(4));
    await log.flush();
    expect(seqsIn(folder)).toEqual([2]);
    disk.setFull(false);
    log.append(record(6));
    await log.flush();
    expect(seqsIn(folder)).toEqual([2, 4, 6]);
  });

  it("that is ahead of its journal is refused: it would leave new matches out", async () => {
    const folder = newFolder();
    const first = await openStore(folder);
    (await first.matches("s")).append(record(7));
    await first.close();
    const journal = await (await openStore(folder)).scene("s");
    await expect(journal.open(() => undefined)).rejects.toThrow(/goes up to event 7, its journal only to 0/);
  });

  it("whose last line is something else is refused", async () => {
    const folder = newFolder();
    const store = await openStore(folder);
    writeFileSync(join(folder, "s_matches.jsonl"), '{"hello":1}\n');
    await expect(store.matches("s")).rejects.toThrow(/not a match record/);
  });

  it("opens quickly at any length, also when its last record is long", async () => {
    const folder = newFolder();
    const store = await openStore(folder);
    const log = await store.matches("s");
    log.append({ ...record(1), room: "x".repeat(300_000) });
    log.append({ ...record(2), room: "y".repeat(200_000) });
    await store.close();
    expect((await (await openStore(folder)).matches("s")).lastSeq).toBe(2);
  });
});
