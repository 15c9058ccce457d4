import type { ProbeReport, RefusalCode } from "@probematch/shared";
import type { Logger } from "pino";
import type { JournalStatus, SceneJournal } from "../journal/journal.js";
import { apply } from "../lobby/apply.js";
import * as commands from "../lobby/commands.js";
import { decide, lookAgain, type Verdict, wakeAt } from "../lobby/decide.js";
import type { Effect } from "../lobby/effects.js";
import type { Fact, History, StoredEvent } from "../lobby/events.js";
import type { MatchRecord } from "../lobby/matchRecord.js";
import { createLobbyState, type LobbyState, type Participant, touchEverything } from "../lobby/state.js";
import { linkPeerOf, overviewOf, standingOf, viewOf } from "../lobby/view.js";
import type { OnMatch } from "../scene/onMatch.js";
import type { Clock } from "./clock.js";
import { askForRoom } from "./roomHook.js";
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
  /** Every match of the log, those read back at start included; has to ignore the ones it knows (by `seq`). */
  readonly onMatchRecord: (record: MatchRecord) => void;
  /** What no decision reads. */
  readonly telemetry: (record: Readonly<Record<string, unknown>>) => void;
}

/** How long to wait before trying again to append decisions that could not be written. */
const RETRY_MS = 1000;
/** setTimeout's largest delay. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * One scene of this node: reads the journal, applies it, decides, and carries out what follows.
 */
export class SceneRuntime implements SceneHandle {
  readonly settings: SceneSettings;
  readonly #options: SceneRuntimeOptions;
  readonly #state: LobbyState = createLobbyState();
  readonly #effectListeners = new Set<(effects: readonly Effect[]) => void>();
  readonly #eventListeners = new Set<(events: readonly StoredEvent[]) => void>();
  readonly #rooms = new Map<string, AbortController>();
  /** Added to the clock, so that time goes on from where the log ends even if the system's clock was set back. */
  #clockOffsetMs = 0;
  #recovering = true;
  #timer: NodeJS.Timeout | null = null;
  #deciding: Promise<void> | null = null;
  #decideAgain = false;
  #closed = false;

  private constructor(options: SceneRuntimeOptions) {
    this.#options = options;
    this.settings = options.settings;
  }

  /** Reads the log back and starts deciding. */
  static async start(options: SceneRuntimeOptions): Promise<SceneRuntime> {
    const runtime = new SceneRuntime(options);
    await runtime.#start();
    return runtime;
  }

