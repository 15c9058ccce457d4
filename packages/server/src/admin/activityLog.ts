import type { Effect } from "../lobby/effects.js";
import type { StoredEvent } from "../lobby/events.js";
import type { SceneHandle } from "../runtime/sceneHandle.js";
import type { Activity } from "./adminMessages.js";

/** An activity before the log numbered it. */
type Happening = Activity extends infer A ? (A extends Activity ? Omit<A, "id"> : never) : never;

type MatchActivity = Extract<Activity, { type: "match_formed" }>;

/** The latest activities of all scenes. */
export class ActivityLog {
  readonly #size: number;
  readonly #onActivity: (activity: Activity) => void;
  readonly #activities: Activity[] = [];
  readonly #stops: (() => void)[] = [];
  #lastId = 0;

  /** @param size how many are kept */
  constructor(
    scenes: ReadonlyMap<string, SceneHandle>,
    size: number,
    onActivity: (activity: Activity) => void,
  ) {
    this.#size = size;
    this.#onActivity = onActivity;
    for (const [sceneId, scene] of scenes) {
      this.#stops.push(
        scene.onEvents((events) => this.#add(arrivalsOf(events, sceneId))),
        scene.onEffects((effects) => this.#add(happeningsOf(effects, sceneId, scene.now()))),
      );
    }
  }

  /** Oldest first. */
  latest(): readonly Activity[] {
    return this.#activities;
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #add(happenings: readonly Happening[]): void {
    for (const happening of happenings) {
      this.#lastId += 1;
      const activity: Activity = { ...happening, id: this.#lastId };
      this.#activities.push(activity);
      if (this.#activities.length > this.#size) this.#activities.shift();
      this.#onActivity(activity);
    }
  }
}

function arrivalsOf(events: readonly StoredEvent[], sceneId: string): Happening[] {
  return events.flatMap((event): Happening[] =>
    event.type === "participant.arrived"
      ? [{ type: "arrived", at: event.at, sceneId, participantId: event.participantId }]
      : [],
  );
}

/** Effects are one per participant; a release is shown once, with everybody it sent back. */
function happeningsOf(effects: readonly Effect[], sceneId: string, at: number): Happening[] {
  const happenings: Happening[] = [];
  const releases = new Map<string, Happening & { type: "released" }>();
  for (const effect of effects) {
    if (effect.kind === "matchFormed") {
      // Shared with whoever else was told: a record is never changed.
      const match = effect.record as MatchActivity["match"];
      happenings.push({ type: "match_formed", at, sceneId, match });
    } else if (effect.kind === "ended") {
      const { participantId, outcome } = effect;
      happenings.push({ type: "ended", at, sceneId, participantId, outcome });
    } else if (effect.kind === "released") {
      const { proposalId, reason } = effect;
      const known = releases.get(proposalId);
      const release = known ?? { type: "released", at, sceneId, proposalId, participantIds: [], reason };
      release.participantIds.push(effect.participantId);
      if (known !== undefined) continue;
      releases.set(proposalId, release);
      happenings.push(release);
    }
  }
  return happenings;
}
