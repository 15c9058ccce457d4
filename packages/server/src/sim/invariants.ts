import type { Outcome } from "@probematch/shared";
import { apply } from "../lobby/apply.js";
import type { LobbyConfig } from "../lobby/config.js";
import type { StoredEvent } from "../lobby/events.js";
import { bySeniority } from "../lobby/line.js";
import { replay } from "../lobby/replay.js";
import { snapshotOf } from "../lobby/snapshot.js";
import { createLobbyState, type LobbyState } from "../lobby/state.js";

/** What must never happen, by name. */
export const violationKinds = [
  "doubleMatched",
  "lost",
  "heldPastDeadline",
  "twoOutcomes",
  "seniorityBroken",
  "replayDiffers",
  "slowMatch",
  "unmeasuredLink",
  "rejectedPairProposed",
  "ruleBroken",
] as const;
export type ViolationKind = (typeof violationKinds)[number];

export interface Violation {
  readonly kind: ViolationKind;
  readonly what: string;
  readonly at: number;
}

/** Watches a run from outside the core: it keeps its own books from the log and from what pages were told. */
export class Invariants {
  readonly violations: Violation[] = [];
  readonly #matchOf = new Map<string, string>();
  readonly #orderOf = new Map<string, number>();
  readonly #told = new Map<string, string>();
  /** What was measured of each pair last. */
  readonly #measured = new Map<string, { readonly rttMs: number; readonly until: number }>();
  readonly #membersOf = new Map<string, readonly string[]>();
  readonly #pairOfProbe = new Map<string, string>();
  readonly #limitOf = new Map<string, number | null>();
  /** How the last probe of a pair ended, by proposal. */
  readonly #lastVerdict = new Map<string, Map<string, string>>();

  /** Every event after it was applied. */
  afterEvent(state: LobbyState, event: StoredEvent): void {
    switch (event.type) {
      case "proposal.opened":
        this.#membersOf.set(event.proposalId, event.members);
        this.#limitOf.set(event.proposalId, event.maxP2pRttMs);
        this.#lastVerdict.set(event.proposalId, new Map());
        this.#checkPairs(event);
        return;
      case "probe.opened":
        this.#pairOfProbe.set(event.probeId, pairKey(event.initiator, event.responder));
        this.#lastVerdict.get(event.proposalId)?.set(pairKey(event.initiator, event.responder), "open");
        return;
      case "probe.closed": {
        const pair = this.#pairOfProbe.get(event.probeId);
        const [proposalId = ""] = event.probeId.split("-");
        if (pair !== undefined) this.#lastVerdict.get(proposalId)?.set(pair, event.verdict.status);
        if (pair !== undefined && event.verdict.status !== "failed") {
          const { rttMs } = event.verdict.measurement;
          this.#measured.set(pair, { rttMs, until: event.expiresAt ?? 0 });
        }
        return;
      }
      case "participant.left":
      case "participant.removed":
      case "participant.ended":
        // Who has left and comes again has a new place.
        if (state.participants.get(event.participantId)?.status === "ended")
          this.#orderOf.delete(event.participantId);
        return;
      case "match.committed":
        this.#checkMatch(state, event);
        return;
      default:
        return;
    }
  }

  /** Whenever the server has nothing more to decide at this time. */
  whenQuiet(state: LobbyState, now: number): void {
    for (const proposal of state.proposals.values()) {
      if (proposal.deadlineAt < now) this.#add("heldPastDeadline", proposal.proposalId, now);
    }
    let before: (typeof state.line.items)[number] | null = null;
    for (const p of state.line.items) {
      const held = p.proposalId === null ? undefined : state.proposals.get(p.proposalId);
      if (p.status === "held" && held === undefined)
        this.#add("lost", `${p.participantId} held by nothing`, now);
      const mayFinish = held !== undefined && held.phase !== "probing";
      if (p.waitDeadlineAt !== null && p.waitDeadlineAt < now && !mayFinish) {
        this.#add("heldPastDeadline", p.participantId, now);
      }
      if (!p.connected && p.graceUntil !== null && p.graceUntil < now && !mayFinish) {
        this.#add("heldPastDeadline", `${p.participantId} beyond its grace`, now);
      }
      const order = this.#orderOf.get(p.participantId);
      if (order === undefined) this.#orderOf.set(p.participantId, p.order);
      else if (order !== p.order) this.#add("seniorityBroken", p.participantId, now);
      if (before !== null && bySeniority(before, p) >= 0) this.#add("seniorityBroken", p.participantId, now);
      before = p;
    }
  }

