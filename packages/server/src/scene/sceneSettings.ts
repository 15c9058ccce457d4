import type { Beacon, ServerRttParameters } from "@probematch/shared";
import type { LobbyConfig } from "../lobby/config.js";

/** A scene's rules, complete and checked: the core's and those of the faces around it. */
export interface SceneSettings {
  readonly lobby: LobbyConfig;
  /** Do not tell participants their position and how many wait. */
  readonly hideLobbyCount: boolean;
  /** Only TURN candidates: no address of a participant reaches another one. */
  readonly relayOnly: boolean;
  readonly serverRtt: ServerRttParameters;
  readonly beacons: readonly Readonly<Beacon>[];
}