  async #start(): Promise<void> {
    const { journal, seed, nodeId, clock } = this.#options;
    const { lobby } = this.settings;
    await journal.open((events) => this.#deliver(events));
    this.#clockOffsetMs = Math.max(0, this.#state.now - clock.now());
    this.#recovering = false;
    journal.onStatus((status) => this.#onStatus(status));
    await journal.appendFacts(
      [
        {
          type: "scene.opened",
          sceneId: lobby.sceneId,
          format: 1,
          seed,
          configHash: lobby.configHash,
          graceUntil: this.now() + lobby.graceMs,
          nodeId,
        },
      ],
      this.now(),
    );
  }

  /** Stops deciding. The journal is its owner's to close. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const abort of this.#rooms.values()) abort.abort("the server is closing");
    await this.#deciding;
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
    return await this.#run(commands.arrive(this.#state, this.settings.lobby, request, history, this.now()));
  }

  async disconnect(participantId: string): Promise<void> {
    await this.#run(commands.disconnect(this.#state, this.settings.lobby, participantId, this.now()));
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

  // ── Views ────────────────────────────────────────────────────────────────────────────────────────────────────

  linkPeer(participantId: string, probeId: string): string | null {
    return linkPeerOf(this.#state, participantId, probeId);
  }

  viewOf(participantId: string): ParticipantView | null {
    return viewOf(this.#state, participantId);
  }

  standingOf(participantId: string): Standing | null {
    return standingOf(this.#state, participantId, this.now());
  }

  waitingIds(): readonly string[] {
    return this.#state.line.items.map((p) => p.participantId);
  }

  overview(): SceneOverview {
    return { ...overviewOf(this.#state, this.now()), sceneId: this.settings.lobby.sceneId };
  }

  onEffects(listener: (effects: readonly Effect[]) => void): () => void {
    this.#effectListeners.add(listener);
    return () => this.#effectListeners.delete(listener);
  }

  onEvents(listener: (events: readonly StoredEvent[]) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  // ── The loop ─────────────────────────────────────────────────────────────────────────────────────────────────

  async #run<Answer>(command: commands.Command<Answer>): Promise<Answer> {
    if (command.facts.length > 0) await this.#append(command.facts);
    return command.answer;
  }

  async #append(facts: readonly Fact[]): Promise<void> {
    await this.#options.journal.appendFacts(facts, this.now());
  }

  /** The journal's next events: apply all of them, then tell, then decide. */
  #deliver(events: readonly StoredEvent[]): void {
    const effects: Effect[] = [];
    for (const event of events) {
      effects.push(...apply(this.#state, event));
      if (event.type === "proposal.released") this.#giveUpRoom(event.proposalId);
    }
    for (const effect of effects)
      if (effect.kind === "matchFormed") this.#options.onMatchRecord(effect.record);
    if (this.#recovering) return;
    this.#notify(this.#eventListeners, events);
    if (effects.length > 0) this.#notify(this.#effectListeners, effects);
    for (const effect of effects) if (effect.kind === "createRoom") void this.#createRoom(effect);
    this.#decideSoon();
  }

  /** One listener's bug must not keep the others, or the scene, from going on. */
  #notify<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
    for (const listener of listeners) {
      try {
        listener(value);
      } catch (error) {
        this.#options.logger.error({ err: error }, "a listener of the scene failed");
      }
    }
  }

  #onStatus(status: JournalStatus): void {
    if (this.#closed) return;
    if (status.state === "unavailable") {
      this.#options.logger.error(
        { reason: status.reason },
        "the journal cannot be written; nothing is decided meanwhile",
      );
      return;
    }
    touchEverything(this.#state);
    this.#decideSoon();
  }

  #decideSoon(): void {
    this.#decideAgain = true;
    this.#deciding ??= this.#decideAll().finally(() => {
      this.#deciding = null;
    });
  }

  async #decideAll(): Promise<void> {
    const { journal, logger } = this.#options;
    while (this.#decideAgain && !this.#closed) {
      this.#decideAgain = false;
      if (!journal.leads || journal.status.state !== "ready") return;
      const now = this.now();
      const verdict = decide(this.#state, this.settings.lobby, now);
      try {
        if (verdict.faults.length > 0) await this.#reportFaults(verdict);
        if (verdict.decisions.length === 0) continue;
        const result = await journal.appendDecisions(verdict.decisions, this.#state.seq, now);
        if (result === "appended") continue;
        lookAgain(this.#state, verdict);
        if (result === "stale") this.#decideAgain = true;
      } catch (error) {
        lookAgain(this.#state, verdict);
        logger.error({ err: error }, "decisions could not be written; trying again");
        this.#wakeIn(RETRY_MS);
        return;
      }
    }
    this.#schedule();
  }

  async #reportFaults(verdict: Verdict): Promise<void> {
    for (const fault of verdict.faults)
      this.#options.logger.error(fault, "the matchmaker failed; the scene goes on");
    await this.#append(verdict.faults.map((fault): Fact => ({ type: "matchmaker.failed", ...fault })));
  }

  #schedule(): void {
    const at = wakeAt(this.#state);
    if (this.#closed) return;
    if (at === null) {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
    } else this.#wakeIn(at - this.now());
  }

  #wakeIn(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    // Timers may fire a little early; one millisecond more spares a round for nothing.
    this.#timer = setTimeout(() => this.#decideSoon(), Math.min(MAX_TIMER_MS, Math.max(0, delayMs) + 1));
  }

  // ── Rooms ────────────────────────────────────────────────────────────────────────────────────────────────────

  async #createRoom(effect: Effect & { readonly kind: "createRoom" }): Promise<void> {
    const { onMatch, journal, logger } = this.#options;
    if (onMatch === undefined || !journal.leads) return;
    const { matchId, proposalId } = effect;
    const abort = new AbortController();
    this.#rooms.set(proposalId, abort);
    const members = effect.members
      .map((id) => this.#state.participants.get(id))
      .filter((p): p is Participant => p !== undefined)
      .map((p, seat) => ({ participantId: p.participantId, seat, attributes: p.attributes }));
    const scene = this.settings.lobby.sceneId;
    const timeoutMs = Math.max(0, effect.deadlineAt - this.now());
    const answer = await askForRoom(onMatch, { scene, matchId, members }, abort, timeoutMs);
    this.#rooms.delete(proposalId);
    if (!answer.ok) logger.warn({ matchId, reason: answer.reason }, "no room could be created");
    if (this.#closed) return;
    const fact: Fact = answer.ok
      ? { type: "room.created", matchId, room: answer.room }
      : { type: "room.failed", matchId, reason: answer.reason.slice(0, 500) };
    try {
      await this.#append([fact]);
    } catch (error) {
      // The deadline in the log releases the members when writing works again.
      logger.error({ err: error, matchId }, "the room's answer could not be written");
    }
  }

  #giveUpRoom(proposalId: string): void {
    this.#rooms.get(proposalId)?.abort("the match was not made");
  }
}
