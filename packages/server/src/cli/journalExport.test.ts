import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removeFolder, temporaryFolder } from "../../test/dataFolders.js";
import { hasRedis, RedisRig, redisTitle } from "../../test/redisRig.js";
import { TestPage } from "../../test/testPage.js";
import { createProbematch, type SceneConfig } from "../index.js";
import { readJournal } from "../journal/readJournal.js";
import { verifyLogs } from "../journal/verifyLogs.js";
import { replay } from "../lobby/replay.js";
import { resolveScene } from "../scene/resolveScene.js";
import type { CliIo } from "./io.js";
import { runCli } from "./program.js";

const secret = "a secret of at least thirty-two bytes";
const study: SceneConfig = {
  id: "ultimatum",
  matchmaking: { matchmaker: { name: "fifo", maxP2pRttMs: 100 } },
};

describe.skipIf(!hasRedis)(redisTitle("probematch journal export"), { timeout: 30_000 }, () => {
  let rig: RedisRig;
  let folder: string;
  beforeEach(async () => {
    rig = await RedisRig.start();
    folder = temporaryFolder();
  });
  afterEach(async () => {
    await rig.close();
    removeFolder(folder);
  });

  async function run(...args: string[]) {
    let out = "";
    let err = "";
    const io: CliIo = {
      cwd: folder,
      env: {},
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      confirm: async () => null,
      terminal: null,
      stop: new AbortController().signal,
    };
    const code = await runCli(
      ["journal", "export", "--redis", rig.redis.url, "--redis-prefix", "test", ...args],
      io,
    );
    return { code, out, err };
  }

  it("writes files that verify, replay and hold every match, although two nodes took turns", async () => {
    const start = () =>
      createProbematch({
        scenes: [study],
        auth: { mode: "open", secret },
        redis: {
          url: rig.redis.url,
          keyPrefix: rig.keyPrefix,
          leaseMs: 2000,
          nodeMs: 5000,
          snapshotEvents: 10,
        },
        logger: pino({ level: "silent" }),
      });
    const nodes = [await start(), await start()];
    const urls = [];
    for (const node of nodes) urls.push((await node.listen({ port: 0, host: "127.0.0.1" })).url);
    const match = async (run: number, on: readonly string[]) => {
      const pages = [0, 1].map(
        (i) =>
          new TestPage(on[i % on.length] ?? "", {
            scene: "ultimatum",
            participantId: `p${run}-${i}`,
            rttMs: 20,
          }),
      );
      await Promise.all(pages.map((page) => page.next("matched")));
      for (const page of pages) page.close();
    };
    await match(1, urls);
    await nodes[0]?.close();
    // Until part of it is in the archive.
    let matches = 1;
    do {
      matches += 1;
      await match(matches, urls.slice(1));
    } while (matches < 20 && (await rig.command("EXISTS", "test:{ultimatum}:archive")) === 0);
    await nodes[1]?.close();
    expect(await rig.command("EXISTS", "test:{ultimatum}:archive")).toBe(1);

    const { code, out } = await run("--data", "backup", "--json");
    expect(code).toBe(0);
    const dataDir = join(folder, "backup");
    expect(JSON.parse(out)).toEqual({
      dataDir,
      scenes: [{ sceneId: "ultimatum", events: expect.any(Number), matches, telemetry: expect.any(Number) }],
    });
    expect((await verifyLogs(dataDir)).ok).toBe(true);
    const events = await readJournal(dataDir, "ultimatum");
    expect(replay(events, resolveScene(study).settings.lobby)).toMatchObject({ skipped: 0, differences: [] });
    const records = readFileSync(join(dataDir, "ultimatum_matches.jsonl"), "utf8").trim().split("\n");
    expect(records.map((line) => JSON.parse(line).participants.length)).toEqual(Array(matches).fill(2));

    const again = await run("--data", "backup");
    expect(again).toMatchObject({ code: 1, err: expect.stringMatching(/has logs of ultimatum already/) });
  });

  it("says which scenes there are when there is none of the name", async () => {
    const { code, err } = await run("--data", "backup", "--scene", "pilot");
    expect([code, err]).toEqual([1, expect.stringMatching(/has no scene pilot below test; there is none/)]);
  });
});
