import type { Place } from "../latency/landmarks.js";
import { LatencyModel } from "../latency/latencyModel.js";
import type { CrowdMember } from "../latency/prospects.js";
import { bySeniority } from "./line.js";
import { type PairRecord, PairTable } from "./pairs.js";
import { SAVED_STATE_FORMAT, type SavedState } from "./savedState.js";
import {
  type Agenda,
  createLobbyState,
  type LobbyState,
  type Match,
  Participant,
  type Proposal,
  type Release,
  touchEverything,
} from "./state.js";

/** What of a state follows from the rest of it. */
type Derived = "line" | "present" | "pool" | "agenda" | "asOf";
/** What grows with a study. */
type Long = "participants" | "crowds" | "located" | "matches" | "pairs" | "formed";

/** A state as JSON (see `savedState.ts`), from which {@link restoreState} makes one that goes on in the same way. */
export const saveState = (state: LobbyState): string => [...new StateSaver().save(state)].join("");

/** So many items are looked at in one step. */
const PER_STEP = 50;
/** So many make one piece of the text. */
const PER_PIECE = 250;

/** A participant's fields as they were written; the text holds for as long as they are the same. */
interface WrittenParticipant {
  readonly participant: Participant;
  readonly of: readonly unknown[];
  readonly text: string;
}

/**
 * Saves one state again and again. The scene stands still while it is saved, so nearly everything is written before, a few
 * people at a time ({@link StateSaver.prepare}); what has changed since is found by comparing and written anew.
 */
export class StateSaver {
  /** In the order of the state's; nobody is ever taken out of that. */
  readonly #participants: WrittenParticipant[] = [];
  /** Full pieces of what was only ever added to. */
  readonly #formed: string[] = [];
  /** Kept from one preparation to the save after it only: it is long, and of those who wait. */
  #crowds = new Crowds();

