import type { ProbeReport, RefusalCode, RttSummary } from "@probematch/shared";
import type { Arrival, ArrivalRequest } from "../lobby/commands.js";
import type { Effect } from "../lobby/effects.js";
import type { StoredEvent } from "../lobby/events.js";
import type { WhyWaiting } from "../lobby/explain.js";
import type { LinkPeer, MatchLinkPeer, ParticipantView, SceneOverview, Standing } from "../lobby/view.js";
import type { SceneSettings } from "../scene/sceneSettings.js";

export type { Arrival, ArrivalRequest, ParticipantView, SceneOverview, SceneSettings, Standing, WhyWaiting };

/** One link's quality after the match. */
export interface LinkQuality {
  readonly probeId: string;
  readonly rttMs: number | null;
  readonly lost: number;
}

export interface MeasuredRtts {
  readonly serverRtt?: RttSummary;
  /** RTT to each beacon, ms. */
  readonly beaconRttMs?: Readonly<Record<string, number>>;
}

/**
 * One scene of this node, as the gateway sees it: commands in, effects out. Every command is a fact for the
 * journal; it resolves once the fact is in the log and applied, with `null`, or with the code of why it was
 * refused (then nothing was written). Commands reject with `JournalUnavailableError` when the log cannot be written.
 */
export interface SceneHandle {
  readonly settings: SceneSettings;
  arrive(request: ArrivalRequest): Promise<Arrival>;
  /** The last page of this participant on this node is gone; its place is kept for the grace time. */
  disconnect(participantId: string): Promise<void>;
  leave(participantId: string): Promise<void>;
  /** The researcher takes a participant out. `false` = not in this scene. */
  remove(participantId: string, by: string): Promise<boolean>;
  /** Journaled when it is the first one or changed enough to matter. */
  reportRtt(participantId: string, measured: MeasuredRtts): Promise<void>;
  probeReady(participantId: string, probeId: string): Promise<RefusalCode | null>;
  probeReport(participantId: string, probeId: string, report: ProbeReport): Promise<RefusalCode | null>;
  confirm(participantId: string, proposalId: string): Promise<RefusalCode | null>;
  matchDone(participantId: string, matchId: string): Promise<RefusalCode | null>;
  /** Link quality after the match: telemetry, not journaled. */
  linkReport(participantId: string, matchId: string, links: readonly LinkQuality[]): RefusalCode | null;
  /**
   * The other end of a live probe, or of a live match's link; `null` when the link is not this participant's or
   * no longer live. Signals are relayed only along it.
   */
  linkPeer(participantId: string, probeId: string): LinkPeer | null;
  /** As {@link SceneHandle.linkPeer}, for the link of a live match only. */
  matchLink(participantId: string, probeId: string): MatchLinkPeer | null;
  /** Names this server process. */
  readonly nodeId: string;
  /** Which node the participant is connected to, of those that share the scene. `nowhere` also when it is over. */
  whereIs(participantId: string): "here" | "elsewhere" | "nowhere";
  viewOf(participantId: string): ParticipantView | null;
  standingOf(participantId: string): Standing | null;
  /**
   * Why this participant is still waiting: who else is here, and what stands between. `null` for somebody who does
   * not wait. For the researcher; looks at everybody who waits.
   */
  whyWaiting(participantId: string): WhyWaiting | null;
  /** Everybody who waits or is held, by seniority. */
  waitingIds(): readonly string[];
  overview(): SceneOverview;
  /** False while the journal cannot be written or followed. */
  readonly available: boolean;
  /** Called when `available` has changed. Returns the function that ends it. */
  onAvailability(listener: (available: boolean) => void): () => void;
  /** Server time, epoch ms; never goes back. */
  now(): number;
  /** Effects of applied events, in log order. Returns the function that ends it. */
  onEffects(listener: (effects: readonly Effect[]) => void): () => void;
  /** Applied events, in log order, after a start only new ones. For metrics and feeds. */
  onEvents(listener: (events: readonly StoredEvent[]) => void): () => void;
}
