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
type Long = "participants" | "matches" | "pairs" | "formed";

/**
 * A state as JSON (see `savedState.ts`), from which {@link restoreState} makes one that goes on in the same way.
 *
 * The server stands still meanwhile, so what has not changed since the last time is not written anew.
 */
export function saveState(state: LobbyState): string {
  const releases = new Map<Release, number>();
  const placeOf = (release: Release): number => {
    const place = releases.get(release) ?? releases.size;
    releases.set(release, place);
    return place;
  };
  const all = [...state.participants.values()];
  const released = all.flatMap((p) =>
    p.releases.length === 0 ? [] : [[p.participantId, p.releases.map(placeOf)]],
  );
  const met = new Map<CrowdMember, number>();
  const placesOf = (crowd: readonly CrowdMember[]): number[] =>
    crowd.map((member) => {
      const place = met.get(member) ?? met.size;
      met.set(member, place);
      return place;
    });
  const crowds = all.flatMap((p) => (p.crowd.length === 0 ? [] : [[p.participantId, placesOf(p.crowd)]]));
  const crowd = placesOf(state.crowd);
  const long: Record<Long, readonly string[]> = {
    participants: all.map(participantText),
    matches: [...state.matches.values()].map(matchText),
    pairs: state.pairs.entries(state.now).map(([a, b, record]) => pairText(a, b, record)),
    formed: state.formed.map((group) => textOnce(group)),
  };
  const short = {
    format: SAVED_STATE_FORMAT,
    sceneId: state.sceneId,
    seed: state.seed,
    configHash: state.configHash,
    seq: state.seq,
    now: state.now,
    released,
    releases: [...releases.keys()],
    proposals: [...state.proposals.values()].map((p) => ({
      ...p,
      repeated: [...p.repeated],
      first: [...p.first],
      confirmed: [...p.confirmed],
      gone: [...p.gone],
      room: p.room ?? null,
    })),
    probes: [...state.probes.values()].map((p) => ({ ...p, ready: [...p.ready], reports: [...p.reports] })),
    latency: state.latency.save(),
    arrivals: state.arrivals,
    recentArrivals: state.recentArrivals,
    crowd,
    crowds,
    located: [...met.keys()].map(({ participantId, place }) => ({ participantId, place: saveable(place) })),
    proposalsOpened: state.proposalsOpened,
    matchesCommitted: state.matchesCommitted,
    treatments: { ...state.treatments, byArm: [...state.treatments.byArm] },
    roomFailures: state.roomFailures,
    pausedUntil: state.pausedUntil,
    recentSeats: state.recentSeats,
    voided: state.voided,
  } satisfies Record<Exclude<keyof LobbyState, Derived | Long>, unknown> &
    Record<Exclude<keyof SavedState, Long>, unknown>;
  const lists = Object.entries(long).map(([name, texts]) => `"${name}":[${texts.join()}]`);
  return `{${lists.join()},${JSON.stringify(short).slice(1)}`;
}

/** Texts of what does not change, or was last written as it is still. */
const texts = new WeakMap<object, { readonly of: readonly unknown[]; readonly text: string }>();

/** @param of what the text depends on, apart from what never changes; compared by identity */
function remembered(item: object, of: readonly unknown[], write: () => string): string {
  const known = texts.get(item);
  if (known?.of.every((part, i) => part === of[i]) === true) return known.text;
  const text = write();
  texts.set(item, { of, text });
  return text;
}

const textOnce = (item: object): string => remembered(item, [], () => JSON.stringify(item));

/** Every field of a participant is replaced and never changed within. */
const participantText = (p: Participant): string => {
  const { releases: _, crowd: __, ...fields } = p;
  return remembered(p, Object.values(fields), () => JSON.stringify(fields));
};

const matchText = (match: Match): string =>
  remembered(match, [match.left.size, match.done.size], () =>
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
