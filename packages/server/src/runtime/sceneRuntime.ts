import type { ProbeReport, RefusalCode } from "@probematch/shared";
import type { Logger } from "pino";
import type { JournalStatus, SceneJournal, Snapshot, SnapshotSource } from "../journal/journal.js";
import { apply } from "../lobby/apply.js";
import * as commands from "../lobby/commands.js";
import { rest } from "../lobby/decide.js";
import type { Effect } from "../lobby/effects.js";
import type { Fact, History, StoredEvent } from "../lobby/events.js";
import { explain } from "../lobby/explain.js";
import { LostNodes } from "../lobby/lostNodes.js";
import type { MatchRecord } from "../lobby/matchRecord.js";
import { readSavedState } from "../lobby/savedState.js";
import { restoreState, StateSaver } from "../lobby/saveState.js";
import { createLobbyState, type FormedGroup, type LobbyState, touchEverything } from "../lobby/state.js";
import {
  type LinkPeer,
  linkPeerOf,
  type MatchLinkPeer,
  matchLinkOf,
  overviewOf,
  standingOf,
  viewOf,
} from "../lobby/view.js";
import type { OnMatch } from "../scene/onMatch.js";
import type { Clock } from "./clock.js";
import { DecisionLoop } from "./decisionLoop.js";
import { Listeners } from "./listeners.js";
import { Rooms } from "./rooms.js";
import type {
  Arrival,
  ArrivalRequest,
  LinkQuality,
  MeasuredRtts,
  ParticipantView,
  SceneHandle,
  SceneOverview,
  SceneSettings,
  Standing,
  WhyWaiting,
} from "./sceneHandle.js";

export interface SceneRuntimeOptions {
  readonly settings: SceneSettings;
  readonly journal: SceneJournal;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names this server process in the log. */
  readonly nodeId: string;
  /** Used when the log is new; afterwards the log's own seed counts. */
  readonly seed: string;
  readonly onMatch?: OnMatch | undefined;
  /** Who this participant was in a match with, in any scene of the study. */
  readonly historyOf: (participantId: string) => History;
  /** Every match of the log that is read or written; has to ignore the ones it knows (by `seq`). */
  readonly onMatchRecord: (record: MatchRecord) => void;
  /** Every match of the log, those that only a snapshot tells of included. */
  readonly onFormed: (group: FormedGroup) => void;
  /** What no decision reads. */
  readonly telemetry: (record: Readonly<Record<string, unknown>>) => void;
}

/**
 * One scene of this node: reads the journal, applies it, has it decided ({@link DecisionLoop}), and carries out what follows.
 */
export class SceneRuntime implements SceneHandle {
  readonly settings: SceneSettings;
  readonly #options: SceneRuntimeOptions;
  #state: LobbyState = createLobbyState();
  readonly #saved: SnapshotSource;
  readonly #effects: Listeners<readonly Effect[]>;
  readonly #availability: Listeners<boolean>;
  #wasAvailable = true;
  readonly #events: Listeners<readonly StoredEvent[]>;
  /** `null`: a match is made without one. */
  readonly #rooms: Rooms | null;
  /** Added to the clock: time goes on from where the log ends, wherever this system's clock stands. */
  #clockOffsetMs = 0;
  #recovering = true;
  /** The last node of a shared log that said it decides. */
  #leader: string | null = null;
  #takingOver = false;
  readonly #nodes = new LostNodes();
  readonly #loop: DecisionLoop;
  #closed = false;

