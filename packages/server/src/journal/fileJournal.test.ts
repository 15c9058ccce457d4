import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  copyAfterKill,
  FillableDisk,
  filesOf,
  recordingReporter,
  removeFolder,
} from "../../test/dataFolders.js";
import { arrived, useDataFolders } from "../../test/logFixtures.js";
import type { StoredEvent } from "../lobby/events.js";
import { type JournalBackend, journalConformance } from "./conformance.js";
import { DataFolderError } from "./errors.js";
import type { FileStoreOptions } from "./fileStore.js";
import { type JournalStore, JournalUnavailableError } from "./journal.js";

const { newFolder, openStore } = useDataFolders();

async function read(store: JournalStore, events: StoredEvent[] = []) {
  const journal = await store.scene("s");
  await journal.open((batch) => events.push(...batch));
  return { journal, events };
}

/** A closed folder with one append per name. */
async function written(names: readonly string[], options: Partial<FileStoreOptions> = {}): Promise<string> {
  const folder = newFolder();
  const store = await openStore(folder, options);
  const { journal } = await read(store);
  for (const name of names) await journal.appendFacts([arrived(name)], 1000);
  await store.close();
  return folder;
}

function fileBackend(fsyncMs: number): JournalBackend {
  const disk = new FillableDisk();
  const folder = newFolder();
  const options = { fsyncMs, openFile: disk.openFile };
  return {
    openStore: () => openStore(folder, options),
    openAfterKill: () => openStore(newFolder(copyAfterKill(folder)), options),
    breakWrites: async () => disk.setFull(true),
    mendWrites: async () => disk.setFull(false),
    dispose: async () => undefined,
  };
}

describe("the file journal keeps what every journal promises:", () => {
  for (const { title, run } of journalConformance) it(title, () => run(fileBackend(200)));
});

describe("the file journal with a sync before every event keeps it too:", () => {
  for (const { title, run } of journalConformance) it(title, () => run(fileBackend(0)));
});

describe("a torn end", () => {
  it("without a newline is cut off, kept beside the log and reported", async () => {
    const folder = await written(["a", "b"]);
    const path = join(folder, "s_journal.jsonl");
    const good = readFileSync(path);
    appendFileSync(path, '{"seq":3,"at":10');
    const { reporter, lines } = recordingReporter();
    const { journal, events } = await read(await openStore(folder, { reporter }));
    expect(events.map((e) => e.seq)).toEqual([1, 2]);
    expect(readFileSync(path)).toEqual(good);
    const copy = filesOf(folder).find((name) => name.includes(".torn-")) ?? "";
    expect(readFileSync(join(folder, copy), "utf8")).toBe('{"seq":3,"at":10');
    expect(lines.filter((line) => line.level === "warn")).toEqual([
      {
        level: "warn",
        message: expect.stringMatching(/cut off/),
        fields: expect.objectContaining({ line: 3, cutBytes: 16, copy }),
      },
    ]);
    await journal.appendFacts([arrived("c")], 1000);
    expect(events.at(-1)?.seq).toBe(3);
  });

  it("is cut off also when it is a whole record that only lacks its newline", async () => {
    const folder = await written(["a", "b"]);
    const path = join(folder, "s_journal.jsonl");
    writeFileSync(path, readFileSync(path).subarray(0, -1));
    expect((await read(await openStore(folder))).events.map((e) => e.seq)).toEqual([1]);
  });

  it("of zeros, as a power cut leaves them, is cut off", async () => {
    const folder = await written(["a"]);
    appendFileSync(join(folder, "s_journal.jsonl"), Buffer.alloc(5000));
    expect((await read(await openStore(folder))).events.map((e) => e.seq)).toEqual([1]);
  });

  it("in the middle of an append takes the whole append with it", async () => {
    const folder = newFolder();
    const store = await openStore(folder);
    const first = await read(store);
    await first.journal.appendFacts([arrived("a")], 1);
    await first.journal.appendFacts([arrived("b"), arrived("c"), arrived("d")], 1);
    await store.close();
    const path = join(folder, "s_journal.jsonl");
    const lines = readFileSync(path, "utf8").split("\n");
    writeFileSync(path, `${lines.slice(0, 3).join("\n")}\n`);
    const { events, journal } = await read(await openStore(folder));
    expect(events.map((e) => e.seq)).toEqual([1]);
    await journal.appendFacts([arrived("e")], 1);
    expect(events.map((e) => e.seq)).toEqual([1, 2]);
  });

  it("is refused when no copy of it could be kept", async () => {
    const folder = await written(["a"]);
    const path = join(folder, "s_journal.jsonl");
    appendFileSync(path, "{");
    const size = statSync(path).size;
    // A name so long that the copy's, which is longer, cannot exist.
    const { cutTornTail } = await import("./tornTail.js");
    const long = join(folder, "x".repeat(250));
    writeFileSync(long, "{");
    const torn = { path: long, line: 1, goodLength: 0, size: 1, reason: "test" };
    await expect(cutTornTail(torn, recordingReporter().reporter)).rejects.toThrow(DataFolderError);
    expect([statSync(long).size, statSync(path).size]).toEqual([1, size]);
  });
});

