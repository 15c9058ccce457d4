import type { Attributes } from "@probematch/shared";
import { composition, preferNear, sameAttribute, within } from "../matchmakers/rules/descriptions.js";
import { ruleFrom } from "../matchmakers/rules/registry.js";
import { RuleSet } from "../matchmakers/rules/ruleSet.js";

/** After this long a pair may be further apart. */
const RELAX_MS = 20_000;

/** Rules of every kind for chaos runs: kept by enough of its people for matches to come about. */
export function chaosRules(): RuleSet {
  const descriptions = [
    sameAttribute("language"),
    within("skill", [
      { afterMs: 0, distance: 1 },
      { afterMs: RELAX_MS, distance: 3 },
    ]),
    composition("role", { expert: { max: 1 } }),
    preferNear("skill"),
  ];
  return new RuleSet(
    descriptions.flatMap((given) => {
      const made = ruleFrom(given);
      return made.status === "ok" ? [made.rule] : [];
    }),
  );
}

/** What a participant of a chaos run is; follows from its place in the order of arrival. */
export const chaosAttributes = (index: number): Attributes => ({
  language: index % 4 === 3 ? "de" : "en",
  skill: index % 5,
  role: index % 3 === 0 ? "expert" : "novice",
});

/** What a group breaks, said without the rules' own code; `null` = nothing. */
export function brokenBy(
  members: readonly { readonly attributes: Attributes; readonly waitedMs: number }[],
): string | null {
  const languages = new Set(members.map((m) => m.attributes["language"]));
  if (languages.size !== 1) return "language";
  if (members.filter((m) => m.attributes["role"] === "expert").length > 1) return "role";
  for (const a of members) {
    for (const b of members) {
      const most = Math.max(a.waitedMs, b.waitedMs) >= RELAX_MS ? 3 : 1;
      if (Math.abs(Number(a.attributes["skill"]) - Number(b.attributes["skill"])) > most) return "skill";
    }
  }
  return null;
}
