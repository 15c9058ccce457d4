import type { Logger } from "pino";
import type { Effect } from "../lobby/effects.js";
import type { Fact } from "../lobby/events.js";
import type { LobbyState, Participant } from "../lobby/state.js";
import type { OnMatch } from "../scene/onMatch.js";
import { askForRoom } from "./roomHook.js";

export interface RoomsOptions {
  readonly sceneId: string;
  readonly onMatch: OnMatch;
  readonly logger: Logger;
  /** Server time, epoch ms. */
  readonly now: () => number;
  /** Writes the answer into the log. */
  readonly append: (fact: Fact) => Promise<void>;
}

/** The rooms that are being made: the scene's hook is asked for each, and its answer is a fact for the log. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #asked = new Map<string, AbortController>();
  #closed = false;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  async create(effect: Effect & { readonly kind: "createRoom" }, state: LobbyState): Promise<void> {
    const { sceneId, onMatch, logger, now, append } = this.#options;
    const { matchId, proposalId } = effect;
    const abort = new AbortController();
    this.#asked.set(proposalId, abort);
    const members = effect.members
      .map((id) => state.participants.get(id))
      .filter((p): p is Participant => p !== undefined)
      .map((p, seat) => ({ participantId: p.participantId, seat, attributes: p.attributes }));
    const timeoutMs = Math.max(0, effect.deadlineAt - now());
    const treatment = effect.treatment === undefined ? {} : { treatment: effect.treatment };
    const request = { scene: sceneId, matchId, members, ...treatment };
    const answer = await askForRoom(onMatch, request, abort, timeoutMs);
    this.#asked.delete(proposalId);
    if (!answer.ok) logger.warn({ matchId, reason: answer.reason }, "no room could be created");
    if (this.#closed) return;
    try {
      await append(
        answer.ok
          ? { type: "room.created", matchId, room: answer.room }
          : { type: "room.failed", matchId, reason: answer.reason.slice(0, 500) },
      );
    } catch (error) {
      // The deadline in the log releases the members when writing works again.
      logger.error({ err: error, matchId }, "the room's answer could not be written");
    }
  }

  /** Its proposal was released: nobody needs the room any more. */
  giveUp(proposalId: string): void {
    this.#asked.get(proposalId)?.abort("the match was not made");
  }

  close(): void {
    this.#closed = true;
    for (const abort of this.#asked.values()) abort.abort("the server is closing");
  }
}
