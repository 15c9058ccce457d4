import type { LobbyConfig } from "../../lobby/config.js";
import { configHash } from "../../scene/configHash.js";

/**
 * The hash that a simulation's log has: the scene's own where its rules are simulated as they are, so that the log's decisions can
 * be made again under its configuration, and otherwise another one, so that nobody takes them for that configuration's.
 *
 * @param scene `null` = there is no configuration
 */
export function rulesHash(simulated: LobbyConfig, scene: LobbyConfig | null): string {
  if (scene === null) return simulated.configHash;
  const hash = hashOf(simulated);
  return hash === hashOf(scene) ? scene.configHash : hash;
}

function hashOf({ configHash: _, matchmaker, rules, treatments, ...rest }: LobbyConfig): string {
  return configHash({
    ...rest,
    matchmaker: matchmaker.describe(),
    // Of one that was put under another limit the description is still the old one.
    limit: matchmaker.relaxingLimit ?? matchmaker.maxP2pRttMs,
    rules: rules?.describe() ?? [],
    hasTreatments: treatments !== undefined,
  });
}
