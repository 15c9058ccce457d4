import type {
  MeasuringThread,
  PathKind,
  ProbeFailure,
  ProbeReport,
  ReportableFailure,
} from "@probematch/shared";
import type { Measurement } from "./edge.js";

/** Both sides' accounts of one probe, made into one. */
export type JoinedProbe =
  | { readonly status: "measured"; readonly measurement: Measurement }
  | {
      readonly status: "failed";
      readonly reason: ProbeFailure;
      /** Which of the two arguments (0, 1) caused it, where that can be told. */
      readonly blamed: readonly (0 | 1)[];
    };

type Measured = Extract<ProbeReport, { status: "measured" }>;

/**
 * Medians may differ by this much before anything else is asked: a busy page adds 7–12 ms to its own median,
 * and about as much to its peer's, whose pings it answers late.
 */
const DISAGREEMENT_FLOOR_MS = 10;

/** Beyond floor and clock steps, this many standard errors of the difference of the two medians. */
const DISAGREEMENT_STANDARD_ERRORS = 4;

/**
 * Both sides time the same path at the same time, so that what it varies shows on both: a side's standard error counts for no more
 * than this many times the other's, and what a page of its own may add. Otherwise a page could say anything, if only it claimed to be noisy.
 * From few samples a standard error is itself uncertain (of two honest pages with eight each, one is more than three times the other's in
 * 4 to 12 % of probes), hence no smaller ratio: honest pages disagree in at most 2 of 1000 probes, where a path varies by 40 ms and they
 * send five pings each; where it varies by 10 ms, in none of 20,000.
 */
const LARGEST_ERROR_RATIO = 3;
const OWN_ERROR_MS = 2;

/**
 * A clock of larger steps times nothing: browsers that resist fingerprinting have steps of 16.7 or 100 ms. Both sides time the same
 * round trip, so that one clock is enough.
 */
const COARSE_CLOCK_MS = 10;

/** A stall up to this long spoils nothing: what the W3C's Long Tasks API calls a long task begins above it. */
const STALL_FLOOR_MS = 50;

/** No page's floor counts for more: beyond it the page is busy, and a page that lies cannot gain more than half of it. */
const LARGEST_FLOOR_MS = 10;

/**
 * What a page's connection to itself leaves out, as a share of what it shows: on a longer way threads are woken by the network
 * too. From calibration runs (docs/accuracy.md): the remainder grew with the floor, in both engines, on an idle and on a busy machine.
 */
const LEFT_OUT_SHARE = 0.35;

/** A browser whose floor is not known adds up to this much at its end. */
const UNKNOWN_FLOOR_MS = 1;

/**
 * Two-sided 95 % quantile of Student's t, to a few percent: the standard errors are themselves estimated, from few samples.
 */
const t95 = (freedom: number): number => 1.96 + 2.6 / freedom;

/**
 * Joins the two sides' reports of one probe into one measurement, or says why it has none to trust.
 *
 * The estimator, the same whichever side is named first:
 * - `rawRttMs`: the mean of both medians, or where one side's clock is coarser than {@link COARSE_CLOCK_MS} the other side's. Both sides time the same round trip, each over its own pings, so the mean
 *   halves the variance, and neither page can move it alone unnoticed.
 * - `floorMs`: the mean of what both pages measured on a connection to themselves. A round trip contains one sending and
 *   one receiving of each browser, a page's own two of each.
 * - `rttMs`, the number compared with the limit: `rawRttMs` less `floorMs`. The floor also comes off `minMs` and `p95Ms`. It takes
 *   no more off than leaves the RTT's own standard error: a path is longer than nothing, and nothing shorter than that was seen.
 * - `interval95Ms`: `rttMs` ± what this probe itself shows of its error: the sampling errors of both medians (see
 *   `medianStandardError`), pooled with the difference of the medians, which are two measurements of the same path; the errors
 *   of both floors; of these 95 % by Student's t; and {@link LEFT_OUT_SHARE} of the floor. Where a page's floor is not known it
 *   reaches {@link UNKNOWN_FLOOR_MS} further down.
 * - `minMs` the smaller minimum, `p95Ms` and `jitterMs` the larger one (what the worse side feels), `samples`
 *   and `lost` summed, `path` the less direct of the two ends, `clockStepMs` the coarser one, `measuredIn` the thread of both or `mixed`.
 *
 * No measurement comes of it when
 * - a side failed: its reason. When both did, the one that explains the other: a page that was hidden, then one
 *   that stalled, then the network, then `peer_gone`.
 * - a measuring thread's event loop stood still for more than {@link STALL_FLOOR_MS} and long enough to hold back at least
 *   half of a side's pings, so that the median itself may be a stall: `stalled`.
 * - the medians differ by more than noise explains: `disagreement`. Noise is {@link DISAGREEMENT_FLOOR_MS}, both
 *   clock steps, and four standard errors of the difference, of which each side's counts for what the other's makes credible
 *   ({@link LARGEST_ERROR_RATIO}).
 * - both clocks are coarser than {@link COARSE_CLOCK_MS}: `coarse_clock`.
 *
 * @param spacingMs time between two pings of a side; tells how many a stall held back. Default: 100, as in the
 *   probe's default parameters.
 */