  private constructor(options: SceneRuntimeOptions) {
    this.#options = options;
    this.settings = options.settings;
    const { journal, logger, onMatch, settings } = options;
    const onError = (error: unknown) => logger.error({ err: error }, "a listener of the scene failed");
    this.#effects = new Listeners(onError);
    this.#availability = new Listeners(onError);
    this.#events = new Listeners(onError);
    this.#rooms =
      onMatch === undefined
        ? null
        : new Rooms({
            sceneId: settings.lobby.sceneId,
            onMatch,
            logger,
            now: () => this.now(),
            append: (fact) => this.#append([fact]),
          });
    this.#loop = new DecisionLoop({
      config: settings.lobby,
      journal,
      logger,
      state: () => this.#state,
      now: () => this.now(),
      mayDecide: () => this.#decides,
      rest: () => this.#rest(),
      append: (facts) => this.#append(facts),
      telemetry: options.telemetry,
    });
    const [saver, state] = [new StateSaver(), () => this.#state];
    this.#saved = {
      get seq() {
        return state().seq;
      },
      prepare: () => saver.prepare(state()),
      save: () => saver.save(state()),
    };
  }

  /** Reads the log back and starts deciding. */
  static async start(options: SceneRuntimeOptions): Promise<SceneRuntime> {
    const runtime = new SceneRuntime(options);
    await runtime.#start();
    return runtime;
  }

  async #start(): Promise<void> {
    const { journal, seed, nodeId } = this.#options;
    const { lobby } = this.settings;
    await journal.open(
      (events) => this.#deliver(events),
      (snapshot) => this.#restore(snapshot),
    );
    this.#recovering = false;
    journal.onStatus((status) => this.#onStatus(status));
    journal.nodes?.onHeard((live) => this.#onHeard(live));
    const opened: Fact = {
      type: "scene.opened",
      sceneId: lobby.sceneId,
      format: 1,
      seed,
      configHash: lobby.configHash,
      graceUntil: this.now() + lobby.graceMs,
      nodeId,
      ...(journal.nodes === undefined ? {} : { shared: true }),
    };
    await this.#append([opened]);
    await this.#takeOver();
  }

  /** Stops deciding. The journal is its owner's to close. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#rooms?.close();
    await this.#loop.close();
  }

  now(): number {
    // Whole milliseconds: what is decided in the log is read by people and by other languages.
    return Math.floor(this.#options.clock.now() + this.#clockOffsetMs);
  }

  get available(): boolean {
    return !this.#closed && this.#options.journal.status.state === "ready";
  }

  // ── Commands ─────────────────────────────────────────────────────────────────────────────────────────────────

  async arrive(request: ArrivalRequest): Promise<Arrival> {
    const history = this.#options.historyOf(request.participantId);
    const { lobby } = this.settings;
    const now = this.now();
    return await this.#run(commands.arrive(this.#state, lobby, request, history, now, this.#sharedId));
  }

  async disconnect(participantId: string): Promise<void> {
    const { lobby } = this.settings;
    await this.#run(commands.disconnect(this.#state, lobby, participantId, this.now(), this.#sharedId));
  }

  async leave(participantId: string): Promise<void> {
    await this.#run(commands.leave(this.#state, participantId));
  }

  async remove(participantId: string, by: string): Promise<boolean> {
    return await this.#run(commands.remove(this.#state, participantId, by));
  }

  async reportRtt(participantId: string, measured: MeasuredRtts): Promise<void> {
    await this.#run(commands.reportRtt(this.#state, participantId, measured));
  }

  async probeReady(participantId: string, probeId: string): Promise<RefusalCode | null> {
    return await this.#run(commands.probeReady(this.#state, participantId, probeId));
  }

  async probeReport(
    participantId: string,
    probeId: string,
    report: ProbeReport,
  ): Promise<RefusalCode | null> {
    const command = commands.probeReport(this.#state, participantId, probeId, report);
    if (command.facts.length > 0) {
      this.#options.telemetry({ type: "probe.report", at: this.now(), probeId, participantId, report });
    }
    return await this.#run(command);
  }

  async confirm(participantId: string, proposalId: string): Promise<RefusalCode | null> {
    return await this.#run(commands.confirm(this.#state, participantId, proposalId));
  }

  async matchDone(participantId: string, matchId: string): Promise<RefusalCode | null> {
    return await this.#run(commands.matchDone(this.#state, participantId, matchId));
  }

  linkReport(participantId: string, matchId: string, links: readonly LinkQuality[]): RefusalCode | null {
    if (!commands.isInMatch(this.#state, participantId, matchId)) return "out_of_order";
    this.#options.telemetry({ type: "match.links", at: this.now(), matchId, participantId, links });
    return null;
  }

  // ── Nodes ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** This node's id where several share the log. */
  get #sharedId(): string | undefined {
    return this.#options.journal.nodes === undefined ? undefined : this.#options.nodeId;
  }

  whereIs(participantId: string): "here" | "elsewhere" | "nowhere" {
    const nodeId = this.#sharedId;
    const p = this.#state.participants.get(participantId);
    if (p === undefined || !p.connected || viewOf(this.#state, participantId)?.status === "ended") {
      return "nowhere";
    }
    return nodeId === undefined || p.nodeId === nodeId ? "here" : "elsewhere";
  }

  get nodeId(): string {
    return this.#options.nodeId;
  }

  /** Says in a shared log that this node decides from now on; without it, it would not have everything in view. */
  async #takeOver(): Promise<void> {
    const { journal, nodeId, logger } = this.#options;
    if (this.#sharedId === undefined || !journal.leads || this.#closed || this.#takingOver) return;
    this.#takingOver = true;
    try {
      await this.#append([{ type: "node.leads", nodeId }]);
    } catch (error) {
      // When writing works again the journal says so, and this is tried again.
      logger.warn({ err: error }, "this node leads the scene, but could not say so");
    } finally {
      this.#takingOver = false;
    }
  }

  /** In a shared log leaves deciding to another node; what this one had to look at is forgotten, so it has to take over anew. */
  #rest(): void {
    if (this.#sharedId === undefined) return;
    if (this.#leader === this.nodeId) this.#leader = null;
    rest(this.#state, this.now());
  }

  /** Whose node was not heard of twice in a row has lost the connection; the node may take it up again. */
  #onHeard(live: ReadonlySet<string>): void {
    const { logger } = this.#options;
    // Another's word, sent before it lost the lease, may have come after this one's.
    if (this.#leader !== this.nodeId) void this.#takeOver();
    if (!this.available || !this.#decides) return;
    const lost = this.#nodes.note(this.#state, live);
    if (lost.length === 0) return;
    const graceUntil = this.now() + this.settings.lobby.graceMs;
    logger.warn({ lost }, "nodes are gone; their participants may come back to others");
    this.#append(lost.map((nodeId): Fact => ({ type: "node.lost", nodeId, graceUntil }))).catch(
      (error: unknown) =>
        logger.warn({ err: error }, "the loss of a node could not be written; trying again"),
    );
  }

  // ── Views ────────────────────────────────────────────────────────────────────────────────────────────────────

  linkPeer(participantId: string, probeId: string): LinkPeer | null {
    return linkPeerOf(this.#state, participantId, probeId);
  }

  matchLink(participantId: string, probeId: string): MatchLinkPeer | null {
    return matchLinkOf(this.#state, participantId, probeId);
  }

  viewOf(participantId: string): ParticipantView | null {
    return viewOf(this.#state, participantId);
  }

  standingOf(participantId: string): Standing | null {
    return standingOf(this.#state, participantId, this.now());
  }

  whyWaiting(participantId: string): WhyWaiting | null {
    return explain(this.#state, this.settings.lobby, participantId, this.now());
  }

  waitingIds(): readonly string[] {
    return this.#state.line.items.map((p) => p.participantId);
  }

  overview(): SceneOverview {
    return { ...overviewOf(this.#state, this.now()), sceneId: this.settings.lobby.sceneId };
  }

  onEffects(listener: (effects: readonly Effect[]) => void): () => void {
    return this.#effects.add(listener);
  }

  onAvailability(listener: (available: boolean) => void): () => void {
    return this.#availability.add(listener);
  }

  onEvents(listener: (events: readonly StoredEvent[]) => void): () => void {
    return this.#events.add(listener);
  }

  // ── The loop ─────────────────────────────────────────────────────────────────────────────────────────────────

  async #run<Answer>(command: commands.Command<Answer>): Promise<Answer> {
    if (command.facts.length > 0) await this.#append(command.facts);
    return command.answer;
  }

  async #append(facts: readonly Fact[]): Promise<void> {
    await this.#options.journal.appendFacts(facts, this.now());
  }

  /** Goes on from a snapshot where it is one of this version, of this scene. */
  #restore(snapshot: Snapshot): boolean {
    const saved = readSavedState(snapshot.state);
    const { onFormed, logger } = this.#options;
    if (typeof saved === "string" || saved.seq !== snapshot.seq) {
      const reason = typeof saved === "string" ? saved : `it ends at ${saved.seq}, not at ${snapshot.seq}`;
      logger.warn({ reason }, "a snapshot cannot be used; reading the log from its beginning");
      return false;
    }
    this.#state = restoreState(saved);
    this.#keepUp();
    for (const group of this.#state.formed) onFormed(group);
    return true;
  }

  /** Server time is never behind the log's. */
  #keepUp(): void {
    this.#clockOffsetMs = Math.max(this.#clockOffsetMs, this.#state.now - this.#options.clock.now());
  }

  /** The journal's next events: apply all of them, then tell, then decide. */
  #deliver(events: readonly StoredEvent[]): void {
    const effects: Effect[] = [];
    for (const event of events) {
      effects.push(...apply(this.#state, event));
      if (event.type === "proposal.released") this.#rooms?.giveUp(event.proposalId);
      if (event.type === "node.leads") this.#leader = event.nodeId;
    }
    this.#keepUp();
    for (const effect of effects) if (effect.kind === "matchFormed") this.#keepRecord(effect.record);
    if (this.#recovering) return;
    void this.#options.journal.snapshots?.offer(this.#saved);
    this.#events.tell(events);
    if (effects.length > 0) this.#effects.tell(effects);
    if (this.#options.journal.leads) {
      for (const effect of effects)
        if (effect.kind === "createRoom") void this.#rooms?.create(effect, this.#state);
    }
    this.#loop.soon();
  }

  #keepRecord(record: MatchRecord): void {
    const { onFormed, onMatchRecord } = this.#options;
    onFormed({ at: record.timestamp, members: record.participants.map((p) => p.participantId) });
    onMatchRecord(record);
  }

  #onStatus(status: JournalStatus): void {
    if (this.#closed) return;
    if (this.#wasAvailable !== this.available) {
      this.#wasAvailable = this.available;
      this.#availability.tell(this.available);
    }
    if (status.state === "unavailable") {
      this.#options.logger.error(
        { reason: status.reason },
        "the journal cannot be written; nothing is decided meanwhile",
      );
      return;
    }
    if (this.#sharedId === undefined) touchEverything(this.#state);
    else void this.#takeOver();
    this.#loop.soon();
  }

  /** May, can, and (in a shared log) has said so. */
  get #decides(): boolean {
    const { journal, nodeId } = this.#options;
    if (!journal.leads || journal.status.state !== "ready") return false;
    return journal.nodes === undefined || this.#leader === nodeId;
  }
}
