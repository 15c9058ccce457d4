import fc from "fast-check";
import { type Edge, unknownEdge } from "../src/latency/edge.js";
import type { Candidate } from "../src/matchmakers/candidate.js";
import type { MatchContext, Matchmaker } from "../src/matchmakers/matchmaker.js";

/** A candidate for a test: waiting since `arrivedAt`, nothing else known. */
export function candidate(participantId: string, changes: Partial<Candidate> = {}): Candidate {
  return {
    participantId,
    arrivedAt: 0,
    waitedMs: 0,
    waitDeadlineAt: null,
    attributes: {},
    serverRtt: null,
    beaconRttMs: {},
    history: { partners: [], matches: 0 },
    priority: 0,
    ...changes,
  };
}

export const withServerRtt = (participantId: string, medianMs: number | null): Candidate =>
  candidate(participantId, {
    serverRtt:
      medianMs === null
        ? null
        : { medianMs, minMs: medianMs, p95Ms: medianMs, jitterMs: 0, samples: 5, lost: 0, measuredAt: 0 },
  });

/** The context the core gives a matchmaker: its own `allowsPair`, and the pairs that were measured as too slow. */
export function contextFor(
  matchmaker: Matchmaker,
  options: {
    readonly now?: number;
    readonly forbidden?: (a: Candidate, b: Candidate) => boolean;
    readonly edge?: (a: Candidate, b: Candidate) => Edge;
    readonly allowedGroup?: MatchContext["allowedGroup"];
    readonly chance?: (a: Candidate, b: Candidate) => number;
    readonly prospects?: (candidate: Candidate) => readonly number[];
    readonly arrivalsPerSecond?: number | null;
    readonly excessMisses?: number;
  } = {},
): MatchContext {
  const now = options.now ?? 0;
  return {
    now,
    random: () => 0.5,
    edge: options.edge ?? (() => unknownEdge),
    chance: options.chance ?? (() => 1),
    prospects: options.prospects ?? (() => [0.5]),
    arrivalsPerSecond: options.arrivalsPerSecond ?? null,
    excessMisses: options.excessMisses ?? 0,
    allowed: (a, b) => a !== b && options.forbidden?.(a, b) !== true && matchmaker.allowsPair(a, b, { now }),
    allowedGroup: options.allowedGroup ?? (() => true),
    prefer: (_, candidates) => candidates,
    sharing: (_, pool) => pool,
  };
}

/** A pool by seniority with random forbidden pairs; `forbids` is symmetric. */
export interface RandomPool {
  readonly pool: readonly Candidate[];
  readonly groupSize: number;
  readonly forbidden: (a: Candidate, b: Candidate) => boolean;
}

export const randomPool: fc.Arbitrary<RandomPool> = fc
  .record({
    size: fc.integer({ min: 0, max: 14 }),
    groupSize: fc.integer({ min: 2, max: 5 }),
    forbiddenShare: fc.double({ min: 0, max: 1, noNaN: true }),
    bits: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 196, maxLength: 196 }),
  })
  .map(({ size, groupSize, forbiddenShare, bits }) => {
    const pool = Array.from({ length: size }, (_, i) => candidate(`p${i}`, { arrivedAt: i }));
    const indexOf = new Map(pool.map((c, i) => [c, i]));
    const forbidden = (a: Candidate, b: Candidate): boolean => {
      const [i, j] = [indexOf.get(a) ?? 0, indexOf.get(b) ?? 0].sort((x, y) => x - y) as [number, number];
      return (bits[i * 14 + j] ?? 1) < forbiddenShare;
    };
    return { pool, groupSize, forbidden };
  });

/** All sets of `size` that are allowed pair by pair, in order of seniority: the slow truth a search is held to. */
export function allGroups(
  pool: readonly Candidate[],
  size: number,
  allowed: MatchContext["allowed"],
): Candidate[][] {
  if (size === 0) return [[]];
  return pool.flatMap((head, i) =>
    allGroups(
      pool.slice(i + 1).filter((c) => allowed(head, c)),
      size - 1,
      allowed,
    ).map((rest) => [head, ...rest]),
  );
}

/** What FIFO means: take the first group in order of seniority, again and again. */
export function greedyGroups(
  pool: readonly Candidate[],
  size: number,
  allowed: MatchContext["allowed"],
): Candidate[][] {
  const first = allGroups(pool, size, allowed)[0];
  if (first === undefined) return [];
  return [
    first,
    ...greedyGroups(
      pool.filter((c) => !first.includes(c)),
      size,
      allowed,
    ),
  ];
}
