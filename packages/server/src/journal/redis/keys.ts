/** The keys of one scene. All have the same hash tag, so that a Redis Cluster keeps them together. */
export interface SceneKeys {
  /** Stream: one entry per append, its id the seq of the append's last event. */
  readonly log: string;
  /** Stream: what was cut off the log behind a snapshot, 500 entries in one, its id that of the last of them. */
  readonly archive: string;
  /** Hash: the newest snapshot, the place it was made at, the entry there, and the place of the one before. */
  readonly snapshot: string;
  /** Hash: `seq` and `at` of the last event. */
  readonly head: string;
  /** Hash: by node, the number and the result of its last group of appends. */
  readonly groups: string;
  /** String: who leads, as `<fencing token> <node id>`; expires. */
  readonly lease: string;
  /** Counter: the last fencing token. */
  readonly tokens: string;
  /** String: the lease of the node that is about to decide, for which the others' appends wait; expires at once. */
  readonly hold: string;
  /** Sorted set: nodes by the time at which they count as gone. */
  readonly nodes: string;
  /** Stream: telemetry, one entry per batch. */
  readonly telemetry: string;
}

export function sceneKeys(keyPrefix: string, sceneId: string): SceneKeys {
  const key = (name: string) => `${keyPrefix}:{${sceneId}}:${name}`;
  return {
    log: key("log"),
    archive: key("archive"),
    snapshot: key("snapshot"),
    head: key("head"),
    groups: key("groups"),
    lease: key("lease"),
    tokens: key("tokens"),
    hold: key("hold"),
    nodes: key("nodes"),
    telemetry: key("telemetry"),
  };
}

/** A set with the names of all scenes that have a log. */
export const scenesKey = (keyPrefix: string): string => `${keyPrefix}:scenes`;
