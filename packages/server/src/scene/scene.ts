import type { OnMatch } from "./onMatch.js";
import type {
  BeaconConfig,
  MatchesOptions,
  MatchmakingOptions,
  ProbingOptions,
  SceneConfig,
  ServerRttOptions,
  TreatmentsOptions,
  WaitroomOptions,
} from "./sceneConfig.js";

/**
 * A scene's rules, said one after the other. Every call returns a new builder and leaves the old one as it was, so
 * that scenes can share a beginning. A second call to the same method adds to the first; what it says again
 * counts. Nothing is checked before the server starts: then all mistakes are reported together.
 */
export class SceneBuilder {
  readonly #config: SceneConfig;

  constructor(config: SceneConfig) {
    this.#config = config;
  }

  /** Members of a match: 2 to 8. Default: 2. */
  groupSize(groupSize: number): SceneBuilder {
    return this.#with({ groupSize });
  }

  /** Who may be matched with whom. */
  matchmaking(options: MatchmakingOptions): SceneBuilder {
    return this.#with({ matchmaking: { ...this.#config.matchmaking, ...options } });
  }

  /** How long participants wait, and how many. */
  waitroom(options: WaitroomOptions): SceneBuilder {
    return this.#with({ waitroom: { ...this.#config.waitroom, ...options } });
  }

  /** How a pair is measured. */
  probing(options: ProbingOptions): SceneBuilder {
    return this.#with({ probing: { ...this.#config.probing, ...options } });
  }

  /** How pages measure their RTT to the server, and who is too far away from it to take part. */
  serverRtt(options: ServerRttOptions): SceneBuilder {
    return this.#with({ serverRtt: { ...this.#config.serverRtt, ...options } });
  }

  /** Endpoints whose RTT pages measure, to tell who is likely near whom; at most 16, instead of those said before. */
  beacons(beacons: readonly BeaconConfig[]): SceneBuilder {
    return this.#with({ beacons });
  }

  /** How a match is closed, and how many there may be. */
  matches(options: MatchesOptions): SceneBuilder {
    return this.#with({ matches: { ...this.#config.matches, ...options } });
  }

  /** Which arm of the study each match is given: told to its pages, and recorded with the match. */
  treatments(options: TreatmentsOptions): SceneBuilder {
    return this.#with({ treatments: { ...this.#config.treatments, ...options } });
  }

  /**
   * Makes the room of a match before it is committed; see {@link OnMatch} for what happens when it fails.
   *
   * @example
   * ```ts
   * scene("ultimatum").onMatch(async ({ matchId, members, signal }) => {
   *   const response = await fetch(`http://game/rooms/${matchId}`, { method: "POST", signal });
   *   if (!response.ok) throw new Error(`no room: ${response.status}`);
   *   return { url: `/game/${matchId}`, players: members.length };
   * });
   * ```
   */
  onMatch(onMatch: OnMatch): SceneBuilder {
    return this.#with({ onMatch });
  }

  /** The same scene as a plain object. */
  toConfig(): SceneConfig {
    return this.#config;
  }

  #with(change: Partial<SceneConfig>): SceneBuilder {
    return new SceneBuilder({ ...this.#config, ...change });
  }
}

/**
 * Begins a scene: one matchmaking stage of a study, with rules, a waiting room and a log of its own.
 *
 * @param id letters, digits, `_` and `-`, at most 64; pages name it, and its files are called after it
 * @example
 * ```ts
 * const ultimatum = scene("ultimatum")
 *   .groupSize(2)
 *   .matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 150 }) })
 *   .waitroom({ timeoutMs: 10 * 60_000 });
 * ```
 */
export const scene = (id: string): SceneBuilder => new SceneBuilder({ id });