export function joinReports(a: ProbeReport, b: ProbeReport, spacingMs = 100): JoinedProbe {
  if (a.status === "failed" || b.status === "failed") return joinFailures(a, b);

  const stalled = ([0, 1] as const).filter((i) => isSpoiltByStall([a, b][i] ?? a, spacingMs));
  if (stalled.length > 0) return { status: "failed", reason: "stalled", blamed: stalled };

  const disagreementMs = Math.abs(a.rtt.medianMs - b.rtt.medianMs);
  if (disagreementMs > noiseBoundMs(a, b)) return { status: "failed", reason: "disagreement", blamed: [] };

  const timed = [a, b].filter(isFineClock);
  if (timed.length === 0) return { status: "failed", reason: "coarse_clock", blamed: [] };

  const rawRttMs = timed.reduce((sum, { rtt }) => sum + rtt.medianMs, 0) / timed.length;
  const standardErrorMs = standardErrorOf(a, b, timed);
  const leastMs = Math.min(rawRttMs, standardErrorMs);
  const floorMs = Math.min(rawRttMs - leastMs, (floorOf(a) + floorOf(b)) / 2);
  const rttMs = rawRttMs - floorMs;
  return {
    status: "measured",
    measurement: {
      rttMs,
      rawRttMs,
      floorMs,
      interval95Ms: intervalOf(rttMs, floorMs, standardErrorMs, a, b, timed),
      minMs: Math.max(0, Math.min(a.rtt.minMs, b.rtt.minMs) - floorMs),
      p95Ms: Math.max(a.rtt.p95Ms, b.rtt.p95Ms) - floorMs,
      jitterMs: Math.max(a.rtt.jitterMs, b.rtt.jitterMs),
      samples: a.rtt.samples + b.rtt.samples,
      lost: a.rtt.lost + b.rtt.lost,
      path: lessDirect(a.path, b.path, pathsByDirectness),
      protocol: lessDirect(a.protocol, b.protocol, protocolsByDirectness),
      addressFamily: a.addressFamily === b.addressFamily ? a.addressFamily : null,
      clockStepMs: Math.max(a.clockStepMs, b.clockStepMs),
      statsRttMs: largest(a.statsRttMs, b.statsRttMs),
      disagreementMs,
      measuredIn: threadOf(a) === threadOf(b) ? threadOf(a) : "mixed",
    },
  };
}

/** Clients that do not say know of no worker. */
const threadOf = ({ measuredIn }: Measured): MeasuringThread => measuredIn ?? "page";

const isFineClock = ({ clockStepMs }: Measured): boolean => clockStepMs <= COARSE_CLOCK_MS;

/** What is known of it: a coarse clock cannot time a page's own way either. */
const floorIn = (report: Measured): number | null => (isFineClock(report) ? (report.floorMs ?? null) : null);
const floorOf = (report: Measured): number => Math.min(floorIn(report) ?? 0, LARGEST_FLOOR_MS);

/** Degrees of freedom that both sides' samples have together. */
const freedomOf = (timed: readonly Measured[]): number =>
  Math.max(1, timed.reduce((sum, { rtt }) => sum + rtt.samples, 0) - timed.length);

/**
 * Standard error of the RTT, ms: of the medians that were taken, and of the floors.
 *
 * @param timed the sides whose medians were taken
 */
