import { PROTOCOL_VERSION, type RefusalCode, type ServerMessages } from "@probematch/shared";
import { readsServerRtt } from "../lobby/config.js";
import type { ParticipantView, SceneHandle } from "../runtime/sceneHandle.js";
import type { Admitted } from "./admission.js";
import type { IceSettings } from "./iceServers.js";
import { MessageBudget } from "./messageBudget.js";
import { refusal } from "./refusals.js";
import type { Rounds } from "./rounds.js";
import { ServerTiming } from "./serverTiming.js";
import { type ProbematchSocket, roomOf } from "./socketServer.js";
import {
  matchedMessage,
  messageOf,
  type PersonalEffect,
  type ServerMessage,
  waitingMessage,
} from "./tell.js";

export interface SessionTimes {
  /** When connections are timed. */
  readonly echoes: Rounds;
  readonly endedLingerMs: number;
}

const nothing: readonly never[] = [];

/**
 * One connected page of one participant.
 *
 * - `arriving`: admitted; the journal is being asked; effects are kept until the page can be told
 * - `live`: welcomed
 * - `replaced`: a newer page took over; nothing this one says counts any more
 * - `gone`: its connection is over
 */
type Phase = "arriving" | "live" | "replaced" | "gone";

/** What the page believes it is doing, from what it was told. */
type Told = "waiting" | "probing" | "matched" | "ended";

export class Session {
  readonly participantId: string;
  readonly sceneId: string;
  readonly scene: SceneHandle;
  readonly socket: ProbematchSocket;
  /** `null` once the page has it. */
  #resumeToken: string | null;
  readonly #ice: IceSettings;
  readonly #times: SessionTimes;
  #reports: MessageBudget | null = null;
  #kept: readonly PersonalEffect[] = nothing;
  #phase: Phase = "arriving";
  #told: Told = "waiting";
  /** A proposal of an earlier connection, about to be released: this page knows nothing of it. */
  #foreignProposalId: string | null = null;
  /** Probes that are under way, or the match's links. */
  #links: readonly (string | null)[] = nothing;
  /** What a waiting page was told last. */
  #lastPosition: number | null = null;
  #lastCount: number | null = null;
  #timing: ServerTiming | null = null;
  #linger: NodeJS.Timeout | null = null;

