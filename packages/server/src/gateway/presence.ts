import type { Logger } from "pino";
import type { Effect } from "../lobby/effects.js";
import type { StoredEvent } from "../lobby/events.js";
import type { Arrival, ArrivalRequest, SceneHandle } from "../runtime/sceneHandle.js";
import type { Session } from "./session.js";

/** One participant at this node. */
interface Place {
  /** The page that speaks for the participant: the newest one that arrived. */
  current: Session | null;
  /** What the current page came with. */
  request: ArrivalRequest | null;
  /** Pages whose arrival is being written. */
  arriving: readonly Session[];
  /** The journal believes the participant connected, and no page is. */
  vacated: boolean;
  /** Arrivals and departures of one participant are written one after the other. */
  lane: Promise<unknown> | null;
  inLane: number;
  retry: NodeJS.Timeout | null;
}

const nobody: readonly Session[] = [];
const RETRY_MS = 1000;
/** An outage that is over by then is none to a page. */
const OUTAGE_MS = 1000;

/**
 * Who of one scene is connected to this node. The newest page of a participant speaks for it; the journal hears
 * of a disconnection only when there is no page left.
 */
export class Presence {
  readonly #scene: SceneHandle;
  readonly #logger: Logger;
  readonly #places = new Map<string, Place>();
  readonly #stop: readonly (() => void)[];
  #closed = false;
  #outage: NodeJS.Timeout | null = null;

  /** @param onProbeStart both ends of a probe are ready; called for each of them that is here, after it was told */
  constructor(
    scene: SceneHandle,
    logger: Logger,
    onPoolChanged: () => void,
    onProbeStart: (session: Session, probeId: string) => void,
  ) {
    this.#scene = scene;
    this.#logger = logger;
    this.#stop = [
      // Before the effects of the same events: a page that was replaced elsewhere is not told of them.
      scene.onEvents((events) => {
        for (const event of events) this.#follow(event);
      }),
      scene.onEffects((effects) => {
        for (const effect of effects) this.#spread(effect, onPoolChanged, onProbeStart);
      }),
      scene.onAvailability(() => this.#tellOutage()),
    ];
  }

