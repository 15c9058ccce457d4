import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesOf, recordingReporter } from "../../test/dataFolders.js";
import { arrived, matchRecord, useDataFolders } from "../../test/logFixtures.js";
import type { Decision } from "../lobby/events.js";
import { clearLogs } from "./clearLogs.js";
import { openFileStore } from "./fileStore.js";
import { verifyLogs } from "./verifyLogs.js";

const { newFolder } = useDataFolders();
const { reporter } = recordingReporter();

const committed: Decision = { type: "match.committed", proposalId: "p", matchId: "m", aliases: ["x", "y"] };
const record = matchRecord({ timestamp: 2000, seq: 4 });

/** Two scenes; `s` has three arrivals of two people, a match and its record. */
async function study(): Promise<string> {
  const dataDir = newFolder();
  const store = await openFileStore({ dataDir, reporter });
  const matches = await store.matches("s");
  const journal = await store.scene("s");
  await journal.open(() => undefined);
  await journal.appendFacts([arrived("a"), arrived("b"), arrived("a")], 1000);
  await journal.appendDecisions([committed], 3, 2000);
  matches.append(record);
  (await store.telemetry("s")).write({ type: "x", at: 1 });
  const other = await store.scene("other");
  await other.open(() => undefined);
  await other.appendFacts([arrived("c")], 1);
  await store.close();
  return dataDir;
}

describe("verifying a data folder", () => {
  it("counts what is in it", async () => {
    const dataDir = await study();
    const report = await verifyLogs(dataDir);
    expect(report).toMatchObject({ dataDir, ok: true, scenes: [{ sceneId: "other" }, { sceneId: "s" }] });
    expect(report.scenes[1]).toMatchObject({
      journal: {
        files: 1,
        events: 4,
        matches: 1,
        participants: 2,
        firstAt: 1000,
        lastAt: 2000,
        damage: null,
        torn: null,
      },
      matchLog: { records: 1, missing: 0, damage: null },
      telemetry: { records: 1, damage: null },
    });
  });

  it("can be done beside a running server, of one scene", async () => {
    const dataDir = await study();
    const store = await openFileStore({ dataDir, reporter });
    expect((await verifyLogs(dataDir, "other")).scenes.map((scene) => scene.sceneId)).toEqual(["other"]);
    await store.close();
  });

  it("tells damage from a torn end, and changes neither", async () => {
    const dataDir = await study();
    const path = join(dataDir, "s_journal.jsonl");
    appendFileSync(path, '{"seq"');
    const torn = await verifyLogs(dataDir, "s");
    expect(torn.ok).toBe(true);
    expect(torn.scenes[0]?.journal).toMatchObject({
      events: 4,
      damage: null,
      torn: { file: "s_journal.jsonl", line: 5 },
    });
    const text = readFileSync(path, "utf8").replace('"seq":2', '"seq":9');
    writeFileSync(path, text);
    const damaged = await verifyLogs(dataDir, "s");
    expect(damaged.ok).toBe(false);
    expect(damaged.scenes[0]?.journal).toMatchObject({
      events: 0,
      damage: { file: "s_journal.jsonl", line: 2 },
    });
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  it("finds matches that one log has and the other has not", async () => {
    const dataDir = await study();
    const path = join(dataDir, "s_matches.jsonl");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, "");
    expect((await verifyLogs(dataDir, "s")).scenes[0]?.matchLog).toMatchObject({
      records: 0,
      missing: 1,
      damage: null,
    });
    writeFileSync(path, text.replace('"m"', '"n"'));
    expect((await verifyLogs(dataDir, "s")).scenes[0]?.matchLog.damage?.reason).toMatch(/no match n/);
  });

  it("refuses a folder that is not there, is not ours, or lacks the scene", async () => {
    const dataDir = await study();
    await expect(verifyLogs(join(dataDir, "nowhere"))).rejects.toThrow(/does not exist/);
    await expect(verifyLogs(dataDir, "nope")).rejects.toThrow(/no logs of a scene nope.*other, s/);
  });
});

describe("clearing a data folder", () => {
  it("removes one scene's logs with what was cut off them, and nothing else", async () => {
    const dataDir = await study();
    writeFileSync(join(dataDir, "s_journal.jsonl.torn-20260101T000000"), "{");
    writeFileSync(join(dataDir, "notes.txt"), "mine");
    const { scenes, removed } = await clearLogs(dataDir, reporter, "s");
    expect([scenes, removed.length]).toEqual([["s"], 4]);
    expect(filesOf(dataDir)).toEqual(["notes.txt", "other_journal.jsonl", "probematch.json"]);
  });

  it("removes all scenes' logs, and the folder can be used again", async () => {
    const dataDir = await study();
    await clearLogs(dataDir, reporter);
    expect(filesOf(dataDir)).toEqual(["probematch.json"]);
    const store = await openFileStore({ dataDir, reporter });
    expect((await store.matches("s")).lastSeq).toBe(0);
    await store.close();
  });

  it("is refused while a server uses the folder", async () => {
    const dataDir = await study();
    const store = await openFileStore({ dataDir, reporter });
    await expect(clearLogs(dataDir, reporter)).rejects.toThrow(/in use/);
    expect(filesOf(dataDir)).toContain("s_journal.jsonl");
    await store.close();
  });
});