  /** A page was told that it is in a match, or that its participation ended. */
  told(participantId: string, what: Outcome | `match ${string}`, now: number): void {
    const before = this.#told.get(participantId);
    // A page that comes back after its match is over is told `matched`; that is the same outcome.
    if (before === undefined || (before.startsWith("match ") && what === "matched")) {
      this.#told.set(participantId, before ?? what);
    } else if (before !== what) this.#add("twoOutcomes", `${participantId}: ${before}, then ${what}`, now);
  }

  /** After everybody's time is up. */
  atEnd(state: LobbyState, arrived: Iterable<string>, now: number): void {
    for (const id of arrived) {
      const status = state.participants.get(id)?.status;
      if (status !== "matched" && status !== "ended") this.#add("lost", `${id} is ${status}`, now);
    }
  }

  /** A state made from the log alone has to be the state that was lived. */
  checkReplay(state: LobbyState, log: readonly StoredEvent[], now: number): void {
    const again = createLobbyState();
    for (const event of log) apply(again, event);
    const [lived, replayed] = [snapshotOf(state, now), snapshotOf(again, now)];
    for (const key of Object.keys(lived)) {
      if (JSON.stringify(lived[key]) === JSON.stringify(replayed[key])) continue;
      this.#add("replayDiffers", `${key}, after ${log.length} events`, state.now);
    }
  }

  /** The decisions of the log, made again from its facts, have to be the same. */
  checkDecisions(config: LobbyConfig, log: readonly StoredEvent[], now: number): void {
    for (const { seq, logged, again } of replay(log, config).differences.slice(0, 1)) {
      this.#add(
        "replayDiffers",
        `decision ${seq}: ${JSON.stringify(logged)}, again ${JSON.stringify(again)}`,
        now,
      );
    }
  }

  #checkMatch(state: LobbyState, event: StoredEvent & { readonly type: "match.committed" }): void {
    const match = state.matches.get(event.matchId);
    // Void: it did not hold any more when it was applied, and nobody was told of it.
    if (match === undefined || match.committedAt !== event.at) return;
    for (const id of match.members) {
      const other = this.#matchOf.get(id);
      if (other !== undefined && other !== event.matchId) this.#add("doubleMatched", id, event.at);
      this.#matchOf.set(id, event.matchId);
    }
    if ((this.#limitOf.get(event.proposalId) ?? null) === null) return;
    for (const [a, b] of pairsAmong(match.members)) {
      const last = this.#lastVerdict.get(event.proposalId)?.get(pairKey(a, b));
      if (last !== "accepted") this.#add("unmeasuredLink", `${a} and ${b}: ${last}`, event.at);
    }
  }

  /** A pair is proposed only when its last measurement is old, or would do. */
  #checkPairs(event: StoredEvent & { readonly type: "proposal.opened" }): void {
    const limitMs = event.maxP2pRttMs;
    if (limitMs === null) return;
    for (const [a, b] of pairsAmong(event.members)) {
      const known = this.#measured.get(pairKey(a, b));
      if (known !== undefined && known.until > event.at && known.rttMs > limitMs) {
        this.#add("rejectedPairProposed", `${a} and ${b}`, event.at);
      }
    }
  }

  ruleBroken(what: string, now: number): void {
    this.#add("ruleBroken", what, now);
  }

  slowMatch(what: string, now: number): void {
    this.#add("slowMatch", what, now);
  }

  #add(kind: ViolationKind, what: string, at: number): void {
    this.violations.push({ kind, what, at });
  }
}

const pairsAmong = (members: readonly string[]): [string, string][] =>
  members.flatMap((a, i) => members.slice(i + 1).map((b): [string, string] => [a, b]));

const pairKey = (a: string, b: string) => (a < b ? `${a}\n${b}` : `${b}\n${a}`);
