import type { Attributes, JsonValue, Outcome, ProbeReport, RttSummary } from "@probematch/shared";
import type { Measurement, ProbeVerdict } from "../latency/edge.js";
import { LatencyModel } from "../latency/latencyModel.js";
import type { CrowdMember } from "../latency/prospects.js";
import type { Candidate } from "../matchmakers/candidate.js";
import { DeadlineHeap } from "./deadlines.js";
import type { ReleaseReason } from "./effects.js";
import { Line, type Ranked } from "./line.js";
import { PairTable } from "./pairs.js";
import { createTreatmentTally, type Treatment, type TreatmentTally } from "./treatments.js";

/**
 * A scene as its log tells it. Only `apply` changes it; everything here follows from the events alone.
 */
export interface LobbyState {
  sceneId: string;
  seed: string;
  configHash: string;
  /** Place and time of the last applied event. */
  seq: number;
  now: number;
  readonly participants: Map<string, Participant>;
  /** Everybody who waits or is held, by seniority. */
  readonly line: Line<Participant>;
  /** Those of the line who are connected: the people in the room, without the places kept for others. */
  readonly present: Line<Participant>;
  /** Those of the line who are connected and not held: whom a matchmaker may be asked about. */
  readonly pool: Line<Participant>;
  readonly proposals: Map<string, Proposal>;
  readonly probes: Map<string, Probe>;
  /** Matches whose members are not all gone. */
  readonly matches: Map<string, Match>;
  readonly pairs: PairTable;
  /** What the scene's measurements taught about latencies; for ordering only. */
  readonly latency: LatencyModel;
  arrivals: number;
  /** When people arrived, newest last, at most {@link RECENT_ARRIVALS}. */
  readonly recentArrivals: number[];
  /** Who was located last. */
  crowd: readonly CrowdMember[];
  proposalsOpened: number;
  matchesCommitted: number;
  /** Treatments assigned so far, and what became of their matches. */
  readonly treatments: TreatmentTally;
  /** Rooms that could not be created in a row. */
  roomFailures: number;
  /** No proposal is opened before this time. */
  pausedUntil: number | null;
  /** When seats were filled, newest last, at most {@link RECENT_SEATS}: what the estimated wait is made of. */
  readonly recentSeats: number[];
  /** Who was in a match with whom, oldest first: for what a study knows of people over its scenes. */
  readonly formed: FormedGroup[];
  /** Decisions that no longer held when they were applied. */
  voided: number;
  /** What to look at next: follows from the events, but is no part of the truth. */
  readonly agenda: Agenda;
  /** The time `waitedMs` counts to: the last event's, or while deciding the time decided for. */
  readonly asOf: { now: number };
}

export const RECENT_SEATS = 400;
export const RECENT_ARRIVALS = 64;

const nothing: readonly never[] = [];
const noAttributes: Attributes = {};
const noHistory: Participant["history"] = { partners: nothing, matches: 0 };

/** One person in the scene. Also the candidate a matchmaker sees, hence the getter `waitedMs`. */
export class Participant implements Candidate, Ranked {
  status: "waiting" | "held" | "matched" | "ended" = "waiting";
  atHead = false;
  serverRtt: RttSummary | null = null;
  beaconRttMs: Readonly<Record<string, number>> = {};
  /** Who had been located before this participant was: what it may expect of others. Empty when the wait is over. */
  crowd: readonly CrowdMember[] = nothing;
  history: { partners: readonly string[]; matches: number };
  connected = true;
  /** The node the page is, or was last, connected to; `null` where the log is one process's. */
  nodeId: string | null = null;
  /** The place is kept until then; `null` while connected. */
  graceUntil: number | null = null;
  /** Not proposed before this time, after having caused a release. */
  notBefore: number | null = null;
  /** Releases caused in a row. */
  failures = 0;
  proposalId: string | null = null;
  matchId: string | null = null;
  outcome: Outcome | null = null;
  endedAt: number | null = null;
  /** What came to nothing with this participant, oldest first, at most {@link REMEMBERED_RELEASES}. */
  releases: readonly Release[] = nothing;

  readonly participantId: string;
  readonly order: number;
  readonly arrivedAt: number;
  readonly waitDeadlineAt: number | null;
  readonly attributes: Attributes;
  webrtc: boolean;
  readonly priority: number;
  readonly #asOf: LobbyState["asOf"];

  constructor(asOf: LobbyState["asOf"], arrival: ArrivalFacts) {
    this.#asOf = asOf;
    this.participantId = arrival.participantId;
    this.order = arrival.order;
    this.arrivedAt = arrival.arrivedAt;
    this.waitDeadlineAt = arrival.waitDeadlineAt;
    // Most have none of either; what many share is kept once.
    this.attributes = Object.keys(arrival.attributes).length === 0 ? noAttributes : arrival.attributes;
    this.webrtc = arrival.webrtc;
    this.priority = arrival.priority;
    this.history =
      arrival.history.matches === 0 && arrival.history.partners.length === 0 ? noHistory : arrival.history;
  }

