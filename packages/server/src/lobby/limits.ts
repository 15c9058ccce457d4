import type { Candidate } from "../matchmakers/candidate.js";
import { Matchmaker } from "../matchmakers/matchmaker.js";
import type { LobbyConfig } from "./config.js";
import type { PairTable } from "./pairs.js";

/**
 * The limit in force for a group: the strictest of its members'. So nobody is in a match that is slower than what the
 * scene promises for somebody who has waited as long, whoever the others are.
 *
 * @returns ms, inclusive; `null` where nothing is probed
 * @throws what a researcher's own `limitFor` throws, and where it answers with something else than a limit
 */
export function limitInForce(config: LobbyConfig, members: readonly Candidate[], now: number): number | null {
  const { matchmaker } = config;
  const hardMs = matchmaker.maxP2pRttMs;
  if (hardMs === null) return null;
  let strictest = hardMs;
  for (const member of members) {
    const own = matchmaker.limitFor(member, { now }) ?? hardMs;
    if (!(own >= 0)) throw new TypeError(`limitFor returned ${String(own)}, which is no limit`);
    strictest = Math.min(strictest, own);
  }
  return strictest;
}

/** Is this measured RTT a reason to turn a pair down? A researcher's rule may throw: then the limit itself decides. */
export function rejectsRtt({ matchmaker }: LobbyConfig, rttMs: number, limitMs: number | null): boolean {
  try {
    return matchmaker.shouldRejectForRtt(rttMs, limitMs);
  } catch {
    return limitMs !== null && rttMs > limitMs;
  }
}

/**
 * Does what was measured of this pair stand against it now? A pair that was too slow stands apart while the measurement is
 * fresh, and no longer than until the limit in force has relaxed so far that the same measurement would do.
 */
export function isKeptApart(
  pairs: PairTable,
  config: LobbyConfig,
  a: Candidate,
  b: Candidate,
  now: number,
): boolean {
  if (!pairs.blocks(a.participantId, b.participantId, now)) return false;
  const record = pairs.get(a.participantId, b.participantId, now);
  if (record?.status === "failed" && (record.blockedUntil ?? 0) > now) return true;
  const fresh = record?.fresh ?? null;
  if (fresh === null || fresh.until <= now) return false;
  return rejectsRtt(config, fresh.rttMs, limitInForce(config, [a, b], now));
}

/**
 * Two who may be together again under their own limits, but not in a group with somebody whose limit is stricter; `null` when
 * there are none. True of a group's beginning it stays true of the group: a limit only gets stricter with more members.
 */
export function tooSlowTogether(
  pairs: PairTable,
  config: LobbyConfig,
  members: readonly Candidate[],
  now: number,
): readonly [Candidate, Candidate] | null {
  let limitMs: number | null | undefined;
  for (const [i, a] of members.entries()) {
    for (const b of members.slice(i + 1)) {
      const fresh = pairs.get(a.participantId, b.participantId, now)?.fresh ?? null;
      if (fresh === null || fresh.until <= now) continue;
      limitMs ??= limitInForce(config, members, now);
      if (rejectsRtt(config, fresh.rttMs, limitMs)) return [a, b];
    }
  }
  return null;
}

/** May the limits of two candidates differ? */
export const limitsDiffer = ({ matchmaker }: LobbyConfig): boolean =>
  matchmaker.maxP2pRttMs !== null &&
  (matchmaker.relaxingLimit !== null || matchmaker.limitFor !== Matchmaker.prototype.limitFor);
