import { readFileSync, truncateSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { cli } from "../../test/cliRun.js";
import { copyAfterKill, removeFolder, temporaryFolder } from "../../test/dataFolders.js";
import type { MatchRecord } from "../lobby/matchRecord.js";
import { createProbematch, type Probematch } from "../server.js";

const folders: string[] = [];
const servers: Probematch[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  for (const folder of folders.splice(0)) removeFolder(folder);
});

async function start(dataDir: string) {
  const server = await createProbematch({
    auth: { mode: "open" },
    scenes: [{ id: "s", groupSize: 2 }],
    dataDir,
    logger: pino({ level: "silent" }),
  });
  servers.push(server);
  const scene = server.scenes.get("s");
  if (scene === undefined) throw new Error("no scene");
  return { server, scene };
}

/** Lets two people in, who are matched and both confirm. */
async function matchTwo(
  scene: Awaited<ReturnType<typeof start>>["scene"],
  ids: readonly string[],
): Promise<void> {
  const matched = new Promise<void>((resolve) => {
    scene.onEffects((effects) => {
      for (const effect of effects) {
        if (effect.kind === "confirm") void scene.confirm(effect.participantId, effect.proposalId);
        if (effect.kind === "matchFormed") resolve();
      }
    });
  });
  for (const participantId of ids) {
    await scene.arrive({ participantId, attributes: {}, webrtc: true, priority: 0, fresh: true });
    await scene.reportRtt(participantId, {
      serverRtt: {
        medianMs: 20,
        minMs: 19,
        p95Ms: 25,
        jitterMs: 1,
        samples: 5,
        lost: 0,
        measuredAt: scene.now(),
      },
    });
  }
  await matched;
}

const matchesIn = (folder: string): MatchRecord[] =>
  readFileSync(join(folder, "s_matches.jsonl"), "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as MatchRecord);

describe("a server that was killed", () => {
  it("writes the matches its match log lacks from the journal, and none twice", async () => {
    const dataDir = temporaryFolder();
    folders.push(dataDir);
    const { server, scene } = await start(dataDir);
    await matchTwo(scene, ["a", "b"]);
    await matchTwo(scene, ["c", "d"]);
    await server.close();
    const records = matchesIn(dataDir);
    expect(records.map((record) => record.participants.map((p) => p.participantId))).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);

    // As found after a kill in the middle of the second record, then with no match log at all.
    const path = join(dataDir, "s_matches.jsonl");
    truncateSync(path, readFileSync(path).length - 10);
    for (const prepare of [() => {}, () => unlinkSync(path)]) {
      prepare();
      const again = await start(dataDir);
      await again.server.close();
      expect(matchesIn(dataDir)).toEqual(records);
    }
    const verified = await cli(["journal", "verify", "--data", dataDir, "--json"]);
    expect(JSON.parse(verified.out)).toMatchObject({
      ok: true,
      scenes: [{ journal: { matches: 2, participants: 4 }, matchLog: { records: 2, missing: 0 } }],
    });
  });

  it("has everybody who waited in their place, and those who were matched in their match", async () => {
    const dataDir = temporaryFolder();
    folders.push(dataDir);
    const { scene } = await start(dataDir);
    await matchTwo(scene, ["a", "b"]);
    await scene.arrive({ participantId: "c", attributes: { x: 1 }, webrtc: true, priority: 0, fresh: true });
    const before = scene.viewOf("a");
    const killed = copyAfterKill(dataDir);
    folders.push(killed);
    const { scene: after } = await start(killed);
    expect(after.waitingIds()).toEqual(["c"]);
    expect(after.viewOf("a")).toMatchObject({ status: "matched" });
    expect(before).toMatchObject({ status: "matched" });
    expect(after.overview().matchesCommitted).toBe(1);
  });
});
