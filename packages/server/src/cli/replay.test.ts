import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { cli } from "../../test/cliRun.js";
import { removeFolder, temporaryFolder } from "../../test/dataFolders.js";
import { createProbematch } from "../server.js";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) removeFolder(folder);
});
const config = (maxServerRttMs: number) => ({
  auth: { mode: "open" as const },
  scenes: [{ id: "pairs", matchmaking: { matchmaker: { name: "latency-fifo" as const, maxServerRttMs } } }],
});

/** A data folder in which five people came, four were matched and one left. */
async function lived(): Promise<string> {
  const dataDir = temporaryFolder();
  folders.push(dataDir);
  const probematch = await createProbematch({ ...config(200), dataDir, logLevel: "silent" });
  const pairs = probematch.scenes.get("pairs");
  const stats = { minMs: 1, p95Ms: 1, jitterMs: 0, samples: 5, lost: 0, measuredAt: 0 };
  for (const [id, medianMs] of [
    ["ann", 20],
    ["far", 900],
    ["bob", 30],
    ["cid", 40],
    ["dan", 50],
  ] as const) {
    await pairs?.arrive({ participantId: id, attributes: {}, webrtc: false, priority: 0, fresh: true });
    await pairs?.reportRtt(id, { serverRtt: { ...stats, medianMs } });
  }
  await pairs?.leave("far");
  await expect.poll(() => pairs?.overview().matchesCommitted).toBe(2);
  await probematch.close();
  return dataDir;
}

function configFile(dataDir: string, maxServerRttMs: number): string {
  const file = join(`${dataDir}-config-${maxServerRttMs}.json`);
  folders.push(file);
  writeFileSync(file, JSON.stringify(config(maxServerRttMs)));
  return file;
}

describe("probematch journal replay", () => {
  it("makes the decisions of a study again and finds them the same", async () => {
    const dataDir = await lived();
    const args = [
      "journal",
      "replay",
      "--data",
      dataDir,
      "--scene",
      "pairs",
      "--config",
      configFile(dataDir, 200),
    ];
    const { code, out, err } = await cli([...args, "--json"]);
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toMatchObject({ sceneId: "pairs", compared: 4, skipped: 0, differences: [] });
    expect((await cli(args)).out).toBe("4 decisions made again, all of them the same.\n");
  });

  it("does not hold a log against a configuration it was not written under", async () => {
    const dataDir = await lived();
    const args = [
      "journal",
      "replay",
      "--data",
      dataDir,
      "--scene",
      "pairs",
      "--config",
      configFile(dataDir, 60),
    ];
    const { code, out } = await cli([...args, "--json"]);
    expect([code, JSON.parse(out)]).toMatchObject([0, { compared: 0, skipped: 4 }]);
    expect((await cli(args)).out).toBe(
      "no decision could be made again: all 4 were made under another configuration.\n",
    );
  });

  it("names a scene that the configuration does not have", async () => {
    const dataDir = await lived();
    const args = [
      "journal",
      "replay",
      "--data",
      dataDir,
      "--scene",
      "trios",
      "--config",
      configFile(dataDir, 200),
    ];
    const { code, err } = await cli(args);
    expect([code, err]).toMatchObject([2, expect.stringMatching(/^probematch: .*no scene "trios"\.\n$/)]);
  });
});
