import { type Outcome, quantile } from "@probematch/shared";
import type { StoredEvent } from "../lobby/events.js";
import type { LobbyState } from "../lobby/state.js";
import { type Visit, Visits } from "./visits.js";

/** What became of a study, simulated or real. Shares are of all who came, between 0 and 1. */
export interface StudyFigures {
  readonly participants: number;
  readonly matchedShare: number;
  readonly timedOutShare: number;
  readonly leftShare: number;
  /** How many ended in which way; those still there at the end are in none. */
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  readonly matches: number;
  readonly probes: number;
  /** `null` where there was no match. */
  readonly probesPerMatch: number | null;
  /** Of those matched, from arrival to match; `null` where nobody was. */
  readonly waitMs: { readonly p50: number | null; readonly p90: number | null; readonly p95: number | null };
  /** Between the members of matches, as measured; `null` where nothing was. */
  readonly achievedRttMs: { readonly p50: number | null; readonly p95: number | null };
  /** What everybody waited together, matched or not. */
  readonly waitedMinutes: number;
}

interface Counted {
  readonly members: readonly string[];
  readonly rttsMs: readonly number[];
}

/**
 * Reads a log as it grows, or one that is there, and says what became of its people. Decisions that were void when they
 * were applied do not count.
 */
export class StudyTally {
  readonly #visits = new Visits(({ participantId, at }): Visit => {
    return { participantId, arrivedAt: at, outcome: null, endedAt: null };
  });
  readonly #probes: (readonly [string, string])[] = [];
  readonly #matches: Counted[] = [];

  /** Everybody who came, in order of arrival. */
  get visits(): readonly Visit[] {
    return this.#visits.all;
  }

  /** How many have arrived and are neither matched nor gone. */
  get unsettled(): number {
    return this.#visits.open.size;
  }

  /** The one of them who came first. */
  get longestUnsettled(): Visit | null {
    return this.#visits.open.values().next().value ?? null;
  }

  isSettled(participantId: string): boolean {
    return !this.#visits.open.has(participantId);
  }

  /** Somebody who was turned away at the door: of that there is nothing in a log. */
  turnAway(participantId: string, at: number): void {
    this.#visits.add({ participantId, arrivedAt: at, outcome: "study_full", endedAt: at });
  }

  /** @param state the state that the event led to */
  note(state: LobbyState, event: StoredEvent): void {
    this.#visits.note(state, event);
    switch (event.type) {
      case "probe.opened":
        if (state.probes.has(event.probeId)) this.#probes.push([event.initiator, event.responder]);
        return;
      case "match.committed": {
        const match = state.matches.get(event.matchId);
        if (match === undefined || match.committedAt !== event.at) return;
        const rttsMs = match.links.map((link) => link.measurement.rttMs);
        this.#matches.push({ members: match.members, rttsMs });
        return;
      }
      default:
        return;
    }
  }

  /**
   * @param counts whose figures; default: everybody's. A probe or match counts for the share of its members who count
   * @param rttOf an RTT for the pairs of matches that were made without probing, ms
   */
  figures(
    counts: (participantId: string) => boolean = () => true,
    rttOf?: (a: string, b: string) => number,
  ): StudyFigures {
    const visits = this.#visits.all.filter((visit) => counts(visit.participantId));
    const outcomes: Partial<Record<Outcome, number>> = {};
    const waits: number[] = [];
    let waited = 0;
    for (const { arrivedAt, outcome, endedAt } of visits) {
      if (outcome === null) continue;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      waited += (endedAt ?? arrivedAt) - arrivedAt;
      if (outcome === "matched") waits.push((endedAt ?? arrivedAt) - arrivedAt);
    }
    const shareOf = (members: readonly string[]) => members.filter(counts).length / members.length;
    const sum = (groups: readonly (readonly string[])[]) => groups.reduce((n, g) => n + shareOf(g), 0);
    const matches = sum(this.#matches.map(({ members }) => members));
    const probes = sum(this.#probes);
    const rtts = this.#matches
      .filter(({ members }) => members.some(counts))
      .flatMap(({ members, rttsMs }) =>
        rttsMs.length > 0 || rttOf === undefined ? rttsMs : pairsOf(members).map(([a, b]) => rttOf(a, b)),
      );
    const share = (outcome: Outcome) => (visits.length === 0 ? 0 : (outcomes[outcome] ?? 0) / visits.length);
    return {
      participants: visits.length,
      matchedShare: share("matched"),
      timedOutShare: share("timed_out"),
      leftShare: share("left"),
      outcomes,
      matches,
      probes,
      probesPerMatch: matches === 0 ? null : probes / matches,
      waitMs: { p50: quantile(waits, 0.5), p90: quantile(waits, 0.9), p95: quantile(waits, 0.95) },
      achievedRttMs: { p50: quantile(rtts, 0.5), p95: quantile(rtts, 0.95) },
      waitedMinutes: waited / 60_000,
    };
  }
}

const pairsOf = (members: readonly string[]): [string, string][] =>
  members.flatMap((a, i) => members.slice(i + 1).map((b): [string, string] => [a, b]));
