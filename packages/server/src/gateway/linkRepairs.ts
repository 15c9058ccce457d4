import type { RefusalCode } from "@probematch/shared";
import { type IceSettings, iceServersFor } from "./iceServers.js";
import { MessageBudget } from "./messageBudget.js";
import type { Session } from "./session.js";
import { type ProbematchIo, roomOf } from "./socketServer.js";

/** A page's own rests between its attempts are longer; seven links may break at once. */
const AT_ONCE = 20;
const PER_SECOND = 1;

export interface LinkRepairsOptions {
  readonly io: ProbematchIo;
  readonly ice: IceSettings;
  /** The participant's page at this node. */
  readonly sessionOf: (sceneId: string, participantId: string) => Session | null;
}

/**
 * After the match: a page says that a link is broken, and both its ends are told to mend it, with ICE servers whose
 * credentials are good again. Nothing of it is in the log, because no decision follows from it.
 */
export class LinkRepairs {
  readonly #options: LinkRepairsOptions;
  readonly #budgets = new WeakMap<Session, MessageBudget>();

  constructor(options: LinkRepairsOptions) {
    this.#options = options;
  }

  /** @param fresh the connection is gone; both need a new one */
  order(from: Session, probeId: string, fresh: boolean): RefusalCode | null {
    const { participantId, scene, sceneId } = from;
    const peer = scene.matchLink(participantId, probeId);
    if (peer === null) return "not_your_probe";
    const budget = this.#budgets.get(from) ?? new MessageBudget(AT_ONCE, PER_SECOND);
    this.#budgets.set(from, budget);
    if (budget.take() !== "ok") return "too_many_messages";
    const { io, ice, sessionOf } = this.#options;
    const now = scene.now();
    const order = {
      probeId,
      fresh,
      round: Math.floor(now),
      iceServers: iceServersFor(ice, probeId, now),
      relayOnly: scene.settings.relayOnly,
    };
    // The other end first: what the asking one sends next shall find it ready.
    const toPeer = { ...order, initiator: !peer.initiator };
    if (scene.whereIs(peer.participantId) === "elsewhere") {
      io.to(roomOf(sceneId, peer.participantId)).emit("linkRepair", toPeer);
    } else sessionOf(sceneId, peer.participantId)?.repair(toPeer);
    from.repair({ ...order, initiator: peer.initiator });
    return null;
  }
}
