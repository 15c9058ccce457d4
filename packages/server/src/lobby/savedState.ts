import {
  attributesSchema,
  jsonValueSchema,
  outcomeSchema,
  participantIdSchema,
  probeFailureSchema,
  probeReportSchema,
  rttSummarySchema,
  sceneIdSchema,
  serverIdSchema,
} from "@probematch/shared";
import * as v from "valibot";
import { measurementSchema, probeVerdictSchema } from "../latency/edge.js";
import { savedLatencySchema } from "../latency/latencyModel.js";
import { historySchema, releaseReasonSchema, treatmentSchema } from "./events.js";

/**
 * A state as plain JSON, so that a node need not apply a log from its beginning. It is only ever a shortcut: the log
 * stays the truth, and a saved state that cannot be read is passed over.
 *
 * `format` counts up with every change of what is kept here, and of what `apply` makes of an event: a state that another
 * version came to must not be gone on from.
 */
export const SAVED_STATE_FORMAT = 8;

const at = v.pipe(v.number(), v.finite(), v.minValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const ids = v.array(participantIdSchema);

const participant = v.object({
  participantId: participantIdSchema,
  order: count,
  arrivedAt: at,
  waitDeadlineAt: v.nullable(at),
  attributes: attributesSchema,
  webrtc: v.boolean(),
  priority: v.pipe(v.number(), v.finite()),
  status: v.picklist(["waiting", "held", "matched", "ended"]),
  atHead: v.boolean(),
  serverRtt: v.nullable(rttSummarySchema),
  beaconRttMs: v.record(v.string(), at),
  history: historySchema,
  connected: v.boolean(),
  nodeId: v.nullable(v.string()),
  graceUntil: v.nullable(at),
  notBefore: v.nullable(at),
  failures: count,
  proposalId: v.nullable(serverIdSchema),
  matchId: v.nullable(serverIdSchema),
  outcome: v.nullable(outcomeSchema),
  endedAt: v.nullable(at),
});

const release = v.object({
  at,
  proposalId: serverIdSchema,
  members: ids,
  reason: releaseReasonSchema,
  rttMs: v.nullable(at),
});

const proposal = v.object({
  proposalId: serverIdSchema,
  number: count,
  members: ids,
  matchmaker: v.string(),
  maxP2pRttMs: v.nullable(at),
  openedAt: at,
  phase: v.picklist(["probing", "confirming", "creating"]),
  deadlineAt: at,
  probes: v.array(serverIdSchema),
  /** By pair, the probes that failed. */
  repeated: v.array(v.tuple([v.string(), v.array(serverIdSchema)])),
  /** Pairs that are measured before the rest. */
  first: v.array(v.string()),
  confirmed: ids,
  gone: ids,
  matchId: v.nullable(serverIdSchema),
  treatment: v.nullable(treatmentSchema),
  /** `null`: the hook has not answered yet. */
  room: v.nullable(
    v.variant("ok", [
      v.object({ ok: v.literal(true), room: jsonValueSchema }),
      v.object({ ok: v.literal(false) }),
    ]),
  ),
});

const probe = v.object({
  probeId: serverIdSchema,
  proposalId: serverIdSchema,
  initiator: participantIdSchema,
  responder: participantIdSchema,
  readyDeadlineAt: at,
  deadlineAt: at,
  ready: ids,
  reports: v.array(v.tuple([participantIdSchema, probeReportSchema])),
  verdict: v.nullable(probeVerdictSchema),
});

const match = v.object({
  matchId: serverIdSchema,
  committedAt: at,
  members: ids,
  aliases: v.array(v.string()),
  room: jsonValueSchema,
  links: v.array(
    v.object({
      probeId: serverIdSchema,
      seats: v.tuple([count, count]),
      measurement: measurementSchema,
    }),
  ),
  treatment: v.nullable(treatmentSchema),
  left: ids,
  done: ids,
});

const pairRecord = v.object({
  status: v.picklist(["accepted", "too_slow", "failed"]),
  measurement: v.nullable(measurementSchema),
  reason: v.nullable(probeFailureSchema),
  at,
  blockedUntil: v.nullable(at),
  fresh: v.nullable(v.object({ rttMs: at, until: at })),
  expiresAt: at,
  failures: count,
});

const armTally = v.object({ assigned: count, running: count, complete: count });

const savedStateSchema = v.object({
  format: v.literal(SAVED_STATE_FORMAT),
  sceneId: sceneIdSchema,
  seed: v.string(),
  configHash: v.string(),
  seq: v.pipe(count, v.minValue(1)),
  now: at,
  releases: v.array(release),
  /** By participant, places in `releases`: the members of a release share it. */
  released: v.array(v.tuple([participantIdSchema, v.array(count)])),
  /** Who was located lately: RTTs to the landmarks, ms, `null` where one was not measured. */
  located: v.array(v.object({ participantId: participantIdSchema, place: v.array(v.nullable(v.number())) })),
  /** By participant, places in `located`: whom it can judge by what it may expect. */
  crowds: v.array(v.tuple([participantIdSchema, v.array(count)])),
  participants: v.array(participant),
  proposals: v.array(proposal),
  probes: v.array(probe),
  matches: v.array(match),
  pairs: v.array(v.tuple([participantIdSchema, participantIdSchema, pairRecord])),
  latency: savedLatencySchema,
  formed: v.array(v.object({ at, members: ids })),
  arrivals: count,
  recentArrivals: v.array(at),
  crowd: v.array(count),
  proposalsOpened: count,
  matchesCommitted: count,
  treatments: v.object({
    assigned: count,
    lastArm: v.nullable(v.string()),
    byArm: v.array(v.tuple([v.string(), armTally])),
  }),
  roomFailures: count,
  pausedUntil: v.nullable(at),
  recentSeats: v.array(at),
  voided: count,
});

export type SavedState = v.InferOutput<typeof savedStateSchema>;

/**
 * Reads what `saveState` gave, after it was stored.
 *
 * @returns the saved state, or a sentence that says why it is none of this version
 */
export function readSavedState(json: string): SavedState | string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return "it is no JSON";
  }
  const parsed = v.safeParse(savedStateSchema, value);
  return parsed.success ? parsed.output : v.summarize([parsed.issues[0]]);
}