  /** Writes what is not written yet, in steps. The state may change between two of them. */
  *prepare(state: LobbyState): Generator<void, void, void> {
    this.#crowds = new Crowds();
    let i = 0;
    for (const p of state.participants.values()) {
      this.#write(p, i);
      this.#crowds.textOf(p, i);
      i += 1;
      if (i % PER_STEP === 0) yield;
    }
    for (const match of state.matches.values()) {
      matchText(match);
      i += 1;
      if (i % PER_STEP === 0) yield;
    }
    for (const [, , record] of state.pairs.entries(state.now)) {
      textOnce(record);
      i += 1;
      if (i % PER_STEP === 0) yield;
    }
    while (this.#writeFormed(state)) yield;
  }

  /** The state as it is at the call. Its text comes in pieces, which are put together when they are taken. */
  save(state: LobbyState): Generator<string, void, void> {
    let count = 0;
    const participants: string[] = [];
    const releases = new Places<Release>();
    const released: [string, number[]][] = [];
    const written = this.#crowds;
    this.#crowds = new Crowds();
    const crowds: string[] = [];
    for (const p of state.participants.values()) {
      participants.push(this.#write(p, count));
      if (p.releases.length > 0) released.push([p.participantId, releases.of(p.releases)]);
      if (p.crowd.length > 0) crowds.push(written.textOf(p, count));
      count += 1;
    }
    const crowd = written.placesOf(state.crowd);
    while (this.#writeFormed(state));
    const newest = state.formed.slice(this.#formed.length * PER_PIECE).map((group) => JSON.stringify(group));
    const long: Record<Long, readonly string[]> = {
      participants,
      crowds,
      located: written.located,
      matches: [...state.matches.values()].map(matchText),
      pairs: state.pairs.entries(state.now).map(([a, b, record]) => pairText(a, b, record)),
      formed: [...this.#formed, ...newest],
    };
    const short = {
      format: SAVED_STATE_FORMAT,
      sceneId: state.sceneId,
      seed: state.seed,
      configHash: state.configHash,
      seq: state.seq,
      now: state.now,
      released,
      releases: releases.all,
      proposals: [...state.proposals.values()].map((p) => ({
        ...p,
        repeated: [...p.repeated],
        first: [...p.first],
        confirmed: [...p.confirmed],
        gone: [...p.gone],
        room: p.room ?? null,
      })),
      probes: [...state.probes.values()].map((p) => ({
        ...p,
        ready: [...p.ready],
        reports: [...p.reports],
      })),
      latency: state.latency.save(),
      arrivals: state.arrivals,
      recentArrivals: state.recentArrivals,
      crowd,
      proposalsOpened: state.proposalsOpened,
      matchesCommitted: state.matchesCommitted,
      treatments: { ...state.treatments, byArm: [...state.treatments.byArm] },
      roomFailures: state.roomFailures,
      pausedUntil: state.pausedUntil,
      recentSeats: state.recentSeats,
      voided: state.voided,
    } satisfies Record<Exclude<keyof LobbyState, Derived | Long>, unknown> &
      Record<Exclude<keyof SavedState, Long>, unknown>;
    return pieces(long, JSON.stringify(short));
  }

  /** The text of the participant at this place. */
  #write(p: Participant, place: number): string {
    const known = this.#participants[place];
    if (known !== undefined && known.participant === p && isAsWritten(known)) return known.text;
    const { releases: _, crowd: __, ...fields } = p;
    const written = { participant: p, of: changing.map((key) => p[key]), text: JSON.stringify(fields) };
    this.#participants[place] = written;
    return written.text;
  }

  /** Writes one more piece of the groups that were formed, where there are enough of them. */
  #writeFormed({ formed }: LobbyState): boolean {
    const next = formed.slice(this.#formed.length * PER_PIECE, (this.#formed.length + 1) * PER_PIECE);
    if (next.length < PER_PIECE) return false;
    this.#formed.push(next.map((group) => JSON.stringify(group)).join());
    return true;
  }
}

/** Every field of a participant that changes is replaced and never changed within, so comparing is enough. */
const changing = Object.keys({
  status: true,
  atHead: true,
  serverRtt: true,
  beaconRttMs: true,
  history: true,
  connected: true,
  nodeId: true,
  graceUntil: true,
  notBefore: true,
  failures: true,
  proposalId: true,
  matchId: true,
  outcome: true,
  endedAt: true,
  webrtc: true,
} satisfies Record<Changing, true>) as readonly Changing[];

/** Releases and crowds are saved apart: several people share them. */
type Changing = Exclude<Writable<Participant>, "releases" | "crowd">;

/** The keys of what may be assigned to. */
type Writable<T> = {
  [K in keyof T]-?: Same<{ [P in K]: T[K] }, { -readonly [P in K]: T[K] }> extends true ? K : never;
}[keyof T];
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;

function isAsWritten({ participant, of }: WrittenParticipant): boolean {
  for (let i = 0; i < changing.length; i += 1) {
    const key = changing[i];
    if (key !== undefined && participant[key] !== of[i]) return false;
  }
  return true;
}

/** Things that several others share, by the order in which they were met. */
class Places<T> {
  readonly #places = new Map<T, number>();

  of(items: readonly T[]): number[] {
    return items.map((item) => {
      const place = this.#places.get(item) ?? this.#places.size;
      this.#places.set(item, place);
      return place;
    });
  }

  get all(): readonly T[] {
    return [...this.#places.keys()];
  }
}

/** Whom each of those who wait can judge by what it may expect: most of them know much the same people. */
class Crowds {
  readonly #places = new Map<CrowdMember, number>();
  readonly #located: string[] = [];
  /** By participant, in the order of the state's: each for as long as its crowd is the same. */
  readonly #texts: ({ readonly crowd: Participant["crowd"]; readonly text: string } | undefined)[] = [];

  /** Everybody who was in a crowd when that was written, by place; some may be in none any more. */
  get located(): readonly string[] {
    return this.#located;
  }

  /** Empty where there is no crowd. */
  textOf(p: Participant, index: number): string {
    if (p.crowd.length === 0) return "";
    const known = this.#texts[index];
    if (known?.crowd === p.crowd) return known.text;
    const text = `[${JSON.stringify(p.participantId)},[${this.placesOf(p.crowd).join()}]]`;
    this.#texts[index] = { crowd: p.crowd, text };
    return text;
  }

  placesOf(crowd: readonly CrowdMember[]): readonly number[] {
    return crowd.map((member) => {
      const known = this.#places.get(member);
      if (known !== undefined) return known;
      const { participantId, place } = member;
      this.#places.set(member, this.#located.length);
      return this.#located.push(JSON.stringify({ participantId, place: saveable(place) })) - 1;
    });
  }
}

function* pieces(long: Record<Long, readonly string[]>, short: string): Generator<string, void, void> {
  let between = "{";
  for (const [name, texts] of Object.entries(long)) {
    yield `${between}"${name}":[`;
    for (let i = 0; i < texts.length; i += PER_PIECE) {
      yield `${i === 0 ? "" : ","}${texts.slice(i, i + PER_PIECE).join()}`;
    }
    between = "],";
  }
  yield `${between}${short.slice(1)}`;
}

/** Texts of what does not change, or was last written as it is still. */
const texts = new WeakMap<object, { readonly size: number; readonly text: string }>();

/** @param size what the text depends on, apart from what never changes */
function remembered(item: object, size: number, write: () => string): string {
  const known = texts.get(item);
  if (known?.size === size) return known.text;
  const text = write();
  texts.set(item, { size, text });
  return text;
}

const textOnce = (item: object): string => remembered(item, 0, () => JSON.stringify(item));

/** Members are only ever added to both sets. */
const matchText = (match: Match): string =>
  remembered(match, match.left.size + match.done.size, () =>
    JSON.stringify({ ...match, left: [...match.left], done: [...match.done] }),
  );

const pairText = (a: string, b: string, record: PairRecord): string => `["${a}","${b}",${textOnce(record)}]`;

/**
 * The state that was saved. What is still to be looked at is not known any more, so everything is; a node that takes over
 * a scene, and a server that starts, look at everything anyhow, so a log goes on with the same decisions.
 */
export function restoreState(saved: SavedState): LobbyState {
  const { seq, now, sceneId, seed, configHash, treatments } = saved;
  const located = saved.located.map(({ participantId, place }) => ({
    participantId,
    place: restored(place),
  }));
  const crowdOf = (places: readonly number[]) => places.flatMap((place) => located[place] ?? []);
  const state: LobbyState = {
    ...createLobbyState(),
    sceneId,
    seed,
    configHash,
    seq,
    now,
    asOf: { now },
    proposals: byId(saved.proposals, "proposalId", (p) => ({
      ...p,
      repeated: new Map(p.repeated),
      first: new Set(p.first),
      confirmed: new Set(p.confirmed),
      gone: new Set(p.gone),
      room: p.room ?? undefined,
    })),
    probes: byId(saved.probes, "probeId", (p) => ({
      ...p,
      ready: new Set(p.ready),
      reports: new Map(p.reports),
    })),
    matches: byId(saved.matches, "matchId", (m) => ({ ...m, left: new Set(m.left), done: new Set(m.done) })),
    pairs: PairTable.of(saved.pairs),
    latency: new LatencyModel(saved.latency),
    formed: [...saved.formed],
    arrivals: saved.arrivals,
    recentArrivals: [...saved.recentArrivals],
    crowd: crowdOf(saved.crowd),
    proposalsOpened: saved.proposalsOpened,
    matchesCommitted: saved.matchesCommitted,
    treatments: { ...treatments, byArm: new Map(treatments.byArm) },
    roomFailures: saved.roomFailures,
    pausedUntil: saved.pausedUntil,
    recentSeats: [...saved.recentSeats],
    voided: saved.voided,
  };
  for (const fields of saved.participants) {
    const p: Participant = Object.assign(new Participant(state.asOf, fields), fields);
    state.participants.set(p.participantId, p);
  }
  for (const [id, places] of saved.released) {
    const p = state.participants.get(id);
    if (p !== undefined) p.releases = places.flatMap((place) => saved.releases[place] ?? []);
  }
  for (const [id, places] of saved.crowds) {
    const p = state.participants.get(id);
    if (p !== undefined) p.crowd = crowdOf(places);
  }
  lineUp(state);
  remindOfEverything(state);
  return state;
}

/** JSON has no `NaN`. */
const saveable = (place: Place) => place.map((rttMs) => (Number.isNaN(rttMs) ? null : rttMs));
const restored = (place: readonly (number | null)[]): Place => place.map((rttMs) => rttMs ?? Number.NaN);

function byId<K extends string, T extends Readonly<Record<K, string>>, Kept>(
  items: readonly T[],
  key: K,
  kept: (item: T) => Kept,
): Map<string, Kept> {
  return new Map(items.map((item) => [item[key], kept(item)]));
}

function lineUp(state: LobbyState): void {
  const inLine = [...state.participants.values()].filter(
    (p) => p.status === "waiting" || p.status === "held",
  );
  // In their order, so that each is added at the end.
  for (const p of inLine.sort(bySeniority)) {
    state.line.add(p);
    if (p.connected) state.present.add(p);
    if (p.connected && p.status === "waiting") state.pool.add(p);
  }
}

/** Every time of the state at which something may become due. Being reminded once too often does no harm. */
function remindOfEverything(state: LobbyState): void {
  const { agenda, now } = state;
  touchEverything(state);
  for (const p of state.line.items) remindOfParticipant(agenda, p, now);
  for (const proposal of state.proposals.values()) remindOfProposal(state, proposal);
  for (const { matchId, members } of state.matches.values()) {
    for (const id of members) {
      const graceUntil = state.participants.get(id)?.graceUntil ?? null;
      if (graceUntil !== null) agenda.due.add(graceUntil, { kind: "match", id: matchId });
    }
  }
  for (const [a, b, { blockedUntil, fresh, expiresAt }] of state.pairs.entries(now)) {
    for (const at of [blockedUntil, fresh?.until ?? null, expiresAt]) {
      if (at !== null) agenda.due.add(at, { kind: "pair", a, b });
    }
  }
  if (state.pausedUntil !== null) agenda.due.add(state.pausedUntil, { kind: "everybody" });
}

function remindOfParticipant(agenda: Agenda, p: Participant, now: number): void {
  const { participantId: id, waitDeadlineAt, graceUntil, notBefore } = p;
  if (p.serverRtt === null) agenda.unmeasured.add(id);
  if (!p.hasBeaconRtts) agenda.withoutBeacons.add(id);
  if (notBefore !== null && notBefore > now) agenda.resting.add(id);
  for (const at of [waitDeadlineAt, graceUntil, notBefore]) {
    if (at !== null) agenda.due.add(at, { kind: "participant", id });
  }
}

function remindOfProposal(state: LobbyState, { proposalId, deadlineAt, probes }: Proposal): void {
  const { due } = state.agenda;
  due.add(deadlineAt, { kind: "proposal", id: proposalId });
  for (const probeId of probes) {
    const probe = state.probes.get(probeId);
    if (probe === undefined) continue;
    due.add(probe.readyDeadlineAt, { kind: "proposal", id: proposalId });
    due.add(probe.deadlineAt, { kind: "proposal", id: proposalId });
  }
}