  /** The pages that speak for a participant. */
  *sessions(): IterableIterator<Session> {
    for (const { current } of this.#places.values()) if (current !== null) yield current;
  }

  /** The page that speaks for this participant. */
  sessionOf(participantId: string): Session | null {
    return this.#places.get(participantId)?.current ?? null;
  }

  /**
   * Writes an arrival and makes the session the participant's page. `gone`: its connection ended meanwhile.
   *
   * @throws what `SceneHandle.arrive` throws; then nothing has changed
   */
  arrive(session: Session, request: ArrivalRequest): Promise<Arrival | "gone"> {
    const place = this.#placeOf(session.participantId);
    place.arriving = [...place.arriving, session];
    return this.#inLane(place, session.participantId, async () => {
      try {
        if (this.#closed || session.isGone()) return "gone";
        const arrival = await this.#scene.arrive(request);
        if (this.#closed) return "gone";
        if (arrival.status === "refused") return arrival;
        place.current?.replace();
        place.current = null;
        place.vacated = false;
        if (this.#scene.whereIs(session.participantId) === "elsewhere") {
          // While this arrival was written a newer page came to another node.
          session.replace();
          return arrival;
        }
        place.current = session;
        place.request = request;
        if (!session.isGone()) return arrival;
        this.#vacate(place);
        return "gone";
      } finally {
        const others = place.arriving.filter((other) => other !== session);
        place.arriving = others.length === 0 ? nobody : others;
      }
    });
  }

  /** A session's connection is over. Safe to call twice, and for sessions that never arrived. */
  leave(session: Session): void {
    session.gone();
    const place = this.#places.get(session.participantId);
    if (place?.current !== session) return;
    // An ended participation cannot be disconnected from.
    if (session.ended) place.current = null;
    else this.#vacate(place);
    this.#tidy(place, session.participantId);
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#stop) stop();
    if (this.#outage !== null) clearTimeout(this.#outage);
    for (const place of this.#places.values()) {
      if (place.retry !== null) clearTimeout(place.retry);
      place.current?.gone();
    }
    this.#places.clear();
  }

  /** Nothing can be written: every page is told once, unless that is over in a moment. */
  #tellOutage(): void {
    if (this.#outage !== null) clearTimeout(this.#outage);
    this.#outage = null;
    if (this.#scene.available) return;
    this.#outage = setTimeout(() => {
      for (const session of this.sessions())
        if (session.phase === "live") session.refuse("unavailable", null);
    }, OUTAGE_MS);
    this.#outage.unref();
  }

  /** What other nodes wrote about those who are connected here. */
  #follow(event: StoredEvent): void {
    if (event.type === "node.lost" && event.nodeId === this.#scene.nodeId) this.#reclaimAll();
    if (event.type !== "participant.arrived" && event.type !== "participant.reconnected") return;
    const place = this.#places.get(event.participantId);
    if (place === undefined || place.current === null) return;
    if (this.#scene.whereIs(event.participantId) !== "elsewhere") return;
    place.current.replace();
    place.current = null;
    this.#tidy(place, event.participantId);
  }

  /** The other nodes believe this one gone, because it was not heard of for a while; its pages are still here. */
  #reclaimAll(): void {
    for (const [participantId, place] of this.#places) {
      if (place.current === null || place.current.ended) continue;
      void this.#inLane(place, participantId, () => this.#reclaim(place, participantId));
    }
  }

  async #reclaim(place: Place, participantId: string): Promise<void> {
    const { current, request } = place;
    if (this.#closed || current === null || request === null) return;
    if (this.#scene.whereIs(participantId) !== "nowhere") return;
    const status = this.#scene.viewOf(participantId)?.status;
    if (status === undefined || status === "ended") return;
    try {
      await this.#scene.arrive({ ...request, fresh: false });
    } catch (error) {
      this.#logger.warn({ err: error, participantId }, "a page could not be taken up again; trying again");
      const retry = setTimeout(() => {
        if (!this.#closed) void this.#inLane(place, participantId, () => this.#reclaim(place, participantId));
      }, RETRY_MS);
      retry.unref();
    }
  }

  #spread(
    effect: Effect,
    onPoolChanged: () => void,
    onProbeStart: (session: Session, probeId: string) => void,
  ): void {
    if (effect.kind === "poolChanged") onPoolChanged();
    if (!("participantId" in effect)) return;
    const place = this.#places.get(effect.participantId);
    if (place === undefined) return;
    place.current?.tell(effect);
    if (effect.kind === "probeStart" && place.current !== null) onProbeStart(place.current, effect.probeId);
    for (const session of place.arriving) session.tell(effect);
  }

  #placeOf(participantId: string): Place {
    let place = this.#places.get(participantId);
    if (place === undefined) {
      place = {
        current: null,
        request: null,
        arriving: nobody,
        vacated: false,
        lane: null,
        inLane: 0,
        retry: null,
      };
      this.#places.set(participantId, place);
    }
    return place;
  }

  #inLane<T>(place: Place, participantId: string, task: () => Promise<T>): Promise<T> {
    place.inLane += 1;
    const done = (place.lane ?? Promise.resolve()).then(task).finally(() => {
      place.inLane -= 1;
      if (place.inLane === 0) place.lane = null;
      this.#tidy(place, participantId);
    });
    place.lane = done.catch(() => undefined);
    return done;
  }

  #vacate(place: Place): void {
    place.current = null;
    place.vacated = true;
  }

  /** After every change: writes a disconnection that is due, forgets a place where nobody is. */
  #tidy(place: Place, participantId: string): void {
    if (this.#closed || place.current !== null || place.arriving.length > 0 || place.inLane > 0) return;
    if (!place.vacated) {
      this.#places.delete(participantId);
    } else if (place.retry === null) {
      void this.#inLane(place, participantId, () => this.#disconnect(place, participantId));
    }
  }

  async #disconnect(place: Place, participantId: string): Promise<void> {
    // A newer page is about to arrive, or has: the participant was never away.
    if (this.#closed || place.arriving.length > 0 || !place.vacated) return;
    try {
      await this.#scene.disconnect(participantId);
      place.vacated = false;
    } catch (error) {
      this.#logger.warn({ err: error, participantId }, "a disconnection could not be written; trying again");
      place.retry = setTimeout(() => {
        place.retry = null;
        this.#tidy(place, participantId);
      }, RETRY_MS);
      place.retry.unref();
    }
  }
}
