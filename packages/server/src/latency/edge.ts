import { type PathKind, type ProbeFailure, pathKindSchema, probeFailureSchema } from "@probematch/shared";
import * as v from "valibot";

const ms = v.pipe(v.number(), v.finite(), v.minValue(0));

/**
 * All that is known of the latency between two participants. Only `measured` ever accepts or rejects a pair;
 * `predicted` orders; `failed` is a reason to try again later, never evidence that the pair is slow.
 */
export interface Edge {
  readonly status: "measured" | "predicted" | "unknown" | "failed";
  /** Best single number, ms; `null` when unknown or failed. */
  readonly rttMs: number | null;
  /** Smallest value seen, or the estimate's lower bound, ms. */
  readonly lowMs: number | null;
  /** 95th percentile seen, or the estimate's upper bound, ms. */
  readonly highMs: number | null;
  readonly samples: number;
  readonly lost: number;
  readonly path: PathKind | null;
  /** Server time of the measurement, epoch ms. */
  readonly measuredAt: number | null;
  /** Why a probe failed; `null` otherwise. */
  readonly reason: ProbeFailure | null;
}

export const unknownEdge: Edge = {
  status: "unknown",
  rttMs: null,
  lowMs: null,
  highMs: null,
  samples: 0,
  lost: 0,
  path: null,
  measuredAt: null,
  reason: null,
};

/** What the journal keeps of a finished measurement: both sides joined into one (see `joinReports`). */
export const measurementSchema = v.object({
  /** The number compared with the limit, ms: the path's RTT, without what both browsers added as far as that is known. */
  rttMs: ms,
  /** The same as the pages measured it, ms. */
  rawRttMs: ms,
  /** What both browsers added, ms: `rawRttMs - rttMs`, 0 where it is not known. */
  floorMs: ms,
  /** Where the path's true median RTT lies, with 95 % confidence, ms; see `joinReports`. */
  interval95Ms: v.tuple([ms, ms]),
  minMs: ms,
  p95Ms: ms,
  jitterMs: ms,
  samples: v.number(),
  lost: v.number(),
  path: v.nullable(pathKindSchema),
  protocol: v.nullable(v.string()),
  addressFamily: v.nullable(v.string()),
  /** The coarser of the two browsers' clock steps, ms. */
  clockStepMs: ms,
  /** getStats' own figure, the larger of both sides; a cross-check. */
  statsRttMs: v.nullable(ms),
  /** Difference of the two sides' medians, ms. */
  disagreementMs: ms,
  /** The threads that measured, of both pages; `mixed`: one in its worker, one in the page. Not in logs of before it was kept. */
  measuredIn: v.optional(v.picklist(["worker", "page", "mixed"])),
});
export type Measurement = v.InferOutput<typeof measurementSchema>;

export const probeVerdictSchema = v.variant("status", [
  v.object({ status: v.literal("accepted"), measurement: measurementSchema }),
  v.object({ status: v.literal("too_slow"), measurement: measurementSchema }),
  v.object({ status: v.literal("failed"), reason: probeFailureSchema }),
]);
export type ProbeVerdict = v.InferOutput<typeof probeVerdictSchema>;
