import type { LobbyState, Participant } from "./state.js";

/**
 * Finds the nodes that are gone: those with people here that were not heard of twice in a row. Once may be a pause, or a message
 * that came late.
 */
export class LostNodes {
  #missing: ReadonlySet<string> = new Set();

  /**
   * @param live the nodes that were heard of this time
   * @returns those that are gone, with people who are still said to be connected to them
   */
  note(state: LobbyState, live: ReadonlySet<string>): readonly string[] {
    const missing = new Set<string>();
    const look = (p: Participant | undefined) => {
      if (p?.connected === true && p.nodeId !== null && !live.has(p.nodeId)) missing.add(p.nodeId);
    };
    for (const p of state.present.items) look(p);
    for (const match of state.matches.values()) {
      for (const id of match.members) look(state.participants.get(id));
    }
    const lost = [...missing].filter((nodeId) => this.#missing.has(nodeId));
    this.#missing = missing;
    return lost;
  }
}
