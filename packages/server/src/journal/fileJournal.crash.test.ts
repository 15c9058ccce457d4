import { readFileSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { filesOf, recordingReporter, removeFolder, temporaryFolder } from "../../test/dataFolders.js";
import type { Fact, StoredEvent } from "../lobby/events.js";
import { DataFolderError } from "./errors.js";
import { openFileStore } from "./fileStore.js";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) removeFolder(folder);
});
const newFolder = (): string => {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
};

const fact: fc.Arbitrary<Fact> = fc.oneof(
  fc.record({
    type: fc.constant("participant.arrived" as const),
    participantId: fc.stringMatching(/^[\x21-\x7e]{1,12}$/),
    attributes: fc.dictionary(
      fc.string({ minLength: 1, maxLength: 8 }).filter((key) => key !== "__proto__"),
      fc.oneof(
        fc.string({ unit: "grapheme", maxLength: 20 }),
        fc.boolean(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
      ),
      { maxKeys: 4 },
    ),
    webrtc: fc.boolean(),
    priority: fc.integer(),
    waitDeadlineAt: fc.option(fc.nat()),
    history: fc.record({ partners: fc.constant<string[]>([]), matches: fc.constant(0) }),
  }),
  fc.record({
    type: fc.constant("participant.left" as const),
    participantId: fc.stringMatching(/^[\x21-\x7e]{1,12}$/),
  }),
);

/** Appends as a server makes them: some at once, some one after the other, with any clock. */
const appends = fc.array(
  fc.array(fc.record({ facts: fc.array(fact, { minLength: 1, maxLength: 4 }), at: fc.nat({ max: 1e6 }) }), {
    minLength: 1,
    maxLength: 4,
  }),
  { minLength: 1, maxLength: 8 },
);
const maxFileBytes = fc.oneof(fc.constant(1), fc.integer({ min: 50, max: 2000 }), fc.constant(1e9));

interface Opened {
  /** Each append's events as they were delivered. */
  readonly delivered: StoredEvent[];
  readonly lastOfAppend: ReadonlySet<number>;
}

async function write(
  folder: string,
  bursts: readonly (readonly { facts: Fact[]; at: number }[])[],
  max: number,
): Promise<Opened> {
  const store = await openFileStore({
    dataDir: folder,
    reporter: recordingReporter().reporter,
    maxFileBytes: max,
  });
  try {
    const journal = await store.scene("s");
    const delivered: StoredEvent[] = [];
    await journal.open((events) => delivered.push(...events));
    for (const burst of bursts) {
      await Promise.all(burst.map(({ facts, at }) => journal.appendFacts(facts, at)));
    }
    let seq = 0;
    const lasts = bursts.flat().map(({ facts }) => {
      seq += facts.length;
      return seq;
    });
    return { delivered, lastOfAppend: new Set([0, ...lasts]) };
  } finally {
    await store.close();
  }
}

async function readAgain(folder: string): Promise<StoredEvent[]> {
  const store = await openFileStore({ dataDir: folder, reporter: recordingReporter().reporter });
  try {
    const events: StoredEvent[] = [];
    await (await store.scene("s")).open((batch) => events.push(...batch));
    return events;
  } finally {
    await store.close();
  }
}

const segments = (folder: string): string[] => {
  const names = filesOf(folder).filter((name) => name.endsWith(".jsonl"));
  return [
    ...names.filter((name) => /\d\.jsonl$/.test(name)),
    ...names.filter((name) => !/\d\.jsonl$/.test(name)),
  ];
};

/** Leaves of a folder what a kill after so many bytes of writing would have left. */
function killAt(folder: string, offset: number): void {
  let left = offset;
  for (const name of segments(folder)) {
    const path = join(folder, name);
    const size = readFileSync(path).length;
    if (left <= 0) unlinkSync(path);
    else if (left < size) truncateSync(path, left);
    left -= size;
  }
}

describe("a process killed at any byte", () => {
  it("leaves a journal that reads as whole appends from the beginning, and goes on", async () => {
    await fc.assert(
      fc.asyncProperty(
        appends,
        maxFileBytes,
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (bursts, max, share) => {
          const folder = newFolder();
          const { delivered, lastOfAppend } = await write(folder, bursts, max);
          const total = segments(folder).reduce(
            (sum, name) => sum + readFileSync(join(folder, name)).length,
            0,
          );
          killAt(folder, Math.round(share * total));
          const read = await readAgain(folder);
          expect(read).toEqual(delivered.slice(0, read.length));
          expect(lastOfAppend.has(read.length)).toBe(true);
          if (share === 1) expect(read.length).toBe(delivered.length);
          const more: Fact = { type: "participant.left", participantId: "later" };
          const again = await write(folder, [[{ facts: [more], at: 0 }]], max);
          expect(again.delivered).toEqual([
            ...read,
            { ...more, seq: read.length + 1, at: read.at(-1)?.at ?? 0 },
          ]);
          expect(await readAgain(folder)).toEqual(again.delivered);
          removeFolder(folder);
        },
      ),
      { numRuns: 150 },
    );
  }, 180_000);
});

describe("rotation", () => {
  it("at any size reads back the same", async () => {
    await fc.assert(
      fc.asyncProperty(appends, maxFileBytes, async (bursts, max) => {
        const folder = newFolder();
        const { delivered } = await write(folder, bursts, max);
        expect(await readAgain(folder)).toEqual(delivered);
        removeFolder(folder);
      }),
      { numRuns: 60 },
    );
  }, 180_000);
});

describe("damage", () => {
  it("to any line but the last is refused with its file and line", async () => {
    await fc.assert(
      fc.asyncProperty(
        appends,
        fc.nat(),
        fc.constantFrom("cut", "removed", "garbage"),
        async (bursts, pick, kind) => {
          const folder = newFolder();
          const { delivered } = await write(folder, bursts, 1e9);
          fc.pre(delivered.length >= 2);
          const path = join(folder, "s_journal.jsonl");
          const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
          const index = pick % (lines.length - 1);
          const line = lines[index] ?? "";
          const changed =
            kind === "removed"
              ? lines.toSpliced(index, 1)
              : lines.with(index, kind === "cut" ? line.slice(0, -1) : "\u0000");
          writeFileSync(path, `${changed.join("\n")}\n`);
          const error = await readAgain(folder).catch((reason: unknown) => reason);
          expect(error).toBeInstanceOf(DataFolderError);
          expect(String(error)).toContain(`s_journal.jsonl, line ${index + 1}:`);
          removeFolder(folder);
        },
      ),
      { numRuns: 100 },
    );
  }, 180_000);
});
