import type { Outcome } from "@probematch/shared";
import type { StoredEvent } from "../lobby/events.js";
import type { LobbyState } from "../lobby/state.js";

/** One participation: somebody who comes twice has two. Times are the log's. */
export interface Visit {
  readonly participantId: string;
  readonly arrivedAt: number;
  /** `null` = still there at the end of the log. */
  outcome: Outcome | null;
  endedAt: number | null;
}

export type Arrival = StoredEvent & { readonly type: "participant.arrived" };

/**
 * The visits that a log tells of, as it grows or as it is there: an arrival begins one unless that participant is there already,
 * and whatever gives the participant an outcome ends it.
 */
export class Visits<V extends Visit = Visit> {
  readonly #begin: (arrival: Arrival) => V;
  readonly #all: V[] = [];
  readonly #open = new Map<string, V>();

  /** @param begin makes the visit of an arrival that begins one */
  constructor(begin: (arrival: Arrival) => V) {
    this.#begin = begin;
  }

  /** In order of arrival. */
  get all(): readonly V[] {
    return this.#all;
  }

  /** Those of people who are there and have no outcome, by participant, in order of arrival. */
  get open(): ReadonlyMap<string, V> {
    return this.#open;
  }

  /** One that no log tells of. */
  add(visit: V): void {
    this.#all.push(visit);
  }

  /**
   * @param state the state that the event led to: an event that was void when it was applied ends nothing
   * @returns the visits that ended with it
   */
  note(state: LobbyState, event: StoredEvent): readonly V[] {
    switch (event.type) {
      case "participant.arrived":
        this.#arrive(event);
        return NONE;
      case "participant.left":
      case "participant.removed":
      case "participant.ended":
        return this.#settle(state, [event.participantId]);
      case "match.committed":
        return this.#settle(state, state.matches.get(event.matchId)?.members ?? NONE);
      default:
        return NONE;
    }
  }

  #arrive(event: Arrival): void {
    if (this.#open.has(event.participantId)) return;
    const visit = this.#begin(event);
    this.#all.push(visit);
    this.#open.set(event.participantId, visit);
  }

  #settle(state: LobbyState, participantIds: readonly string[]): readonly V[] {
    return participantIds.flatMap((id) => {
      const visit = this.#open.get(id);
      const participant = state.participants.get(id);
      if (visit === undefined || participant === undefined || participant.outcome === null) return [];
      visit.outcome = participant.outcome;
      visit.endedAt = participant.endedAt;
      this.#open.delete(id);
      return [visit];
    });
  }
}

const NONE: readonly never[] = [];
