import type { Beacon } from "@probematch/shared";
import type { LowestLatencyOptions } from "../matchmakers/lowestLatency.js";
import type { Matchmaker } from "../matchmakers/matchmaker.js";
import type { P2pLimit } from "../matchmakers/p2pLimit.js";
import type { RuleDescription } from "../matchmakers/rules/descriptions.js";
import type { Rule } from "../matchmakers/rules/rule.js";
import type { OnMatch } from "./onMatch.js";

/**
 * A scene as a plain object: the same settings as {@link scene}'s, and all but `onMatch` and a matchmaker of one's own can
 * be written in JSON. What is left out has the default given here. All times are in milliseconds, at most 24 days.
 */
export interface SceneConfig {
  /** The scene's name: letters, digits, `_` and `-`, at most 64. Pages name it, and its files are called after it. */
  readonly id: string;
  /** Members of a match: 2 to 8. Default: 2. */
  readonly groupSize?: number;
  readonly matchmaking?: MatchmakingOptions;
  readonly waitroom?: WaitroomOptions;
  readonly probing?: ProbingOptions;
  readonly serverRtt?: ServerRttOptions;
  /**
   * Endpoints whose RTT pages measure in the background, so that a matchmaker can tell who is likely near whom before
   * anybody is probed; at most 16. See `docs/beacons.md`. Default: none.
   */
  readonly beacons?: readonly BeaconConfig[];
  readonly matches?: MatchesOptions;
  readonly treatments?: TreatmentsOptions;
  /** Makes the room of a match before it is committed. Default: none, matches are committed at once. */
  readonly onMatch?: OnMatch;
}

/**
 * One beacon. `id`: letters, digits, `_`, `.` and `-`; the journal and matchmakers name it so. `url`: anything that
 * answers quickly with little, such as the `/beacon` of a Probematch server; pages on HTTPS can reach only `https:`.
 */
export interface BeaconConfig extends Readonly<Beacon> {
  /** Where it stands, for people who read the configuration. */
  readonly place?: string;
}

/** Who may be matched with whom. */
export interface MatchmakingOptions {
  /**
   * The rule that forms groups: an instance of a class that extends `Matchmaker`, or the description of one that
   * comes with Probematch. Default: `"fifo"`, first come, first served, without a latency limit.
   */
  readonly matchmaker?: Matchmaker | MatchmakerDescription;
  /**
   * What every group has to keep, whichever matchmaker forms it, and whom to try first: made by `sameAttribute`, `within`,
   * `composition` and the like, written as their plain objects, or rules of one's own. Default: none. See docs/rules.md.
   */
  readonly rules?: readonly (RuleDescription | Rule)[];
  /** Do not tell waiting participants their position and how many wait. Default: `false`. */
  readonly hideLobbyCount?: boolean;
  /**
   * The largest **difference** of two members' RTTs to the server, ms, inclusive. An unknown RTT is not excluded. Kept
   * for studies that relied on it: it says little about the path between two participants.
   * Default: `null`, no limit.
   */
  readonly maxRtt?: number | null;
}

/**
 * A matchmaker in JSON. Limits are inclusive; without `maxP2pRttMs` nothing is probed. It may relax with waiting:
 * `{ "startMs": 80, "steps": [{ "afterMs": 60000, "limitMs": 120 }], "neverAboveMs": 150 }`.
 */
export type MatchmakerDescription =
  | "fifo"
  | "group-reunion"
  | { readonly name: "fifo"; readonly maxP2pRttMs?: P2pLimit }
  | {
      readonly name: "latency-fifo";
      /** Largest sum of two members' RTTs to the server, ms. */
      readonly maxServerRttMs: number;
      readonly maxP2pRttMs?: P2pLimit;
    }
  | ({ readonly name: "lowest-latency" } & LowestLatencyOptions)
  | {
      readonly name: "group-reunion";
      readonly fallback?: MatchmakerDescription | null;
      readonly waitForPartnersMs?: number | null;
      readonly maxP2pRttMs?: P2pLimit;
    };

/** Waiting: how long, and how many. */
export interface WaitroomOptions {
  /**
   * Who waited this long leaves with the outcome `timed_out`. Default: 300000 (5 minutes). `null` = no limit: say so
   * only where nobody is paid for waiting or something else ends the wait.
   */
  readonly timeoutMs?: number | null;
  /** How long a place is kept for somebody whose connection is gone (a refresh, a tunnel). Default: 30000. */
  readonly graceMs?: number;
  /** At most this many wait at once; the next one is refused with `study_full`. Default: `null`, no limit. */
  readonly capacity?: number | null;
  /** May somebody whose participation here ended come back and wait again? Default: `false`. */
  readonly allowRepeat?: boolean;
}