function standardErrorOf(a: Measured, b: Measured, timed: readonly Measured[]): number {
  const freedom = freedomOf(timed);
  const sampling = Math.hypot(...timed.map(medianErrorMs)) / timed.length;
  // The halved difference of the medians is an estimate of the same error with one degree of freedom: it also sees what
  // disturbs all pings of one side alike.
  const between = timed.length === 2 ? Math.abs(a.rtt.medianMs - b.rtt.medianMs) / 2 : sampling;
  const pooled = Math.sqrt((freedom * sampling ** 2 + 2 * between ** 2) / (freedom + 2));
  const floors = Math.hypot(floorErrorMs(a), floorErrorMs(b)) / 2;
  return Math.hypot(pooled, floors);
}

function intervalOf(
  rttMs: number,
  floorMs: number,
  standardErrorMs: number,
  a: Measured,
  b: Measured,
  timed: readonly Measured[],
): [number, number] {
  const halfMs = Math.hypot(t95(freedomOf(timed)) * standardErrorMs, LEFT_OUT_SHARE * floorMs);
  const unknownMs = [a, b].filter((report) => floorIn(report) === null).length * UNKNOWN_FLOOR_MS;
  return [Math.max(0, rttMs - halfMs - unknownMs), rttMs + halfMs];
}

/** How far two medians of the same path may lie apart by noise alone, ms. */
function noiseBoundMs(a: Measured, b: Measured): number {
  const [one, other] = [medianErrorMs(a), medianErrorMs(b)];
  const standardError = Math.hypot(
    Math.min(one, LARGEST_ERROR_RATIO * other + OWN_ERROR_MS),
    Math.min(other, LARGEST_ERROR_RATIO * one + OWN_ERROR_MS),
  );
  // Whoever claims a step beyond the coarse ones has no say in the number.
  const stepsMs = a.clockStepMs + b.clockStepMs;
  return DISAGREEMENT_FLOOR_MS + stepsMs + DISAGREEMENT_STANDARD_ERRORS * standardError;
}

/**
 * As the page says it; where it does not, from its jitter j and its n samples as 1.11 · j/√n (for normal noise j = 2σ/√π, and
 * a median's error is 1.253 · σ/√n).
 */
const medianErrorMs = ({ medianErrorMs: said, rtt }: Measured): number =>
  said ?? (1.11 * rtt.jitterMs) / Math.sqrt(rtt.samples);

const floorErrorMs = (report: Measured): number =>
  floorIn(report) === null ? 0 : (report.floorErrorMs ?? UNKNOWN_FLOOR_MS / 2);

function isSpoiltByStall(report: Measured, spacingMs: number): boolean {
  if (report.stalledMs <= STALL_FLOOR_MS) return false;
  // Pings that leave or return while the loop stands still: one in flight, and those that were due meanwhile.
  const heldBack = spacingMs > 0 ? 1 + Math.floor(report.stalledMs / spacingMs) : report.rtt.samples;
  return 2 * heldBack >= report.rtt.samples;
}

/** The failure that explains others comes first. */
const failuresByCause: Readonly<Record<ReportableFailure, number>> = {
  hidden_tab: 0,
  stalled: 1,
  ice_failed: 2,
  channel_timeout: 3,
  all_lost: 4,
  peer_gone: 5,
};

function joinFailures(a: ProbeReport, b: ProbeReport): JoinedProbe {
  const reasons = [a, b].flatMap((report) => (report.status === "failed" ? [report.reason] : []));
  const reason = reasons.reduce((x, y) => (failuresByCause[y] < failuresByCause[x] ? y : x));
  // A hidden or stalled page is that page's doing; a path that fails is nobody's.
  const blamed =
    reason === "hidden_tab" || reason === "stalled"
      ? ([0, 1] as const).filter((i) => {
          const report = i === 0 ? a : b;
          return report.status === "failed" && report.reason === reason;
        })
      : [];
  return { status: "failed", reason, blamed };
}

const pathsByDirectness: readonly PathKind[] = ["host", "prflx", "srflx", "relay"];
const protocolsByDirectness = ["udp", "tcp", "tls"] as const;

/** The one further down the list; `null` counts as not known. */
function lessDirect<T>(a: T | null, b: T | null, order: readonly T[]): T | null {
  if (a === null || b === null) return a ?? b;
  return order.indexOf(a) > order.indexOf(b) ? a : b;
}

function largest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
