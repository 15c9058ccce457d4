import {
  attributesSchema,
  jsonValueSchema,
  outcomeSchema,
  participantIdSchema,
  probeReportSchema,
  rttSummarySchema,
  sceneIdSchema,
  serverIdSchema,
} from "@probematch/shared";
import * as v from "valibot";
import { probeVerdictSchema } from "../latency/edge.js";

/**
 * The events of a scene's journal, one schema each. `seq` (1, 2, 3 …) and `at` (server time, epoch ms, never
 * decreasing) belong to every stored event; everything a reader needs is in the event itself: deadlines are
 * absolute times in the log, so that applying a log needs no configuration and no clock.
 */
const at = v.pipe(v.number(), v.finite(), v.minValue(0));
const who = { participantId: participantIdSchema };
/** The server process the participant's page is connected to; only in a log that several nodes share. */
const onNode = { nodeId: v.optional(v.string()) };
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(1000));

export const historySchema = v.object({
  /** Everyone this participant was in a match with, most recent match first, in any scene of the study. */
  partners: v.array(participantIdSchema),
  matches: count,
});
/** Which arm of the study a match was given; `order` has more than one where the group goes through all. */
export const treatmentSchema = v.object({ arm: text, order: v.array(text) });

export const releaseReasonSchema = v.picklist([
  "too_slow",
  "probe_failed",
  "member_gone",
  "not_confirmed",
  "room_failed",
  "server",
]);

export type History = v.InferOutput<typeof historySchema>;

/** Facts: what happened in the world. Any node may append one. */
const facts = {
  /** A server opened the scene's log: the first event, and one more each time a server starts or the rules change. */
  "scene.opened": v.object({
    type: v.literal("scene.opened"),
    sceneId: sceneIdSchema,
    /** Version of this event format. */
    format: v.literal(1),
    /** All randomness of the scene's decisions comes from here. The first one in a log counts. */
    seed: v.string(),
    /** SHA-256 (hex) of the scene's resolved configuration. */
    configHash: v.string(),
    /** Participants known as connected have until then to come back: the sockets of the server before are gone. */
    graceUntil: at,
    nodeId: v.string(),
    /** True: several nodes share the log, and the people of the others stay connected. */
    shared: v.optional(v.boolean()),
  }),
  /** From here on this node decides: it begins by looking at everything. Only in a log that several nodes share. */
  "node.leads": v.object({ type: v.literal("node.leads"), nodeId: v.string() }),
  /** A node was not heard of for too long: its people have until then to come back, to whichever node. */
  "node.lost": v.object({ type: v.literal("node.lost"), nodeId: v.string(), graceUntil: at }),
  "participant.arrived": v.object({
    type: v.literal("participant.arrived"),
    ...who,
    attributes: attributesSchema,
    /** False: this browser cannot be probed. */
    webrtc: v.boolean(),
    /** Higher is served first; default 0. */
    priority: v.pipe(v.number(), v.finite()),
    /** The server ends the wait at this time; `null` = no limit. */
    waitDeadlineAt: v.nullable(at),
    /** As it was on arrival, this scene's own earlier matches included. */
    history: historySchema,
    ...onNode,
  }),
  "participant.rttMeasured": v.object({
    type: v.literal("participant.rttMeasured"),
    ...who,
    serverRtt: v.nullable(rttSummarySchema),
    /** RTT to each beacon, ms. */
    beaconRttMs: v.record(v.string(), v.pipe(v.number(), v.finite(), v.minValue(0))),
  }),
  "participant.disconnected": v.object({
    type: v.literal("participant.disconnected"),
    ...who,
    /** The place is kept until then. */
    graceUntil: at,
    /** Whose connection ended: of no effect once the participant is connected to another node. */
    ...onNode,
  }),
  "participant.reconnected": v.object({
    type: v.literal("participant.reconnected"),
    ...who,
    webrtc: v.boolean(),
    ...onNode,
  }),
  "participant.left": v.object({ type: v.literal("participant.left"), ...who }),
  "participant.removed": v.object({ type: v.literal("participant.removed"), ...who, by: text }),
  "probe.ready": v.object({ type: v.literal("probe.ready"), probeId: serverIdSchema, ...who }),
  "probe.reported": v.object({
    type: v.literal("probe.reported"),
    probeId: serverIdSchema,
    ...who,
    /** Without the raw samples, which are telemetry. */
    report: probeReportSchema,
  }),
  "member.confirmed": v.object({ type: v.literal("member.confirmed"), proposalId: serverIdSchema, ...who }),
  "room.created": v.object({
    type: v.literal("room.created"),
    matchId: serverIdSchema,
    room: jsonValueSchema,
  }),
  "room.failed": v.object({ type: v.literal("room.failed"), matchId: serverIdSchema, reason: text }),
  "match.memberLeft": v.object({ type: v.literal("match.memberLeft"), matchId: serverIdSchema, ...who }),
  /** A matchmaker threw or returned a group that breaks the rules; the scene goes on without its answer. */
  "matchmaker.failed": v.object({ type: v.literal("matchmaker.failed"), matchmaker: text, reason: text }),
} as const;

const pair = {
  probeId: serverIdSchema,
  proposalId: serverIdSchema,
  /** The side that makes the offer. */
  initiator: participantIdSchema,
  responder: participantIdSchema,
};