/** How a pair is measured. Has no effect while the matchmaker has no `maxP2pRttMs`. */
export interface ProbingOptions {
  /** Counted pings per side, at most: 1 to 64. Default: 5. */
  readonly pings?: number;
  /**
   * A side stops after this many counted answers as soon as it is certain that the path is below or above the limit; near
   * the limit it goes on to `pings`. Default: `null`, always all of them.
   */
  readonly minPings?: number | null;
  /**
   * Time between two pings' departures. Default: 100. A browser that sleeps between two pings answers up to 1 ms late:
   * `probing(fastProbeParameters)` measures closer to the path, and sooner (docs/accuracy.md).
   */
  readonly spacingMs?: number;
  /** A ping without an answer for this long is lost. Default: 2000. */
  readonly pingTimeoutMs?: number;
  /** Pings sent first and not counted, 0 to 16. Default: 1. */
  readonly warmupPings?: number;
  /**
   * Links one page sets up and measures at a time, 1 to 7. A group in which everybody has more partners is probed in
   * rounds, the pair least likely to be fast enough first. Default: 5.
   */
  readonly maxPerMember?: number;
  /** Both pages must have said that they are ready to probe by then. Default: 5000. */
  readonly readyTimeoutMs?: number;
  /** Both pages must have reported by then, counted from the probe's beginning. Default: 20000. */
  readonly timeoutMs?: number;
  /**
   * How often a probe that failed by accident (no path found, all pings lost, a page that stalled or was hidden for a moment,
   * two sides that disagree) is done again at once, 0 to 3. Only then the group is given up. Default: 1.
   */
  readonly repeats?: number;
  /** How long a measurement counts: a pair that was too slow is not tried again before. Default: 300000 (5 minutes). */
  readonly edgeLifeMs?: number;
  /** After a probe that failed the pair rests this long; doubles with every further failure. Default: 2000. */
  readonly backOffBaseMs?: number;
  /** The longest such rest. Default: 60000. */
  readonly backOffMaxMs?: number;
  /** Connect over TURN only, so that no participant's address reaches another one. Needs a TURN server. Default: `false`. */
  readonly relayOnly?: boolean;
  /** `false`: a pair whose connection goes over a TURN relay is turned down. Default: `true`. */
  readonly acceptRelayed?: boolean;
}

/** How pages measure their RTT to the server, and who is too far away from it to take part. */
export interface ServerRttOptions {
  /** Time between echoes, 100 or more. Default: 2000. */
  readonly intervalMs?: number;
  /** Echoes in quick succession right after connecting, 1 to 32, so that a first figure exists early. Default: 5. */
  readonly burst?: number;
  /** An echo without an answer for this long is lost. Default: 5000. */
  readonly timeoutMs?: number;
  /**
   * Where the matchmaker reads server RTTs or beacons, a new participant is not proposed before its first figures are
   * there, or for this long. Default: 3000.
   */
  readonly firstWaitMs?: number;
  /** A participant whose own median RTT to the server is above this leaves with `excluded_rtt`. Default: `null`, no limit. */
  readonly excludeAboveMs?: number | null;
}

/** How a match is closed, and how many there may be. */
export interface MatchesOptions {
  /** Time for the members of a measured group to confirm that they are alive. Default: 5000. */
  readonly confirmTimeoutMs?: number;
  /** Time for `onMatch` to answer. Default: 10000. */
  readonly roomTimeoutMs?: number;
  /** The scene is done after this many matches; who still waits leaves with `study_full`. Default: `null`, no limit. */
  readonly max?: number | null;
}

/** What each match is given: the arms of the study. */
export interface TreatmentsOptions {
  /** Names of the arms, each once. */
  readonly arms: readonly string[];
  /**
   * - `"random"` (default): every match draws an arm, all with the same chance
   * - `"rotation"`: one arm after the other
   * - `"latin-square"`: every group goes through all arms, in the order of a row of a balanced Latin square; the rows
   *   take turns
   * - `"balanced"`: the arm with the fewest complete matches; a match is complete when every member's page said `done()`, one that
   *   is still running counts half, one that ended otherwise not at all
   *
   * Draws follow from the scene's seed, so the log tells how they came about.
   */
  readonly assign?: "random" | "rotation" | "latin-square" | "balanced";
  /**
   * How many matches an arm needs; then it is not given any more, and when all arms have theirs the scene is done (who
   * waits leaves with `study_full`). With `"balanced"`, matches that ended incomplete do not count. Arms without a number need
   * no end of matches. Not for `"latin-square"`. Default: none.
   */
  readonly quotas?: Readonly<Record<string, number>>;
}
