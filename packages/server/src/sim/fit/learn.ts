import type { RttStats } from "@probematch/shared";
import { type ArrivalPattern, arrivalPatternOf } from "./arrivals.js";
import { LearnedLatencies } from "./latencies.js";
import { LeavingCurve, type Stay } from "./leaving.js";
import type { Pilot, PilotPerson, PilotProbe } from "./pilot.js";

/** What a log taught about those who come, and about the paths between them. */
export interface Lesson {
  /** Whom simulated people are made after. */
  readonly people: readonly PilotPerson[];
  readonly arrivals: ArrivalPattern;
  /** How long each of the people was seen. */
  readonly stays: readonly Stay[];
  readonly leaving: LeavingCurve;
  readonly latencies: LearnedLatencies;
  readonly probes: {
    readonly failedShare: number;
    readonly failed: number;
    readonly measured: number;
    /** From its opening to the verdict; `null` stands for probes of which there is none. */
    readonly measuredMs: readonly number[];
    readonly failedMs: readonly number[];
  };
}

/** A log has to have so many people to learn from, at different times. */
export const FEWEST_PEOPLE = 10;

/**
 * Learns from what was known at a time of the log.
 *
 * @param until epoch ms; default: all of it
 * @throws {RangeError} there are too few people
 */
export function learn(pilot: Pilot, until: number = Number.POSITIVE_INFINITY): Lesson {
  const people = pilot.people.filter((person) => person.arrivedAt <= until);
  const times = people.map((person) => person.arrivedAt);
  if (people.length < FEWEST_PEOPLE || times[0] === times.at(-1))
    throw new RangeError(
      `there is too little to learn from: ${people.length} people came, wanted at least ${FEWEST_PEOPLE}, at different times.`,
    );
  const end = Math.min(until, pilot.endsAt);
  const probes = pilot.probes.filter((probe) => probe.closedAt !== null && probe.closedAt <= until);
  const measured = probes.flatMap(({ a, b, rttMs }) => (rttMs === null ? [] : [{ a, b, rttMs }]));
  // Whoever goes away in the middle of a probe also does in the simulation: that is no failure of its own.
  const failed = probes.filter(({ failure }) => failure !== null && failure !== "peer_gone");
  const stays = people.map((person) => stayOf(person, end));
  return {
    people,
    arrivals: arrivalPatternOf(times),
    stays,
    leaving: new LeavingCurve(stays),
    latencies: new LearnedLatencies(people.map(locatedOf), measured),
    probes: {
      failedShare: probes.length === 0 ? 0 : failed.length / (failed.length + measured.length || 1),
      failed: failed.length,
      measured: measured.length,
      measuredMs: probes.filter(({ rttMs }) => rttMs !== null).map(tookMs),
      failedMs: failed.map(tookMs),
    },
  };
}

const tookMs = ({ openedAt, closedAt }: PilotProbe): number => (closedAt ?? openedAt) - openedAt;

function stayOf({ arrivedAt, goneAt, endedAt }: PilotPerson, end: number): Stay {
  const left = goneAt !== null && goneAt <= end;
  const until = left ? goneAt : Math.min(endedAt ?? end, end);
  return { ms: Math.max(0, until - arrivedAt), left };
}

const locatedOf = ({ serverRtt, beaconRttMs }: PilotPerson) => ({
  serverRtt: serverRtt === null ? null : measuredNow(serverRtt),
  beaconRttMs,
});

const measuredNow = (stats: RttStats) => ({ ...stats, measuredAt: 0 });
