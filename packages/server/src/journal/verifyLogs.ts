import { basename, resolve } from "node:path";
import { checkDataFolder } from "./dataFolder.js";
import { DataFolderError } from "./errors.js";
import { parseObject, readLines } from "./lines.js";
import { scanJournal } from "./scanJournal.js";
import { listLogs, type Segment, type SegmentedLog, withSizes } from "./segments.js";

/** Where something is wrong. */
export interface Finding {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

interface LogReport {
  readonly files: number;
  readonly bytes: number;
  /** Nothing past it was read. */
  readonly damage: Finding | null;
  /** An unfinished end: a server is writing just now, or one was killed; the next start cuts it off. */
  readonly torn: Finding | null;
}

export interface JournalReport extends LogReport {
  readonly events: number;
  readonly matches: number;
  readonly participants: number;
  /** Server time of the first and last event, epoch ms; `null` = no events. */
  readonly firstAt: number | null;
  readonly lastAt: number | null;
}

export interface MatchLogReport extends LogReport {
  readonly records: number;
  /** Matches of the journal that are not here; a start of the server writes those missing at the end. */
  readonly missing: number;
}

export interface TelemetryReport extends LogReport {
  readonly records: number;
}

export interface SceneReport {
  readonly sceneId: string;
  readonly journal: JournalReport;
  readonly matchLog: MatchLogReport;
  readonly telemetry: TelemetryReport;
}

export interface VerifyReport {
  readonly dataDir: string;
  /** True: no damage anywhere. A torn end is none. */
  readonly ok: boolean;
  readonly scenes: readonly SceneReport[];
}

/**
 * Reads every log of a data folder and says what is in it. Changes nothing, and may run beside a server.
 *
 * @param sceneId only this scene
 * @throws {DataFolderError} not a data folder, or without that scene
 */
export async function verifyLogs(dataDir: string, sceneId?: string): Promise<VerifyReport> {
  const folder = resolve(dataDir);
  await checkDataFolder(folder);
  const logs = await listLogs(folder);
  const scenes: SceneReport[] = [];
  for (const id of scenesOf(folder, logs, sceneId)) scenes.push(await verifyScene(id, logs));
  const reports = scenes.flatMap((scene) => [scene.journal, scene.matchLog, scene.telemetry]);
  return { dataDir: folder, ok: reports.every((report) => report.damage === null), scenes };
}

/**
 * The scenes that have logs in a folder, or the one that is asked for.
 *
 * @throws {DataFolderError} that one has none
 */
export function scenesOf(folder: string, logs: readonly SegmentedLog[], sceneId?: string): readonly string[] {
  const known = [...new Set(logs.map((log) => log.sceneId))];
  if (sceneId === undefined) return known;
  if (known.includes(sceneId)) return [sceneId];
  throw new DataFolderError(
    `${folder} has no logs of a scene ${sceneId}. ${known.length === 0 ? "It has none at all." : `It has those of ${known.join(", ")}.`}`,
  );
}

async function verifyScene(sceneId: string, logs: readonly SegmentedLog[]): Promise<SceneReport> {
  const segments = (kind: SegmentedLog["kind"]): readonly Segment[] =>
    logs.find((log) => log.sceneId === sceneId && log.kind === kind)?.segments ?? [];
  const committed = new Map<number, string>();
  const journal = await verifyJournal(segments("journal"), committed);
  const matchLog = await verifyMatchLog(segments("matches"), committed, journal.damage === null);
  const telemetry = await readRecords(segments("telemetry"), () => null);
  return { sceneId, journal, matchLog, telemetry };
}

async function verifyJournal(
  segments: readonly Segment[],
  committed: Map<number, string>,
): Promise<JournalReport> {
  const participants = new Set<string>();
  let firstAt: number | null = null;
  let lastAt: number | null = null;
  const scan = await scanJournal(segments, (events) => {
    for (const event of events) {
      firstAt ??= event.at;
      lastAt = event.at;
      if (event.type === "participant.arrived") participants.add(event.participantId);
      if (event.type === "match.committed") committed.set(event.seq, event.matchId);
    }
  });
  const { damage, torn } = scan;
  return {
    ...(await sizesOf(segments)),
    events: scan.events,
    matches: committed.size,
    participants: participants.size,
    firstAt,
    lastAt,
    damage:
      damage === null ? null : { file: basename(damage.path), line: damage.line, reason: damage.reason },
    torn: torn === null ? null : { file: basename(torn.path), line: torn.line ?? 0, reason: torn.reason },
  };
}

async function verifyMatchLog(
  segments: readonly Segment[],
  committed: ReadonlyMap<number, string>,
  journalIsWhole: boolean,
): Promise<MatchLogReport> {
  let lastSeq = 0;
  let known = 0;
  const report = await readRecords(segments, (record) => {
    const seq = record["seq"];
    if (typeof seq !== "number" || typeof record["matchId"] !== "string")
      return "the line is not a match record";
    if (seq <= lastSeq) return `seq is ${seq}, after a record with ${lastSeq}`;
    lastSeq = seq;
    if (committed.get(seq) === record["matchId"]) known += 1;
    else if (journalIsWhole) return `the journal has no match ${record["matchId"]} at event ${seq}`;
    return null;
  });
  return { ...report, missing: committed.size - known };
}

/** Counts the JSON objects of a log and stops at the first line that is none, or that `check` finds fault with. */
async function readRecords(
  segments: readonly Segment[],
  check: (record: Readonly<Record<string, unknown>>) => string | null,
): Promise<TelemetryReport> {
  const sized = await withSizes(segments);
  const totals = await sizesOf(segments);
  let records = 0;
  for (const segment of sized) {
    for await (const lines of readLines(segment.path, segment.size)) {
      for (const line of lines) {
        const record = line.complete ? parseObject(line.bytes) : null;
        const unreadable = line.complete ? "the line is not a JSON object" : "the line has no end";
        const reason = record === null ? unreadable : check(record);
        if (reason === null) {
          records += 1;
          continue;
        }
        const finding = { file: segment.name, line: line.number, reason };
        const isEnd = record === null && segment === sized.at(-1) && line.end === segment.size;
        return { ...totals, records, damage: isEnd ? null : finding, torn: isEnd ? finding : null };
      }
    }
  }
  return { ...totals, records, damage: null, torn: null };
}

async function sizesOf(segments: readonly Segment[]): Promise<{ files: number; bytes: number }> {
  const sized = await withSizes(segments);
  return { files: segments.length, bytes: sized.reduce((sum, { size }) => sum + size, 0) };
}
