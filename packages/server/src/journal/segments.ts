import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { sceneIdSchema } from "@probematch/shared";
import * as v from "valibot";

/**
 * The files of one data folder. A log is one or more segments: `{scene}_{kind}.jsonl` is the newest, the one that
 * is written to; when it has grown large it is renamed to `{scene}_{kind}.000001.jsonl`, the next one to
 * `….000002.jsonl`. So a log is read by rising number, the file without a number last.
 */
export const logKinds = ["journal", "matches", "telemetry"] as const;
export type LogKind = (typeof logKinds)[number];

export interface Segment {
  readonly name: string;
  readonly path: string;
  /** `null`: the newest one, which is written to. */
  readonly index: number | null;
}

/** One scene's log of one kind, its segments in reading order. */
export interface SegmentedLog {
  readonly sceneId: string;
  readonly kind: LogKind;
  readonly segments: readonly Segment[];
}

// Greedy: of `a_journal_matches.jsonl`, `a_journal` is the scene.
const segmentName = /^(?<scene>.+)_(?<kind>journal|matches|telemetry)(?:\.(?<index>\d{6,}))?\.jsonl$/;

/** The file that is written to. */
export const currentSegment = (folder: string, sceneId: string, kind: LogKind): string =>
  join(folder, `${sceneId}_${kind}.jsonl`);

/** The name under which the file that was written to is kept. */
export const rotatedSegment = (folder: string, sceneId: string, kind: LogKind, index: number): string =>
  join(folder, `${sceneId}_${kind}.${String(index).padStart(6, "0")}.jsonl`);

/** All logs of a folder; files of other names are left out. */
export async function listLogs(folder: string): Promise<SegmentedLog[]> {
  const logs = new Map<string, { sceneId: string; kind: LogKind; segments: Segment[] }>();
  for (const name of await readdir(folder)) {
    const groups = segmentName.exec(name)?.groups;
    const sceneId = v.safeParse(sceneIdSchema, groups?.["scene"]);
    const kind = logKinds.find((k) => k === groups?.["kind"]);
    if (!sceneId.success || kind === undefined) continue;
    const index = groups?.["index"];
    const key = `${sceneId.output}/${kind}`;
    const log = logs.get(key) ?? { sceneId: sceneId.output, kind, segments: [] };
    log.segments.push({ name, path: join(folder, name), index: index === undefined ? null : Number(index) });
    logs.set(key, log);
  }
  for (const log of logs.values()) {
    log.segments.sort(
      (a, b) => (a.index ?? Number.POSITIVE_INFINITY) - (b.index ?? Number.POSITIVE_INFINITY),
    );
  }
  return [...logs.values()].sort((a, b) => (a.sceneId < b.sceneId ? -1 : a.sceneId > b.sceneId ? 1 : 0));
}

/** The segments of one log in reading order; empty where there is none yet. */
export async function segmentsOf(
  folder: string,
  sceneId: string,
  kind: LogKind,
): Promise<readonly Segment[]> {
  const logs = await listLogs(folder);
  return logs.find((log) => log.sceneId === sceneId && log.kind === kind)?.segments ?? [];
}

/** Segments with their present sizes, without the empty ones. */
export async function withSizes(
  segments: readonly Segment[],
): Promise<readonly (Segment & { readonly size: number })[]> {
  const sized = await Promise.all(
    segments.map(async (segment) => ({ ...segment, size: (await stat(segment.path)).size })),
  );
  return sized.filter((segment) => segment.size > 0);
}