  get waitedMs(): number {
    return Math.max(0, this.#asOf.now - this.arrivedAt);
  }

  get hasBeaconRtts(): boolean {
    return Object.keys(this.beaconRttMs).length > 0;
  }
}

export type ArrivalFacts = Pick<
  Participant,
  | "participantId"
  | "order"
  | "arrivedAt"
  | "waitDeadlineAt"
  | "attributes"
  | "webrtc"
  | "priority"
  | "history"
>;

export const REMEMBERED_RELEASES = 50;

export interface Release {
  readonly at: number;
  readonly proposalId: string;
  readonly members: readonly string[];
  readonly reason: ReleaseReason;
  /** The measurement that decided, for `too_slow`. */
  readonly rttMs: number | null;
}

export interface Proposal {
  readonly proposalId: string;
  /** How many were opened before it. */
  readonly number: number;
  readonly members: readonly string[];
  readonly matchmaker: string;
  /** The limit in force for the group. */
  readonly maxP2pRttMs: number | null;
  readonly openedAt: number;
  phase: "probing" | "confirming" | "creating";
  /** Of the phase: no member is held past it. */
  deadlineAt: number;
  /** Of the pairs as they stand: a probe that is done again is taken out when it fails. */
  readonly probes: string[];
  /** Probes that failed and are done again, or were: by pair, in the order of their failures. */
  readonly repeated: Map<string, string[]>;
  /** Pairs that are measured before the rest. */
  readonly first: Set<string>;
  readonly confirmed: Set<string>;
  /** Members who left, were lost or ended since the proposal was opened. */
  readonly gone: Set<string>;
  matchId: string | null;
  /** What the match will be given; assigned when its room is asked for. */
  treatment: Treatment | null;
  /** What the room hook answered; `undefined` = not yet. */
  room: { readonly ok: true; readonly room: JsonValue } | { readonly ok: false } | undefined;
}

/** The key of a pair in {@link Proposal.repeated}. */
export const pairOf = (initiator: string, responder: string): string => `${initiator} ${responder}`;

export interface Probe {
  readonly probeId: string;
  readonly proposalId: string;
  readonly initiator: string;
  readonly responder: string;
  readonly readyDeadlineAt: number;
  readonly deadlineAt: number;
  readonly ready: Set<string>;
  readonly reports: Map<string, ProbeReport>;
  verdict: ProbeVerdict | null;
}

export interface Match {
  readonly matchId: string;
  readonly committedAt: number;
  readonly members: readonly string[];
  readonly aliases: readonly string[];
  readonly room: JsonValue;
  readonly links: readonly MatchLink[];
  /** `null` where the scene has none. */
  readonly treatment: Treatment | null;
  /** Members whose page is done with the match, or who left. */
  readonly left: Set<string>;
  /** Those of them whose page said that it was done. */
  readonly done: Set<string>;
}

export interface MatchLink {
  readonly probeId: string;
  readonly seats: readonly [number, number];
  readonly measurement: Measurement;
}

export interface FormedGroup {
  readonly at: number;
  readonly members: readonly string[];
}

/** Reminders: who and what changed, and what becomes due when. */
export interface Agenda {
  participants: Set<string>;
  proposals: Set<string>;
  matches: Set<string>;
  /** Candidates a matchmaker should be asked about. */
  asked: Set<string>;
  /** Participants with a `notBefore` that has not been reminded of yet. */
  readonly resting: Set<string>;
  /** Those who wait without a server RTT. */
  readonly unmeasured: Set<string>;
  /** Those who wait without an RTT to any beacon. */
  readonly withoutBeacons: Set<string>;
  /** Times at which a rule relaxes for a participant that are in {@link due} already. */
  readonly relaxing: Map<string, Set<number>>;
  /** Somebody left the pool or anything else changed that only matters to rules about the whole pool. */
  poolChanged: boolean;
  readonly due: DeadlineHeap<Reminder>;
  /** Pairs to forget as soon as the log's time has come that far. */
  lingering: { readonly a: string; readonly b: string }[];
}

export type Reminder =
  | { readonly kind: "participant"; readonly id: string }
  | { readonly kind: "proposal"; readonly id: string }
  | { readonly kind: "match"; readonly id: string }
  | { readonly kind: "pair"; readonly a: string; readonly b: string }
  | { readonly kind: "everybody" };

export function createLobbyState(latency: LatencyModel = new LatencyModel()): LobbyState {
  return {
    sceneId: "",
    seed: "",
    configHash: "",
    seq: 0,
    now: 0,
    participants: new Map(),
    line: new Line(),
    present: new Line(),
    pool: new Line(),
    proposals: new Map(),
    probes: new Map(),
    matches: new Map(),
    pairs: new PairTable(),
    latency,
    arrivals: 0,
    recentArrivals: [],
    crowd: [],
    proposalsOpened: 0,
    matchesCommitted: 0,
    treatments: createTreatmentTally(),
    roomFailures: 0,
    pausedUntil: null,
    recentSeats: [],
    formed: [],
    voided: 0,
    agenda: {
      participants: new Set(),
      proposals: new Set(),
      matches: new Set(),
      asked: new Set(),
      resting: new Set(),
      unmeasured: new Set(),
      withoutBeacons: new Set(),
      relaxing: new Map(),
      poolChanged: false,
      due: new DeadlineHeap(),
      lingering: [],
    },
    asOf: { now: 0 },
  };
}

/** Look at everything again: after a restart, or when a decision could not be appended. */
export function touchEverything(state: LobbyState): void {
  for (const p of state.line.items) {
    state.agenda.participants.add(p.participantId);
    state.agenda.asked.add(p.participantId);
  }
  for (const id of state.proposals.keys()) state.agenda.proposals.add(id);
  for (const id of state.matches.keys()) state.agenda.matches.add(id);
  state.agenda.poolChanged = true;
}
