import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { cli } from "../../test/cliRun.js";
import { filesOf, recordingReporter, removeFolder, temporaryFolder } from "../../test/dataFolders.js";
import { openFileStore } from "../journal/fileStore.js";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) removeFolder(folder);
});
const { reporter } = recordingReporter();

/** A data folder with the scenes `a` and `b` of one event each. */
async function study(): Promise<string> {
  const dataDir = temporaryFolder();
  folders.push(dataDir);
  const store = await openFileStore({ dataDir, reporter });
  for (const id of ["a", "b"]) {
    const journal = await store.scene(id);
    await journal.open(() => undefined);
    await journal.appendFacts([{ type: "participant.left", participantId: "p" }], 1000);
  }
  await store.close();
  return dataDir;
}
function damage(dataDir: string): void {
  const path = join(dataDir, "a_journal.jsonl");
  writeFileSync(path, `garbage\n${readFileSync(path, "utf8")}`);
}

describe("probematch journal verify", () => {
  it("says what is in a folder, named from where it was called", async () => {
    const dataDir = await study();
    const args = ["journal", "verify", "--data", basename(dataDir)];
    const { code, out, err } = await cli(args, { cwd: dirname(dataDir) });
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^a\n {2}journal {4}1 events[\s\S]*^b\n[\s\S]*All logs are whole\.\n$/m);
  });

  it("prints with --json one object, of one scene where one is named", async () => {
    const { out } = await cli(["journal", "verify", "--data", await study(), "--scene", "b", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ ok: true, scenes: [{ sceneId: "b", journal: { events: 1 } }] });
    expect(out.trim().split("\n")).toHaveLength(1);
  });

  it("ends with 1 when there is damage, and names file and line", async () => {
    const dataDir = await study();
    damage(dataDir);
    const { code, out } = await cli(["journal", "verify", "--data", dataDir]);
    expect(code).toBe(1);
    expect(out).toMatch(/DAMAGED.*a_journal\.jsonl, line 1: the line is not a JSON object/);
    const json = await cli(["journal", "verify", "--data", dataDir, "--json"]);
    expect([json.code, JSON.parse(json.out)]).toMatchObject([1, { ok: false }]);
  });

  it("of a folder that is not there, or a scene that is not in it, ends with 1 and one line", async () => {
    for (const args of [
      ["--data", "nowhere"],
      ["--data", await study(), "--scene", "c"],
    ]) {
      const { code, out, err } = await cli(["journal", "verify", "--json", ...args], {
        cwd: temporaryFolderFor(),
      });
      expect([code, out]).toEqual([1, ""]);
      expect(err).toMatch(/^probematch: .*(does not exist|no logs of a scene c).*\n$/);
    }
  });
});

const temporaryFolderFor = (): string => {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
};

describe("probematch journal clear", () => {
  it("removes nothing without --yes where nobody can be asked", async () => {
    const dataDir = await study();
    const before = filesOf(dataDir);
    const { code, out, err } = await cli(["journal", "clear", "--data", dataDir]);
    expect([code, out, filesOf(dataDir)]).toEqual([2, "", before]);
    expect(err).toMatch(/^probematch: add --yes to remove 2 files of a, b/);
  });

  it("asks, and does what it was told", async () => {
    const dataDir = await study();
    const questions: string[] = [];
    const confirm = (answer: boolean) => async (question: string) => {
      questions.push(question);
      return answer;
    };
    const args = ["journal", "clear", "--data", dataDir, "--scene", "a"];
    expect((await cli(args, { confirm: confirm(false) })).code).toBe(2);
    expect(filesOf(dataDir)).toHaveLength(3);
    expect(await cli(args, { confirm: confirm(true) })).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Removed 1 files of a /),
    });
    expect(filesOf(dataDir)).toEqual(["b_journal.jsonl", "probematch.json"]);
    expect(questions).toHaveLength(2);
    expect(questions[0]).toBe(`Remove 1 files of a in ${dataDir} for good?`);
  });

  it("with --yes --json removes all and prints one object; a second time there is nothing to do", async () => {
    const dataDir = await study();
    const { code, out } = await cli(["journal", "clear", "--data", dataDir, "--yes", "--json"]);
    expect([code, JSON.parse(out)]).toEqual([
      0,
      { dataDir, scenes: ["a", "b"], removed: ["a_journal.jsonl", "b_journal.jsonl"] },
    ]);
    expect((await cli(["journal", "clear", "--data", dataDir])).code).toBe(0);
  });

  it("is refused with one line while a server uses the folder", async () => {
    const dataDir = await study();
    const store = await openFileStore({ dataDir, reporter });
    const { code, err } = await cli(["journal", "clear", "--data", dataDir, "--yes"]);
    await store.close();
    expect(code).toBe(1);
    expect(err).toMatch(/^probematch: .* is in use by another Probematch process \(pid \d+ on .*\n$/);
  });
});
