import { describe, expect, it } from "vitest";
import { type JournalBackend, journalConformance } from "./conformance.js";
import { createMemoryStore, createVolatileStore, MemoryLogs } from "./memoryJournal.js";

function memoryBackend(): JournalBackend {
  const logs = new MemoryLogs();
  return {
    openStore: async () => createMemoryStore(logs),
    openAfterKill: async () => createMemoryStore(logs),
    breakWrites: async () => logs.breakWrites("broken by the test"),
    mendWrites: async () => logs.mendWrites(),
    dispose: async () => undefined,
  };
}

describe("the memory journal keeps what every journal promises:", () => {
  for (const { title, run } of journalConformance) it(title, () => run(memoryBackend()));
});

describe("a store without a data folder", () => {
  it("warns that everything is gone when the process ends", () => {
    const warnings: unknown[] = [];
    const note = (...args: unknown[]) => void warnings.push(args.at(-1));
    createVolatileStore({ info: note, warn: note, error: note });
    expect(warnings).toEqual([expect.stringMatching(/memory only/)]);
  });
});
