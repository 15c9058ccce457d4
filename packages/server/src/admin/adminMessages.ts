import {
  attributesSchema,
  jsonValueSchema,
  outcomeSchema,
  participantIdSchema,
  rttSummarySchema,
  sceneIdSchema,
  serverIdSchema,
} from "@probematch/shared";
import * as v from "valibot";
import { measurementSchema } from "../latency/edge.js";
import type { MatchRecord } from "../lobby/matchRecord.js";
import type { SceneOverview } from "../runtime/sceneHandle.js";

/** The admin feed's socket.io namespace, on the same path as the participants' one. */
export const ADMIN_NAMESPACE = "/admin";

/**
 * The messages of the admin feed. They are the researcher's: participant ids appear in them. All go from the
 * server to the dashboard; the feed takes no messages.
 */
const epochMs = v.pipe(v.number(), v.finite(), v.minValue(0));
const ms = epochMs;
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A match and why it was made: the same as a line of the scene's match log. */
const matchRecordSchema = v.object({
  timestamp: epochMs,
  seq: count,
  sceneId: sceneIdSchema,
  matchId: serverIdSchema,
  matchmaker: v.string(),
  configHash: v.string(),
  seed: v.string(),
  maxP2pRttMs: v.nullable(ms),
  treatment: v.exactOptional(v.object({ arm: v.string(), order: v.array(v.string()) })),
  participants: v.array(
    v.object({
      participantId: participantIdSchema,
      seat: count,
      alias: v.string(),
      arrivedAt: epochMs,
      waitedMs: ms,
      serverRttMs: v.nullable(ms),
      serverRtt: v.nullable(rttSummarySchema),
      attributes: attributesSchema,
    }),
  ),
  measurements: v.array(
    v.object({ seats: v.tuple([count, count]), probeId: serverIdSchema, ...measurementSchema.entries }),
  ),
  alsoWaiting: v.array(participantIdSchema),
  alsoWaitingCount: count,
  rejected: v.array(
    v.object({
      at: epochMs,
      proposalId: serverIdSchema,
      members: v.array(participantIdSchema),
      reason: v.string(),
      rttMs: v.nullable(ms),
    }),
  ),
  room: jsonValueSchema,
}) satisfies v.GenericSchema<unknown, MatchRecord>;

const activityBase = {
  /** 1, 2, 3 … in this run of the server. */
  id: v.pipe(count, v.minValue(1)),
  /** Server time, epoch ms. */
  at: epochMs,
  sceneId: sceneIdSchema,
};

/** Something that happened. */
export const activitySchema = v.variant("type", [
  v.object({ ...activityBase, type: v.literal("match_formed"), match: matchRecordSchema }),
  v.object({ ...activityBase, type: v.literal("arrived"), participantId: participantIdSchema }),
  v.object({
    ...activityBase,
    type: v.literal("ended"),
    participantId: participantIdSchema,
    outcome: outcomeSchema,
  }),
  v.object({
    ...activityBase,
    type: v.literal("released"),
    proposalId: serverIdSchema,
    /** Those who wait on. */
    participantIds: v.array(participantIdSchema),
    reason: v.string(),
  }),
]);
export type Activity = v.InferOutput<typeof activitySchema>;

/** How a scene stands. */
const sceneOverviewSchema = v.object({
  sceneId: sceneIdSchema,
  waiting: count,
  away: count,
  held: count,
  openProposals: count,
  liveProbes: count,
  liveMatches: count,
  matchesCommitted: count,
  estimatedWaitMs: v.nullable(ms),
}) satisfies v.GenericSchema<unknown, SceneOverview>;

/** Server → dashboard, by event name. */
export const adminMessages = {
  /** Sent once on connecting: the latest activities, oldest first. */
  history: v.object({ activities: v.array(activitySchema) }),
  activity: activitySchema,
  /** Every second. */
  overview: v.object({ at: epochMs, scenes: v.array(sceneOverviewSchema) }),
} as const;

export type AdminMessages = {
  [K in keyof typeof adminMessages]: v.InferOutput<(typeof adminMessages)[K]>;
};
/** socket.io's event map. */
export type AdminEvents = { [K in keyof AdminMessages]: (message: AdminMessages[K]) => void };
