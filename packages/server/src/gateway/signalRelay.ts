import type { ClientMessages, RefusalCode } from "@probematch/shared";
import type { Logger } from "pino";
import { MessageBudget } from "./messageBudget.js";
import type { TransformSignal } from "./options.js";
import type { Session } from "./session.js";
import { keepRelayCandidates } from "./signalFilter.js";
import { type ProbematchIo, roomOf } from "./socketServer.js";

type ProbeSignal = ClientMessages["probeSignal"];

/** An empty budget is full again after so long. */
const REFILL_S = 600;

export interface SignalRelayOptions {
  readonly io: ProbematchIo;
  /** The participant's page at this node. */
  readonly sessionOf: (sceneId: string, participantId: string) => Session | null;
  readonly signalsPerProbe: number;
  readonly transformSignal: TransformSignal | undefined;
  readonly onRelayed: (sceneId: string) => void;
  readonly logger: Logger;
}

/**
 * Carries WebRTC signals between the two ends of a live probe or of a match's link, and nowhere else. What they
 * say is never kept and never logged: session descriptions hold people's addresses.
 */
export class SignalRelay {
  readonly #options: SignalRelayOptions;
  /** How many signals a page may still send, by probe. Forgotten with the page. */
  readonly #budgets = new WeakMap<Session, Map<string, MessageBudget>>();
  /** Signals that came before both ends were ready, by probe. Forgotten with the page. */
  readonly #early = new WeakMap<Session, Map<string, ProbeSignal[]>>();
  /** Where a hook may take its time, a page's signals still leave in the order in which they came. */
  readonly #lanes = new WeakMap<Session, Promise<void>>();

  constructor(options: SignalRelayOptions) {
    this.#options = options;
  }

  /** Carries it to the other end, or keeps it until both ends are ready: see {@link SignalRelay.release}. */
  relay(from: Session, message: ProbeSignal): RefusalCode | null {
    const { probeId } = message;
    const peer = from.scene.linkPeer(from.participantId, probeId);
    if (peer === null) return "not_your_probe";
    if (this.#budgetOf(from, probeId).take() !== "ok") return "too_many_messages";
    if (peer.ready) this.#pass(from, peer.participantId, message);
    else this.#keep(from, message);
    return null;
  }

  /** Both ends of a probe are ready: what this one has sent already goes on its way. */
  release(from: Session, probeId: string): void {
    const early = this.#early.get(from);
    const messages = early?.get(probeId) ?? [];
    early?.delete(probeId);
    const peer = from.scene.linkPeer(from.participantId, probeId);
    if (peer === null) return;
    for (const message of messages) this.#pass(from, peer.participantId, message);
  }

  #keep(from: Session, message: ProbeSignal): void {
    const early = this.#early.get(from) ?? new Map<string, ProbeSignal[]>();
    this.#early.set(from, early);
    for (const known of early.keys()) {
      if (from.scene.linkPeer(from.participantId, known) === null) early.delete(known);
    }
    early.set(message.probeId, [...(early.get(message.probeId) ?? []), message]);
  }

  #pass(from: Session, peerId: string, message: ProbeSignal): void {
    const { signal } = message;
    const kept = from.scene.settings.relayOnly ? keepRelayCandidates(signal) : signal;
    if (kept === null) return;
    const { transformSignal } = this.#options;
    const filtered = { ...message, signal: kept };
    if (transformSignal === undefined) this.#send(from, peerId, filtered);
    else this.#sendChanged(from, peerId, filtered, transformSignal);
  }

  #budgetOf(from: Session, probeId: string): MessageBudget {
    const budgets = this.#budgets.get(from) ?? new Map<string, MessageBudget>();
    this.#budgets.set(from, budgets);
    const { signalsPerProbe } = this.#options;
    // A probe is over long before that refills; a match may last, and restart or renegotiate its links now and then.
    const budget = budgets.get(probeId) ?? new MessageBudget(signalsPerProbe, signalsPerProbe / REFILL_S);
    budgets.set(probeId, budget);
    return budget;
  }

  #sendChanged(from: Session, peerId: string, message: ProbeSignal, transform: TransformSignal): void {
    const { probeId } = message;
    const lane = this.#lanes.get(from) ?? Promise.resolve();
    const next = lane.then(async () => {
      try {
        const signal = await transform(from.participantId, peerId, probeId, message.signal);
        if (signal !== null) this.#send(from, peerId, { ...message, signal });
      } catch (error) {
        this.#options.logger.error({ err: error, probeId }, "transformSignal failed; the signal is dropped");
      }
    });
    this.#lanes.set(from, next);
  }

  #send(from: Session, peerId: string, message: ProbeSignal): void {
    const { io, sessionOf, onRelayed } = this.#options;
    const { scene, sceneId } = from;
    if (scene.whereIs(peerId) === "elsewhere") {
      io.to(roomOf(sceneId, peerId)).emit("probeSignal", message);
    } else sessionOf(sceneId, peerId)?.signal(message);
    onRelayed(sceneId);
  }
}