/** Decisions: what the server made of the facts. Only the node that leads the scene appends one. */
const decisions = {
  "proposal.opened": v.object({
    type: v.literal("proposal.opened"),
    proposalId: serverIdSchema,
    /** In seat order. All of them are held until the proposal is released or becomes a match. */
    members: v.pipe(v.array(participantIdSchema), v.minLength(2), v.maxLength(8)),
    matchmaker: text,
    /** The limit in force for this group: the strictest of its members'; `null` = nothing is probed. */
    maxP2pRttMs: v.nullable(at),
    /** No member is held by this proposal past this time, whatever happens. */
    deadlineAt: at,
    /** How many waited (these included) when the group was proposed. */
    waitingCount: count,
  }),
  "probe.opened": v.object({
    type: v.literal("probe.opened"),
    ...pair,
    /** Both sides must have said ready by then. */
    readyDeadlineAt: at,
    /** Both sides must have reported by then. */
    deadlineAt: at,
    /** The probe of the same pair and proposal that failed and is done again; absent for the first one. */
    repeats: v.optional(serverIdSchema),
    /** True: this pair is doubtful, and those of the group that are opened without it are measured when all such pairs have passed. */
    first: v.optional(v.boolean()),
  }),
  "probe.closed": v.object({
    type: v.literal("probe.closed"),
    probeId: serverIdSchema,
    verdict: probeVerdictSchema,
    /** The pair is not proposed again before this time: the edge's life when too slow, the back-off when failed. */
    blockedUntil: v.nullable(at),
    /** The measurement is forgotten at this time; `null` when there is none. */
    expiresAt: v.nullable(at),
    /** Who caused a failure, where one side did. */
    blamed: v.array(participantIdSchema),
    /** True: the probe failed and is done again at once, so that the failure says nothing about the pair yet. */
    again: v.optional(v.boolean()),
  }),
  "proposal.confirming": v.object({
    type: v.literal("proposal.confirming"),
    proposalId: serverIdSchema,
    deadlineAt: at,
  }),
  /** The study's `onMatch` hook is being asked for a room. */
  "match.creating": v.object({
    type: v.literal("match.creating"),
    proposalId: serverIdSchema,
    matchId: serverIdSchema,
    deadlineAt: at,
    /** What the match will be given; absent where the scene has no treatments. */
    treatment: v.optional(treatmentSchema),
  }),
  "match.committed": v.object({
    type: v.literal("match.committed"),
    proposalId: serverIdSchema,
    matchId: serverIdSchema,
    /** One per seat: what the other members see instead of the participant id. */
    aliases: v.array(v.string()),
    /** Absent where the scene has no treatments. */
    treatment: v.optional(treatmentSchema),
  }),
  "proposal.released": v.object({
    type: v.literal("proposal.released"),
    proposalId: serverIdSchema,
    reason: releaseReasonSchema,
    /** Members not proposed again before this time, because they caused the release. */
    backOff: v.array(v.object({ ...who, until: at })),
    /** True: all members go to the head of the queue (the room could not be created). */
    toHead: v.boolean(),
    /** The whole scene opens no proposal before this time; `null` = no pause. */
    pauseUntil: v.nullable(at),
  }),
  "participant.ended": v.object({
    type: v.literal("participant.ended"),
    ...who,
    outcome: outcomeSchema,
  }),
  "match.ended": v.object({
    type: v.literal("match.ended"),
    matchId: serverIdSchema,
  }),
} as const;

const lobbyEventSchema = v.variant("type", [
  facts["scene.opened"],
  facts["node.leads"],
  facts["node.lost"],
  facts["participant.arrived"],
  facts["participant.rttMeasured"],
  facts["participant.disconnected"],
  facts["participant.reconnected"],
  facts["participant.left"],
  facts["participant.removed"],
  facts["probe.ready"],
  facts["probe.reported"],
  facts["member.confirmed"],
  facts["room.created"],
  facts["room.failed"],
  facts["match.memberLeft"],
  facts["matchmaker.failed"],
  decisions["proposal.opened"],
  decisions["probe.opened"],
  decisions["probe.closed"],
  decisions["proposal.confirming"],
  decisions["match.creating"],
  decisions["match.committed"],
  decisions["proposal.released"],
  decisions["participant.ended"],
  decisions["match.ended"],
]);

export type FactType = keyof typeof facts;
export type DecisionType = keyof typeof decisions;
export type Fact = { [K in FactType]: v.InferOutput<(typeof facts)[K]> }[FactType];
export type Decision = { [K in DecisionType]: v.InferOutput<(typeof decisions)[K]> }[DecisionType];
/** An event before the journal gave it its place. */
export type LobbyEvent = Fact | Decision;
/** An event in the journal: its place and its time. */
export type StoredEvent = LobbyEvent & { readonly seq: number; readonly at: number };

/** Is this one of the server's decisions, and not a fact? */
export const isDecision = <E extends LobbyEvent>(event: E): event is E & Decision =>
  Object.hasOwn(decisions, event.type);

const schemas: ReadonlyMap<unknown, v.GenericSchema<unknown, LobbyEvent>> = new Map(
  Object.entries({ ...facts, ...decisions }),
);

/** Checks an event. By its type first, because a variant of valibot tries its options one after the other. */
export function checkEvent(value: unknown): v.SafeParseResult<v.GenericSchema<unknown, LobbyEvent>> {
  const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
  return v.safeParse(schemas.get(type) ?? lobbyEventSchema, value);
}

const stampSchema = v.object({ seq: v.pipe(count, v.minValue(1)), at });

/**
 * Parses one line of a journal.
 *
 * @returns the event, or a sentence that says what is wrong with it
 */
export function parseStoredEvent(value: unknown): StoredEvent | string {
  const stamp = v.safeParse(stampSchema, value);
  if (!stamp.success) return `no valid seq and at: ${v.summarize(stamp.issues)}`;
  const event = checkEvent(value);
  if (!event.success) return v.summarize(event.issues);
  return { ...event.output, ...stamp.output };
}