  constructor(socket: ProbematchSocket, admitted: Admitted, ice: IceSettings, times: SessionTimes) {
    this.socket = socket;
    this.#resumeToken = admitted.resumeToken;
    this.participantId = admitted.participantId;
    this.sceneId = admitted.sceneId;
    this.scene = admitted.scene;
    this.#ice = ice;
    this.#times = times;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Asked again after every wait: a connection may end at any time. */
  isGone(): boolean {
    return this.#phase === "gone";
  }

  /** Told that its participation is over: what it does now concerns nobody. */
  get ended(): boolean {
    return this.#told === "ended";
  }

  /** The server's own timing of this connection; `null` before it is live. */
  get timing(): ServerTiming | null {
    return this.#timing;
  }

  /** Reports go on to logs on disk: fewer of them than of other messages, but twice what the scene asks for. */
  get reports(): MessageBudget {
    this.#reports ??= new MessageBudget(20, 2 + 2000 / this.scene.settings.serverRtt.intervalMs);
    return this.#reports;
  }

  /** The connection is usable: says who and where the participant is. */
  welcome(resumed: boolean): void {
    if (this.#phase === "gone") return;
    if (this.#phase === "replaced") {
      this.#dismiss();
      return;
    }
    const { settings } = this.scene;
    this.#phase = "live";
    this.#send({
      name: "welcome",
      message: {
        protocol: PROTOCOL_VERSION,
        scene: this.sceneId,
        participantId: this.participantId,
        resumeToken: this.#resumeToken ?? "",
        groupSize: settings.lobby.groupSize,
        resumed,
        serverRtt: { ...settings.serverRtt },
        ...(settings.lobby.matchmaker.maxP2pRttMs === null ? {} : { measures: true }),
        ...(settings.beacons.length === 0 ? {} : { beacons: [...settings.beacons] }),
      },
    });
    this.#resumeToken = null;
    this.#tellSituation();
    this.#timing = new ServerTiming((seq) => this.#send({ name: "serverEcho", message: { seq } }), {
      rounds: this.#times.echoes,
      hurried: readsServerRtt(settings.lobby),
    });
  }

  /** Tells the page what follows from an event, now or as soon as it can be told. */
  tell(effect: PersonalEffect): void {
    if (this.#phase === "arriving") this.#kept = [...this.#kept, effect];
    else if (this.#phase === "live") this.#carryOut(effect);
  }

  /**
   * Tells a waiting page where it stands.
   *
   * @param always also when nothing but the passing of time has changed
   * @returns whether it waits
   */
  tellStanding(always: boolean): boolean {
    if (this.#phase !== "live" || this.#told !== "waiting") return false;
    const standing = this.scene.standingOf(this.participantId);
    if (standing === null) return false;
    const waiting = waitingMessage(standing, this.scene.settings);
    const { position, lobbyCount } = waiting.message;
    if (!always && this.#lastPosition === position && this.#lastCount === lobbyCount) return true;
    this.#lastPosition = position;
    this.#lastCount = lobbyCount;
    this.#send(waiting);
    return true;
  }

  /** A signal of the page at the other end of a probe or link. */
  signal(message: ServerMessages["probeSignal"]): void {
    if (this.#phase === "live") this.#send({ name: "probeSignal", message });
  }

  /** One end of a link asked for its repair. */
  repair(message: ServerMessages["linkRepair"]): void {
    if (this.#phase === "live") this.#send({ name: "linkRepair", message });
  }

  /** One message was not accepted. */
  refuse(code: RefusalCode, event: string | null, detail?: string): void {
    this.#send({
      name: "refused",
      message: { ...refusal(code, detail), event: event === null ? null : event.slice(0, 100) },
    });
  }

  /** A newer page of the same participant took over. */
  replace(): void {
    const wasLive = this.#phase === "live";
    if (this.#phase !== "gone") this.#phase = "replaced";
    this.#stopTimers();
    // Otherwise `welcome` does it: a connection that is still being made cannot be told anything.
    if (wasLive) this.#dismiss();
  }

  /** The connection is over. */
  gone(): void {
    this.#phase = "gone";
    this.#stopTimers();
  }

  #stopTimers(): void {
    this.#timing?.stop();
    if (this.#linger !== null) clearTimeout(this.#linger);
  }

  #dismiss(): void {
    this.#send({ name: "replaced", message: {} });
    // Said by the server, so that the page's socket does not come back by itself.
    this.socket.disconnect(true);
  }

  /** From the state alone; effects kept while arriving add what the state's view leaves out. */
  #tellSituation(): void {
    const view = this.scene.viewOf(this.participantId);
    const kept = this.#kept;
    this.#kept = nothing;
    switch (view?.status) {
      case undefined:
      case "waiting":
        this.tellStanding(true);
        break;
      case "held":
        this.#tellHeld(view, kept);
        break;
      case "matched": {
        const justNow = kept.some((e) => e.kind === "matched" && e.matchId === view.match.matchId);
        this.#told = "matched";
        this.#send(matchedMessage(view.match, !justNow));
        break;
      }
      case "ended":
        this.#carryOut({ kind: "ended", participantId: this.participantId, outcome: view.outcome });
        break;
    }
  }

  #tellHeld(view: Extract<ParticipantView, { status: "held" }>, kept: readonly PersonalEffect[]): void {
    const current = kept.slice(kept.findLastIndex((effect) => effect.kind === "released") + 1);
    if (!current.some((effect) => effect.kind === "probing")) {
      // Held without probing, which looks like waiting, or since before this connection: a hold does not outlive
      // the connection that it began with.
      this.#foreignProposalId = view.proposalId;
      this.tellStanding(true);
    }
    for (const effect of current) this.#carryOut(effect);
  }

  #carryOut(effect: PersonalEffect): void {
    const { settings } = this.scene;
    if (effect.kind === "released" && effect.proposalId === this.#foreignProposalId) {
      this.tellStanding(true);
      return;
    }
    this.#send(messageOf(effect, { settings, ice: this.#ice, now: this.scene.now() }));
    switch (effect.kind) {
      case "probing":
        this.#told = "probing";
        this.#foreignProposalId = null;
        break;
      case "released":
        this.#told = "waiting";
        this.tellStanding(true);
        break;
      case "matched":
        this.#told = "matched";
        break;
      case "ended":
        this.#told = "ended";
        this.#timing?.stop();
        // A page closes its connection itself; this one is for pages that do not.
        this.#linger = setTimeout(() => this.socket.disconnect(true), this.#times.endedLingerMs);
        this.#linger.unref();
        break;
      default:
    }
  }

  /**
   * Signals of a page at another node come over a room of the adapter, and each room is a subscription in Redis: only
   * those are in one who have somebody there. What a page is told makes it speak, so this comes before.
   */
  #beReachable({ name, message }: ServerMessage): void {
    if (name === "probing") this.#links = nothing;
    else if (name === "probePrepare") this.#links = [...this.#links, message.probeId];
    else if (name === "matched") this.#links = message.peers.map(({ probeId }) => probeId);
    else if (name !== "peerStatus") return;
    const { scene, participantId, sceneId } = this;
    const elsewhere = this.#links.some((probeId) => {
      const peer = probeId === null ? null : scene.linkPeer(participantId, probeId);
      return peer !== null && scene.whereIs(peer.participantId) === "elsewhere";
    });
    if (elsewhere) void this.socket.join(roomOf(sceneId, participantId));
  }

  #send(told: ServerMessage): void {
    this.#beReachable(told);
    const { name, message } = told;
    // The pair of name and payload was checked where it was made; socket.io's own type cannot carry a union.
    const emit = this.socket.emit.bind(this.socket) as (name: string, message: unknown) => boolean;
    emit(name, message);
  }
}
