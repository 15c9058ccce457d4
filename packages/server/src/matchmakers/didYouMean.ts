import { closest, distance } from "fastest-levenshtein";

/**
 * The known name a mistyped one probably stands for; `null` when none is near. Case, `-`, `_` and a trailing
 * "matchmaker" do not count.
 */
export function didYouMean(name: string, known: readonly string[]): string | null {
  const plainName = plain(name);
  if (plainName === "" || known.length === 0) return null;
  const plainKnown = known.map(plain);
  const nearest = closest(plainName, plainKnown);
  if (distance(plainName, nearest) > Math.max(1, Math.floor(nearest.length / 3))) return null;
  return known[plainKnown.indexOf(nearest)] ?? null;
}

const plain = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[-_\s]/g, "")
    .replace(/matchmaker$/, "");
