import type { Attributes, ProbeFailure, RttStats } from "@probematch/shared";
import { apply } from "../../lobby/apply.js";
import type { StoredEvent } from "../../lobby/events.js";
import { createLobbyState, type LobbyState } from "../../lobby/state.js";
import { StudyTally } from "../studyTally.js";
import { type Arrival, type Visit, Visits } from "../visits.js";

/** One participation of a real study, as its log tells it. Times are the server's, epoch ms. */
export interface PilotPerson extends Visit {
  /** The scene's; `null` = none. */
  readonly waitLimitMs: number | null;
  readonly attributes: Attributes;
  readonly webrtc: boolean;
  /** The latest ones. */
  serverRtt: RttStats | null;
  beaconRttMs: Readonly<Record<string, number>>;
  /** From the arrival until the first of them were known; `null` = they never were. */
  measuredAfterMs: number | null;
  /** When the page went away without coming back, or its participant left; `null` for all others. */
  goneAt: number | null;
}

/** One pair's probe; people by their place in {@link Pilot.people}. */
export interface PilotProbe {
  readonly a: number;
  readonly b: number;
  readonly openedAt: number;
  /** `null` = it ended without a verdict, because its group fell for another reason. */
  closedAt: number | null;
  rttMs: number | null;
  failure: ProbeFailure | null;
}

/** What a log says of a study. */
export interface Pilot {
  readonly sceneId: string;
  /** Of the rules in force at the end of the log. */
  readonly configHash: string;
  readonly people: readonly PilotPerson[];
  readonly probes: readonly PilotProbe[];
  /** Of the proposals, each value once, in order. */
  readonly groupSizes: readonly number[];
  readonly matchmakers: readonly string[];
  readonly limitsMs: readonly (number | null)[];
  readonly tally: StudyTally;
  readonly endsAt: number;
}

/** Reads a log as the server would. */
export function readPilot(events: readonly StoredEvent[]): Pilot {
  const state = createLobbyState();
  const reader = new PilotReader();
  for (const event of events) {
    apply(state, event);
    reader.note(state, event);
  }
  return reader.pilot(state);
}

class PilotReader {
  readonly #tally = new StudyTally();
  readonly #people = new Visits<PilotPerson>((arrival) => this.#arrive(arrival));
  readonly #places = new Map<PilotPerson, number>();
  readonly #probes: PilotProbe[] = [];
  readonly #open = new Map<string, PilotProbe>();
  readonly #awaySince = new Map<string, number>();
  readonly #groupSizes = new Set<number>();
  readonly #matchmakers = new Set<string>();
  readonly #limits = new Set<number | null>();

  note(state: LobbyState, event: StoredEvent): void {
    this.#tally.note(state, event);
    for (const person of this.#people.note(state, event)) this.#settle(person);
    switch (event.type) {
      case "participant.rttMeasured":
        this.#measure(state, event.participantId, event.at);
        return;
      case "participant.disconnected":
        if (state.participants.get(event.participantId)?.connected === false)
          this.#awaySince.set(event.participantId, event.at);
        return;
      case "participant.reconnected":
        this.#awaySince.delete(event.participantId);
        return;
      case "proposal.opened":
        if (!state.proposals.has(event.proposalId)) return;
        this.#groupSizes.add(event.members.length);
        this.#matchmakers.add(event.matchmaker);
        this.#limits.add(event.maxP2pRttMs);
        return;
      case "probe.opened":
        this.#openProbe(state, event);
        return;
      case "probe.closed":
        this.#closeProbe(event);
        return;
      default:
        return;
    }
  }

  pilot(state: LobbyState): Pilot {
    return {
      sceneId: state.sceneId,
      configHash: state.configHash,
      people: this.#people.all,
      probes: this.#probes,
      groupSizes: [...this.#groupSizes],
      matchmakers: [...this.#matchmakers],
      limitsMs: [...this.#limits],
      tally: this.#tally,
      endsAt: state.now,
    };
  }

  #arrive({ participantId, at, waitDeadlineAt, attributes, webrtc }: Arrival): PilotPerson {
    this.#awaySince.delete(participantId);
    const person: PilotPerson = {
      participantId,
      arrivedAt: at,
      waitLimitMs: waitDeadlineAt === null ? null : waitDeadlineAt - at,
      attributes,
      webrtc,
      serverRtt: null,
      beaconRttMs: {},
      measuredAfterMs: null,
      outcome: null,
      endedAt: null,
      goneAt: null,
    };
    this.#places.set(person, this.#people.all.length);
    return person;
  }

  #measure(state: LobbyState, participantId: string, at: number): void {
    const person = this.#people.open.get(participantId);
    const p = state.participants.get(participantId);
    if (person === undefined || p === undefined) return;
    if (p.serverRtt !== null) {
      const { measuredAt: _, ...stats } = p.serverRtt;
      person.serverRtt = stats;
    }
    person.beaconRttMs = p.beaconRttMs;
    person.measuredAfterMs ??= at - person.arrivedAt;
  }

  #settle(person: PilotPerson): void {
    if (person.outcome === "left")
      person.goneAt = this.#awaySince.get(person.participantId) ?? person.endedAt;
  }

  #openProbe(state: LobbyState, event: StoredEvent & { type: "probe.opened" }): void {
    const a = this.#placeOf(event.initiator);
    const b = this.#placeOf(event.responder);
    if (a === undefined || b === undefined || !state.probes.has(event.probeId)) return;
    const probe: PilotProbe = { a, b, openedAt: event.at, closedAt: null, rttMs: null, failure: null };
    this.#probes.push(probe);
    this.#open.set(event.probeId, probe);
  }

  #closeProbe({ probeId, verdict, at }: StoredEvent & { type: "probe.closed" }): void {
    const probe = this.#open.get(probeId);
    if (probe === undefined || probe.closedAt !== null) return;
    probe.closedAt = at;
    if (verdict.status === "failed") probe.failure = verdict.reason;
    else probe.rttMs = verdict.measurement.rttMs;
    this.#open.delete(probeId);
  }

  #placeOf(participantId: string): number | undefined {
    const person = this.#people.open.get(participantId);
    return person && this.#places.get(person);
  }
}
