import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { apply } from "../../lobby/apply.js";
import { createLobbyState } from "../../lobby/state.js";
import { prepareDataFolder } from "../dataFolder.js";
import { encodeAppend } from "../encode.js";
import { DataFolderError } from "../errors.js";
import type { LogReporter } from "../logs.js";
import { currentSegment, type LogKind, listLogs } from "../segments.js";
import { RedisConnection, RedisStoreError, withoutPassword } from "./connection.js";
import type { Entry } from "./entries.js";
import { sceneKeys, scenesKey } from "./keys.js";
import { logPages } from "./logPages.js";
import { eventsOf } from "./reader.js";

export interface ExportOptions {
  readonly url: string;
  readonly keyPrefix: string;
  /** A new or empty folder. */
  readonly dataDir: string;
  /** Only this scene; default: all. */
  readonly sceneId?: string | undefined;
  readonly reporter: LogReporter;
}

export interface ExportReport {
  readonly dataDir: string;
  readonly scenes: readonly {
    readonly sceneId: string;
    readonly events: number;
    readonly matches: number;
    readonly telemetry: number;
  }[];
}

const PAGE = 1000;
const ANSWER_MS = 10_000;

/**
 * Writes the logs of a study out of Redis, as the files a server with a data folder would have written: the same
 * commands read them. Changes nothing in Redis, and may run beside the nodes.
 *
 * @throws {DataFolderError} the folder has logs already, or cannot be written
 * @throws {RedisStoreError} Redis cannot be reached, or has no such scene
 */
export async function exportLogs(options: ExportOptions): Promise<ExportReport> {
  const { url, keyPrefix, sceneId, reporter } = options;
  const dataDir = resolve(options.dataDir);
  const connection = await RedisConnection.open({
    url,
    name: "probematch-export",
    reporter,
    silenceMs: 2 * ANSWER_MS,
  });
  try {
    const all = (await connection.send(["SMEMBERS", scenesKey(keyPrefix)], ANSWER_MS)) as string[];
    const ids = all.filter((id) => sceneId === undefined || id === sceneId).toSorted();
    if (sceneId !== undefined && ids.length === 0) {
      throw new RedisStoreError(
        `Redis at ${withoutPassword(url)} has no scene ${sceneId} below ${keyPrefix}; there ${all.length === 0 ? "is none" : `are ${all.toSorted().join(", ")}`}.`,
      );
    }
    await prepareDataFolder(dataDir);
    const [found] = await listLogs(dataDir);
    if (found !== undefined) {
      throw new DataFolderError(`${dataDir} has logs of ${found.sceneId} already. Choose a new folder.`);
    }
    const scenes = [];
    for (const id of ids) scenes.push(await exportScene(connection, keyPrefix, id, dataDir));
    return { dataDir, scenes };
  } finally {
    connection.close();
  }
}

async function exportScene(connection: RedisConnection, keyPrefix: string, sceneId: string, folder: string) {
  const keys = sceneKeys(keyPrefix, sceneId);
  const create = (kind: LogKind) => open(currentSegment(folder, sceneId, kind), "wx");
  const files = {
    journal: await create("journal"),
    matches: await create("matches"),
    telemetry: await create("telemetry"),
  };
  try {
    const state = createLobbyState();
    let matches = 0;
    for await (const page of logPages((args) => connection.send(args, ANSWER_MS), keys)) {
      let journalText = "";
      let matchText = "";
      for (const entry of page) {
        const events = eventsOf(entry, state.seq);
        journalText += encodeAppend(events);
        for (const effect of events.flatMap((event) => apply(state, event))) {
          if (effect.kind !== "matchFormed") continue;
          matches += 1;
          matchText += `${JSON.stringify(effect.record)}\n`;
        }
      }
      await files.journal.write(journalText);
      if (matchText !== "") await files.matches.write(matchText);
    }
    let telemetry = 0;
    for await (const page of pages(connection, keys.telemetry)) {
      const records = page.flatMap(([, fields]) => JSON.parse(fields[1] ?? "[]") as unknown[]);
      telemetry += records.length;
      await files.telemetry.write(records.map((record) => `${JSON.stringify(record)}\n`).join(""));
    }
    for (const file of Object.values(files)) await file.sync();
    return { sceneId, events: state.seq, matches, telemetry };
  } finally {
    for (const file of Object.values(files)) await file.close();
  }
}

async function* pages(connection: RedisConnection, stream: string): AsyncGenerator<readonly Entry[]> {
  let from = "-";
  for (;;) {
    const reply = await connection.send(["XRANGE", stream, from, "+", "COUNT", `${PAGE}`], ANSWER_MS);
    const entries = reply as readonly Entry[];
    const last = entries.at(-1);
    if (last === undefined) return;
    yield entries;
    from = `(${last[0]}`;
  }
}
