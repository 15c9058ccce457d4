import type { RttSummary } from "@probematch/shared";
import type { Participant } from "./state.js";

/** A median that moved by less than this, and by less than a tenth, is the same for every rule. */
const SAME_MS = 5;
const SAME_SHARE = 0.1;
/** From here on a summary counts as settled (entry limits look at it). */
const SETTLED_SAMPLES = 3;

/**
 * Does this measurement belong into the journal? The first one does, and one that changed enough for a rule to come
 * to another result. The others are no news, and a log with one line a second and participant helps nobody.
 */
export function rttMatters(
  p: Pick<Participant, "serverRtt" | "beaconRttMs">,
  measured: { readonly serverRtt?: RttSummary; readonly beaconRttMs?: Readonly<Record<string, number>> },
): boolean {
  if (measured.serverRtt !== undefined && serverRttMatters(p.serverRtt, measured.serverRtt)) return true;
  return Object.entries(measured.beaconRttMs ?? {}).some(([id, rttMs]) =>
    differs(Object.hasOwn(p.beaconRttMs, id) ? p.beaconRttMs[id] : undefined, rttMs),
  );
}

function serverRttMatters(known: RttSummary | null, next: RttSummary): boolean {
  if (known === null) return true;
  if (known.samples < SETTLED_SAMPLES && next.samples >= SETTLED_SAMPLES) return true;
  return differs(known.medianMs, next.medianMs);
}

function differs(knownMs: number | undefined, nextMs: number): boolean {
  if (knownMs === undefined) return true;
  const change = Math.abs(nextMs - knownMs);
  return change > SAME_MS && change > SAME_SHARE * knownMs;
}
