import { afterEach } from "vitest";
import { type FileStoreOptions, openFileStore } from "../src/journal/fileStore.js";
import type { LogStore } from "../src/journal/logs.js";
import type { Fact } from "../src/lobby/events.js";
import type { MatchRecord } from "../src/lobby/matchRecord.js";
import { recordingReporter, removeFolder, temporaryFolder } from "./dataFolders.js";

/** Folders and stores of a test file, closed and removed after each of its tests. */
export function useDataFolders() {
  const folders: string[] = [];
  const stores: LogStore[] = [];
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    for (const folder of folders.splice(0)) removeFolder(folder);
  });
  return {
    newFolder(folder = temporaryFolder()): string {
      folders.push(folder);
      return folder;
    },
    async openStore(dataDir: string, options: Partial<FileStoreOptions> = {}): Promise<LogStore> {
      const { reporter } = recordingReporter();
      const store = await openFileStore({ dataDir, reporter, retryMs: 5, ...options });
      stores.push(store);
      return store;
    },
  };
}

export const arrived = (participantId: string): Fact => ({
  type: "participant.arrived",
  participantId,
  attributes: {},
  webrtc: true,
  priority: 0,
  waitDeadlineAt: null,
  history: { partners: [], matches: 0 },
});

export const matchRecord = (changes: Partial<MatchRecord> = {}): MatchRecord => ({
  timestamp: 1000,
  seq: 1,
  sceneId: "s",
  matchId: "m",
  matchmaker: "FIFO",
  configHash: "h",
  seed: "seed",
  maxP2pRttMs: null,
  participants: [],
  measurements: [],
  alsoWaiting: [],
  alsoWaitingCount: 0,
  rejected: [],
  room: null,
  ...changes,
});