describe("damage that no crash explains", () => {
  const damaged = async (change: (lines: string[]) => string[]): Promise<unknown> => {
    const folder = await written(["a", "b", "c", "d"]);
    const path = join(folder, "s_journal.jsonl");
    const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
    const text = `${change(lines).join("\n")}\n`;
    writeFileSync(path, text);
    const opening = read(await openStore(folder)).then(
      () => "opened",
      (error: unknown) => error,
    );
    const result = await opening;
    expect(readFileSync(path, "utf8")).toBe(text);
    return result;
  };

  it.each<[string, (lines: string[]) => string[], number]>([
    ["a line of garbage", (l) => l.with(1, "garbage"), 2],
    ["an empty line", (l) => l.with(2, ""), 3],
    ["a missing line", (l) => l.toSpliced(1, 1), 2],
    ["a line twice", (l) => l.toSpliced(1, 0, l[1] ?? ""), 3],
    ["two lines swapped", (l) => [l[0] ?? "", l[2] ?? "", l[1] ?? "", l[3] ?? ""], 2],
    ["an event of an unknown type", (l) => l.with(3, '{"seq":4,"at":1000,"type":"what"}'), 4],
    ["a time that goes back", (l) => l.with(3, (l[3] ?? "").replace('"at":1000', '"at":999')), 4],
    ["a cut file's rest in the middle", (l) => l.with(0, (l[0] ?? "").slice(0, 20)), 1],
  ])("is refused with file and line and left untouched: %s", async (_, change, line) => {
    const error = await damaged(change);
    expect(error).toBeInstanceOf(DataFolderError);
    expect(String(error)).toMatch(
      new RegExp(`s_journal\\.jsonl, line ${line}: .*move the scene's files away`),
    );
  });

  it("is refused when a byte is not UTF-8, instead of reading another text", async () => {
    const folder = await written(["a", "b"]);
    const path = join(folder, "s_journal.jsonl");
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('"a"') + 1] = 0xff;
    writeFileSync(path, bytes);
    await expect(read(await openStore(folder))).rejects.toThrow(/line 1:/);
  });

  it("is refused when a rotated file is missing or torn", async () => {
    const folder = await written(["a", "b", "c", "d"], { maxFileBytes: 1 });
    expect(filesOf(folder)).toEqual([
      "probematch.json",
      "s_journal.000001.jsonl",
      "s_journal.000002.jsonl",
      "s_journal.000003.jsonl",
      "s_journal.jsonl",
    ]);
    const second = join(folder, "s_journal.000002.jsonl");
    const text = readFileSync(second);
    writeFileSync(second, text.subarray(0, 20));
    const store = await openStore(folder);
    await expect(read(store)).rejects.toThrow(/000002\.jsonl, line 1: the line has no end/);
    await store.close();
    removeFolder(second);
    await expect(read(await openStore(folder))).rejects.toThrow(/000003\.jsonl, line 1: seq is 3 where 2/);
  });
});

