import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { builtFile } from "../../test/built.js";
import { recordingReporter, removeFolder, temporaryFolder } from "../../test/dataFolders.js";
import type { StoredEvent } from "../lobby/events.js";
import { openFileStore } from "./fileStore.js";
import { lockPrefix } from "./folderLock.js";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) removeFolder(folder);
});

/** Appends as fast as it can and says on standard output what was delivered. */
const writer = (dataDir: string): string => `
  import { openFileStore } from ${JSON.stringify(pathToFileURL(builtFile("journal/fileStore.js")).href)};
  const silent = { info() {}, warn() {}, error() {} };
  const store = await openFileStore({ dataDir: ${JSON.stringify(dataDir)}, reporter: silent, maxFileBytes: 20_000 });
  const journal = await store.scene("s");
  await journal.open((events) => process.stdout.write(events.map((event) => event.seq + "\\n").join("")));
  for (let i = 0; ; i += 1) {
    const left = (n) => ({ type: "participant.left", participantId: "p" + i + "-" + n });
    await Promise.all([journal.appendFacts([left(0), left(1), left(2)], i), journal.appendFacts([left(3)], i)]);
  }`;

describe("a server killed with kill -9 while it writes", () => {
  it("has lost nothing it delivered, and leaves no lock in the way", async () => {
    const dataDir = temporaryFolder();
    folders.push(dataDir);
    const child = spawn(process.execPath, ["--input-type=module", "-e", writer(dataDir)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let delivered = 0;
    for await (const line of createInterface(child.stdout)) {
      delivered = Number(line);
      if (delivered > 1000) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    expect(delivered).toBeGreaterThan(1000);
    expect(readdirSync(dataDir).filter((name) => name.startsWith(lockPrefix))).toHaveLength(1);

    const store = await openFileStore({ dataDir, reporter: recordingReporter().reporter });
    const events: StoredEvent[] = [];
    const journal = await store.scene("s");
    await journal.open((batch) => events.push(...batch));
    expect(events.length).toBeGreaterThanOrEqual(delivered);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1));
    await journal.appendFacts([{ type: "participant.left", participantId: "after" }], 0);
    await store.close();
  }, 30_000);
});
