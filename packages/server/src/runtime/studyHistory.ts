import type { History } from "../lobby/events.js";
import type { FormedGroup } from "../lobby/state.js";

/** Who was in a match with whom, over all scenes of a study. Follows from the scenes' logs. */
export class StudyHistory {
  readonly #byParticipant = new Map<
    string,
    { readonly at: number; readonly partners: readonly string[] }[]
  >();

  add({ at, members }: FormedGroup): void {
    for (const id of members) {
      const matches = this.#byParticipant.get(id) ?? [];
      matches.push({ at, partners: members.filter((other) => other !== id) });
      // Scenes are read back one after the other, so the order of reading is not the order of time.
      matches.sort((a, b) => b.at - a.at);
      this.#byParticipant.set(id, matches);
    }
  }

  of(participantId: string): History {
    const matches = this.#byParticipant.get(participantId) ?? [];
    return { partners: [...new Set(matches.flatMap((m) => m.partners))], matches: matches.length };
  }
}