describe("a full disk", () => {
  it("leaves no part of a failed write, even when that could not be cut off at once", async () => {
    const disk = new FillableDisk();
    const folder = newFolder();
    const { journal, events } = await read(await openStore(folder, { openFile: disk.openFile }));
    await journal.appendFacts([arrived("a")], 1);
    disk.full = true;
    disk.truncateFails = true;
    await expect(journal.appendFacts([arrived("b")], 1)).rejects.toThrow(JournalUnavailableError);
    disk.full = false;
    await expect(journal.appendFacts([arrived("c")], 1)).rejects.toThrow(JournalUnavailableError);
    disk.truncateFails = false;
    await journal.appendFacts([arrived("d")], 1);
    expect(readFileSync(join(folder, "s_journal.jsonl"), "utf8").match(/"participantId":"."/g)).toEqual([
      '"participantId":"a"',
      '"participantId":"d"',
    ]);
    expect(events.map((e) => e.seq)).toEqual([1, 2]);
  });

  it("is found to have room again without anybody appending, and leaves no trace of trying", async () => {
    const disk = new FillableDisk();
    const folder = newFolder();
    const { journal } = await read(await openStore(folder, { openFile: disk.openFile }));
    await journal.appendFacts([arrived("a")], 1);
    const before = readFileSync(join(folder, "s_journal.jsonl"));
    disk.full = true;
    await expect(journal.appendFacts([arrived("b")], 1)).rejects.toThrow(/ENOSPC/);
    const states: string[] = [];
    const ready = new Promise<void>((resolve) =>
      journal.onStatus((status) => {
        states.push(status.state);
        if (status.state === "ready") resolve();
      }),
    );
    disk.full = false;
    await ready;
    expect(states).toEqual(["ready"]);
    expect(readFileSync(join(folder, "s_journal.jsonl"))).toEqual(before);
  });
});

describe("a disk that does not answer", () => {
  it("is shown as an outage until it does, and the append is kept", async () => {
    const disk = new FillableDisk();
    const options = { openFile: disk.openFile, slowWriteMs: 1 };
    const { journal, events } = await read(await openStore(newFolder(), options));
    let answer: () => void = () => undefined;
    disk.stall = new Promise((resolve) => {
      answer = resolve;
    });
    const states: string[] = [];
    journal.onStatus((status) => {
      states.push(status.state);
      if (status.state === "unavailable") answer();
    });
    await journal.appendFacts([arrived("a")], 1);
    expect(states).toEqual(["unavailable", "ready"]);
    expect(events.map((e) => e.seq)).toEqual([1]);
  });
});

describe("files", () => {
  it("deleted under a running server make the journal unavailable instead of losing what comes", async () => {
    const folder = newFolder();
    const { journal } = await read(await openStore(folder, { fsyncMs: 1 }));
    const unavailable = new Promise<string>((resolve) =>
      journal.onStatus((status) => {
        if (status.state === "unavailable") resolve(status.reason);
      }),
    );
    await journal.appendFacts([arrived("a")], 1);
    removeFolder(join(folder, "s_journal.jsonl"));
    await journal.appendFacts([arrived("b")], 1).catch(() => undefined);
    expect(await unavailable).toMatch(/deleted/);
  });

  it("are refused for two scenes whose names differ in case only", async () => {
    const store = await openStore(newFolder());
    await store.scene("Lobby");
    await expect(store.scene("lobby")).rejects.toThrow(/upper and lower case/);
  });

  it("hold one JSON event a line", async () => {
    const folder = await written(["a"]);
    expect(readFileSync(join(folder, "s_journal.jsonl"), "utf8")).toBe(
      `${JSON.stringify({ seq: 1, at: 1000, ...arrived("a") })}\n`,
    );
    expect(readdirSync(folder).sort()).toEqual(["probematch.json", "s_journal.jsonl"]);
  });
});
