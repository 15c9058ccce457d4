import type { RefusalCode, Signal } from "@probematch/shared";
import type { Logger } from "pino";
import type { TransformSignal } from "./options.js";
import type { Session } from "./session.js";
import { keepRelayCandidates } from "./signalFilter.js";
import { type ProbematchIo, roomOf } from "./socketServer.js";

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
  /** How many signals a page sent, by probe. Forgotten with the page. */
  readonly #sent = new WeakMap<Session, Map<string, number>>();
  /** Signals that came before both ends were ready, by probe. Forgotten with the page. */
  readonly #early = new WeakMap<Session, Map<string, Signal[]>>();
  /** Where a hook may take its time, a page's signals still leave in the order in which they came. */
  readonly #lanes = new WeakMap<Session, Promise<void>>();

  constructor(options: SignalRelayOptions) {
    this.#options = options;
  }

  /** Carries it to the other end, or keeps it until both ends are ready: see {@link SignalRelay.release}. */
  relay(from: Session, probeId: string, signal: Signal): RefusalCode | null {
    const peer = from.scene.linkPeer(from.participantId, probeId);
    if (peer === null) return "not_your_probe";
    if (!this.#count(from, probeId)) return "too_many_messages";
    if (peer.ready) this.#pass(from, peer.participantId, probeId, signal);
    else this.#keep(from, probeId, signal);
    return null;
  }

  /** Both ends of a probe are ready: what this one has sent already goes on its way. */
  release(from: Session, probeId: string): void {
    const early = this.#early.get(from);
    const signals = early?.get(probeId) ?? [];
    early?.delete(probeId);
    const peer = from.scene.linkPeer(from.participantId, probeId);
    if (peer === null) return;
    for (const signal of signals) this.#pass(from, peer.participantId, probeId, signal);
  }

  #keep(from: Session, probeId: string, signal: Signal): void {
    const early = this.#early.get(from) ?? new Map<string, Signal[]>();
    this.#early.set(from, early);
    for (const known of early.keys()) {
      if (from.scene.linkPeer(from.participantId, known) === null) early.delete(known);
    }
    early.set(probeId, [...(early.get(probeId) ?? []), signal]);
  }

  #pass(from: Session, peerId: string, probeId: string, signal: Signal): void {
    const kept = from.scene.settings.relayOnly ? keepRelayCandidates(signal) : signal;
    if (kept === null) return;
    const { transformSignal } = this.#options;
    if (transformSignal === undefined) this.#send(from, peerId, probeId, kept);
    else this.#sendChanged(from, peerId, probeId, kept, transformSignal);
  }

  #count(from: Session, probeId: string): boolean {
    const counts = this.#sent.get(from) ?? new Map<string, number>();
    this.#sent.set(from, counts);
    const count = (counts.get(probeId) ?? 0) + 1;
    counts.set(probeId, count);
    return count <= this.#options.signalsPerProbe;
  }

  #sendChanged(
    from: Session,
    peerId: string,
    probeId: string,
    signal: Signal,
    transform: TransformSignal,
  ): void {
    const lane = this.#lanes.get(from) ?? Promise.resolve();
    const next = lane.then(async () => {
      try {
        const changed = await transform(from.participantId, peerId, probeId, signal);
        if (changed !== null) this.#send(from, peerId, probeId, changed);
      } catch (error) {
        this.#options.logger.error({ err: error, probeId }, "transformSignal failed; the signal is dropped");
      }
    });
    this.#lanes.set(from, next);
  }

  #send(from: Session, peerId: string, probeId: string, signal: Signal): void {
    const { io, sessionOf, onRelayed } = this.#options;
    const { scene, sceneId } = from;
    if (scene.whereIs(peerId) === "elsewhere") {
      io.to(roomOf(sceneId, peerId)).emit("probeSignal", { probeId, signal });
    } else sessionOf(sceneId, peerId)?.signal(probeId, signal);
    onRelayed(sceneId);
  }
}
