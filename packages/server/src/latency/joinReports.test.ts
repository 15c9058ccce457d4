import {
  medianStandardError,
  type ProbeReport,
  probeReportSchema,
  reportableFailures,
  summarizeRtts,
} from "@probematch/shared";
import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../lobby/random.js";
import { measurementSchema } from "./edge.js";
import { joinReports } from "./joinReports.js";
import { verdictOf } from "./verdict.js";

type Measured = Extract<ProbeReport, { status: "measured" }>;

function measured(medianMs: number, changes: Partial<Measured> & { jitterMs?: number } = {}): Measured {
  const { jitterMs = 1, ...rest } = changes;
  return {
    status: "measured",
    rtt: { medianMs, minMs: medianMs - 1, p95Ms: medianMs + 2, jitterMs, samples: 5, lost: 0 },
    samplesMs: [],
    path: "host",
    protocol: "udp",
    addressFamily: "ipv4",
    clockStepMs: 0.1,
    statsRttMs: null,
    stalledMs: 0,
    setupMs: 300,
    ...rest,
  };
}

const failed = (reason: (typeof reportableFailures)[number]): ProbeReport => ({
  status: "failed",
  reason,
  detail: null,
});

const ms = fc.double({ min: 0, max: 5_000, noNaN: true });
const anyReport: fc.Arbitrary<ProbeReport> = fc.oneof(
  { weight: 4, arbitrary: ms.chain((base) => anyMeasured(base)) },
  { weight: 1, arbitrary: fc.constantFrom(...reportableFailures).map(failed) },
);

function anyMeasured(base: number): fc.Arbitrary<Measured> {
  return fc.record({
    status: fc.constant("measured" as const),
    rtt: fc.record({
      medianMs: fc.constant(base),
      minMs: fc.double({ min: 0, max: 1, noNaN: true }).map((part) => base * part),
      p95Ms: fc.double({ min: 1, max: 3, noNaN: true }).map((part) => base * part),
      jitterMs: fc.double({ min: 0, max: 50, noNaN: true }),
      samples: fc.integer({ min: 1, max: 64 }),
      lost: fc.nat(10),
    }),
    samplesMs: fc.constant([]),
    path: fc.constantFrom("host", "srflx", "prflx", "relay", null),
    protocol: fc.constantFrom("udp", "tcp", "tls", null),
    addressFamily: fc.constantFrom("ipv4", "ipv6", null),
    clockStepMs: fc.constantFrom(0.005, 0.1, 1),
    measuredIn: fc.constantFrom("worker", "page"),
    statsRttMs: fc.option(ms),
    floorMs: fc.option(fc.double({ min: 0, max: 20, noNaN: true })),
    floorErrorMs: fc.option(fc.double({ min: 0, max: 5, noNaN: true })),
    medianErrorMs: fc.option(fc.double({ min: 0, max: 50, noNaN: true })),
    stalledMs: fc.constantFrom(0, 20, 51, 500),
    setupMs: ms,
  });
}

const normal = (random: () => number) =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const noises = {
  normal,
  /** As delays are: a long tail of late answers. Median 0. */
  skewed: (random: () => number) => -Math.log(1 - random()) - Math.LN2,
} as const;
const cases = Object.keys(noises).flatMap((noise) =>
  [5, 8, 20].map((pings) => [noise as keyof typeof noises, pings] as const),
);

describe("joining two measurements", () => {
  test("takes the mean of the medians, the smaller minimum, the larger p95 and jitter, and pools the counts", () => {
    const joined = joinReports(
      measured(100, { jitterMs: 1, path: "host", clockStepMs: 0.1, statsRttMs: 99 }),
      measured(104, { jitterMs: 3, path: "relay", clockStepMs: 1, statsRttMs: null }),
    );
    expect(joined).toEqual({
      status: "measured",
      measurement: {
        rttMs: 102,
        rawRttMs: 102,
        floorMs: 0,
        interval95Ms: [expect.closeTo(97.4, 1), expect.closeTo(104.6, 1)],
        minMs: 99,
        p95Ms: 106,
        jitterMs: 3,
        samples: 10,
        lost: 0,
        path: "relay",
        protocol: "udp",
        addressFamily: "ipv4",
        clockStepMs: 1,
        statsRttMs: 99,
        disagreementMs: 4,
        measuredIn: "page",
      },
    });
  });

  test("says which threads measured; an older client, which does not say, measured in the page", () => {
    const inWorker = measured(50, { measuredIn: "worker" });
    for (const [a, b, measuredIn] of [
      [inWorker, inWorker, "worker"],
      [inWorker, measured(50, { measuredIn: "page" }), "mixed"],
      [measured(50), inWorker, "mixed"],
      [measured(50), measured(50, { measuredIn: "page" }), "page"],
    ] as const) {
      expect(joinReports(a, b)).toMatchObject({ measurement: { measuredIn } });
    }
  });

  test("does not depend on which side is named first", () => {
    fc.assert(
      fc.property(anyReport, anyReport, fc.constantFrom(0, 20, 100), (a, b, spacingMs) => {
        const there = joinReports(a, b, spacingMs);
        const back = joinReports(b, a, spacingMs);
        if (there.status === "failed" && back.status === "failed") {
          expect(back.reason).toBe(there.reason);
          expect(back.blamed.map((i) => 1 - i).sort()).toEqual([...there.blamed]);
        } else {
          expect(back).toEqual(there);
        }
      }),
    );
  });

  test("lies between the two sides and fits the journal's schema", () => {
    fc.assert(
      fc.property(
        ms.chain((base) => fc.tuple(anyMeasured(base), anyMeasured(base + 5))),
        ([a, b]) => {
          expect(v.is(probeReportSchema, a)).toBe(true);
          const joined = joinReports({ ...a, stalledMs: 0 }, { ...b, stalledMs: 0 });
          if (joined.status !== "measured") throw new Error(joined.reason);
          const { measurement } = joined;
          expect(v.is(measurementSchema, measurement)).toBe(true);
          expect(measurement.rawRttMs).toBeGreaterThanOrEqual(Math.min(a.rtt.medianMs, b.rtt.medianMs));
          expect(measurement.rawRttMs).toBeLessThanOrEqual(Math.max(a.rtt.medianMs, b.rtt.medianMs));
          const [low, high] = measurement.interval95Ms;
          expect(low).toBeLessThanOrEqual(measurement.rttMs);
          expect(high).toBeGreaterThanOrEqual(measurement.rttMs);
          expect(measurement.minMs).toBeLessThanOrEqual(measurement.rttMs);
        },
      ),
    );
  });

  test("does not claim an address family the two sides do not share", () => {
    const joined = joinReports(measured(50), measured(50, { addressFamily: "ipv6" }));
    expect(joined).toMatchObject({ measurement: { addressFamily: null } });
  });

  test("takes the path from the side that knows it", () => {
    const joined = joinReports(measured(50, { path: null, protocol: null }), measured(50, { path: "srflx" }));
    expect(joined).toMatchObject({ measurement: { path: "srflx", protocol: "udp" } });
  });
});

describe("the floor", () => {
  test("is the mean of what both pages add, and comes off every figure but the raw one", () => {
    const joined = joinReports(measured(100, { floorMs: 0.4 }), measured(102, { floorMs: 1 }));
    if (joined.status !== "measured") throw new Error(joined.reason);
    expect(joined.measurement).toMatchObject({ rawRttMs: 101, floorMs: 0.7, disagreementMs: 2 });
    expect(joined.measurement.rttMs).toBeCloseTo(100.3);
    expect(joined.measurement.minMs).toBeCloseTo(98.3);
    expect(joined.measurement.p95Ms).toBeCloseTo(103.3);
  });

  test("where it is not known makes the interval longer, downwards", () => {
    const known = { floorMs: 0, floorErrorMs: 0 };
    const interval = (floorMs: number | null) => {
      const joined = joinReports(measured(100, known), measured(100, { ...known, floorMs }));
      if (joined.status !== "measured") throw new Error(joined.reason);
      return joined.measurement.interval95Ms;
    };
    expect(interval(null)[0]).toBeCloseTo(interval(0)[0] - 1);
    expect(interval(null)[1]).toBe(interval(0)[1]);
  });

  test("of a page that claims much counts for 10 ms", () => {
    expect(joinReports(measured(100, { floorMs: 0 }), measured(100, { floorMs: 5000 }))).toMatchObject({
      measurement: { rttMs: 95 },
    });
  });

  test("leaves no less than what the RTT may be wrong by: no path takes no time", () => {
    const page = { floorMs: 9, floorErrorMs: 0.3, medianErrorMs: 0.4 };
    const joined = joinReports(measured(2, page), measured(2, page));
    expect(joined).toMatchObject({ measurement: { minMs: 0, interval95Ms: [0, expect.any(Number)] } });
    if (joined.status !== "measured") throw new Error(joined.reason);
    // Of the mean of two: the floors' errors, and the medians', which agree better than they claim.
    expect(joined.measurement.rttMs).toBeGreaterThan(0.3 / Math.SQRT2);
    expect(joined.measurement.rttMs).toBeLessThan(0.5 / Math.SQRT2);
    expect(joined.measurement.rawRttMs - joined.measurement.floorMs).toBeCloseTo(joined.measurement.rttMs);
    // Never more than the page saw, whatever it says of its errors.
    const unsure = { floorMs: 9, floorErrorMs: 50 };
    expect(joinReports(measured(2, unsure), measured(2, unsure))).toMatchObject({
      measurement: { rttMs: 2 },
    });
  });
});

describe("the 95 % interval", () => {
  const halfOf = (a: Measured, b: Measured): number => {
    const joined = joinReports(a, b);
    if (joined.status !== "measured") throw new Error(joined.reason);
    return joined.measurement.interval95Ms[1] - joined.measurement.rttMs;
  };
  /** Nothing is uncertain but what a test says. */
  const sure = { floorMs: 0, floorErrorMs: 0, medianErrorMs: 0 };

  test("is as wide as both sides' own errors say", () => {
    const side = measured(100, { ...sure, medianErrorMs: 1 });
    const many = { ...side, rtt: { ...side.rtt, samples: 1000 } };
    expect(halfOf(many, many)).toBeCloseTo(1.96 * Math.sqrt(0.5), 2);
  });

  test("is wider where the sides differ by more than their errors, as what disturbs one side alike shows only there", () => {
    const half = (medianMs: number) => halfOf(measured(100, sure), measured(medianMs, sure));
    expect(half(100)).toBe(0);
    expect(half(104)).toBeGreaterThan(half(102));
  });

  test("has the floors' errors, and grows with the floors, which do not show all", () => {
    expect(halfOf(measured(100, { ...sure, floorErrorMs: 0.3 }), measured(100, sure))).toBeGreaterThan(0.3);
    const slow = measured(100, { ...sure, floorMs: 2 });
    expect(halfOf(slow, slow)).toBeCloseTo(0.7);
  });

  test("falls back on jitter and a guess for a page that does not tell its errors", () => {
    const { medianErrorMs: _, floorErrorMs: __, ...silent } = measured(100, { ...sure, jitterMs: 3 });
    expect(halfOf(silent, silent)).toBeGreaterThan(1);
  });

  test.each(cases)(
    "covers a path's median in about 95 of 100 probes (%s noise, %i pings a side)",
    (noise, pings) => {
      const random = seededRandom("coverage");
      const side = (): Measured => {
        const samplesMs = Array.from({ length: pings }, () => 100 + 10 * noises[noise](random));
        const rtt = summarizeRtts(samplesMs, 0);
        if (rtt === null) throw new Error("no samples");
        return { ...measured(100, sure), rtt, medianErrorMs: medianStandardError(samplesMs, 0) };
      };
      let covered = 0;
      for (let i = 0; i < 2000; i += 1) {
        const joined = joinReports(side(), side());
        if (joined.status !== "measured") continue;
        const [low, high] = joined.measurement.interval95Ms;
        if (low <= 100 && 100 <= high) covered += 1;
      }
      expect(covered / 2000).toBeGreaterThan(0.93);
      // Of five values there is no interval of 95 %: the next one is wider.
      expect(covered / 2000).toBeLessThan(pings === 5 ? 0.98 : 0.97);
    },
  );

  test("covers a steady path's RTT as read by clocks of 1 ms", () => {
    const random = seededRandom("steps");
    let covered = 0;
    for (let i = 0; i < 2000; i += 1) {
      const trueMs = 50 + random();
      const side = (): Measured => {
        const samplesMs = Array.from({ length: 8 }, () => {
          const at = random();
          return Math.floor(at + trueMs) - Math.floor(at);
        });
        const rtt = summarizeRtts(samplesMs, 0, 1);
        if (rtt === null) throw new Error("no samples");
        const medianErrorMs = medianStandardError(samplesMs, 1);
        return { ...measured(50, sure), rtt, medianErrorMs, clockStepMs: 1 };
      };
      const joined = joinReports(side(), side());
      if (joined.status !== "measured") throw new Error(joined.reason);
      const [low, high] = joined.measurement.interval95Ms;
      if (low <= trueMs && trueMs <= high) covered += 1;
    }
    expect(covered / 2000).toBeGreaterThan(0.93);
  });
});

describe("disagreement", () => {
  test("of several milliseconds is noise", () => {
    expect(joinReports(measured(50), measured(59))).toMatchObject({ status: "measured" });
  });

  test("beyond floor, clock steps and jitter makes the probe fail", () => {
    expect(joinReports(measured(50), measured(80))).toEqual({
      status: "failed",
      reason: "disagreement",
      blamed: [],
    });
  });

  test("is judged more mildly where the path jitters", () => {
    const jittery = { jitterMs: 15 };
    expect(joinReports(measured(50, jittery), measured(80, jittery)).status).toBe("measured");
  });

  test("is not excused by noise that only the one side claims, which says that the path is short", () => {
    const honest = measured(150, { jitterMs: 1, medianErrorMs: 0.5 });
    for (const claim of [{ medianErrorMs: 1000 }, { jitterMs: 5000 }, { medianErrorMs: 60, jitterMs: 200 }]) {
      expect(joinReports(measured(90, claim), honest)).toMatchObject({ reason: "disagreement" });
    }
    // So much an otherwise honest page may lie unnoticed: half of it gets into the number.
    const believed = [10, 20, 30, 40].filter(
      (lieMs) => joinReports(measured(150 - lieMs, { medianErrorMs: 1000 }), honest).status === "measured",
    );
    expect(believed).toEqual([10, 20]);
  });

  test.each(cases)(
    "is seldom found between honest pages, however noisy their path (%s noise, %i pings a side)",
    (noise, pings) => {
      const random = seededRandom("honest");
      for (const scaleMs of [1, 10, 40]) {
        const side = (): Measured => {
          const samplesMs = Array.from({ length: pings }, () => 500 + scaleMs * noises[noise](random));
          const rtt = summarizeRtts(samplesMs, 0);
          if (rtt === null) throw new Error("no samples");
          return { ...measured(500), rtt, medianErrorMs: medianStandardError(samplesMs, 0) };
        };
        let disagreements = 0;
        for (let i = 0; i < 5000; i += 1)
          if (joinReports(side(), side()).status === "failed") disagreements += 1;
        // 0.2 % where a jitter of 40 ms meets five pings; it is measured once more then.
        expect(disagreements / 5000).toBeLessThan(0.005);
      }
    },
  );

  test("is judged more strictly with more samples", () => {
    const many = (medianMs: number): Measured => {
      const report = measured(medianMs, { jitterMs: 15 });
      return { ...report, rtt: { ...report.rtt, samples: 60 } };
    };
    expect(joinReports(many(50), many(80))).toMatchObject({ reason: "disagreement" });
  });
});

describe("a clock too coarse to time anything", () => {
  const coarse = { clockStepMs: 16.7, floorMs: 16.7, floorErrorMs: 0 };

  test("at one side leaves the number to the other", () => {
    const fine = measured(50, { floorMs: 1, floorErrorMs: 0 });
    const joined = joinReports(fine, measured(58, coarse));
    expect(joined).toMatchObject({
      status: "measured",
      measurement: { rawRttMs: 50, floorMs: 0.5, clockStepMs: 16.7, disagreementMs: 8 },
    });
  });

  test("at both sides makes the probe fail", () => {
    const report = measured(50, coarse);
    expect(joinReports(report, report)).toEqual({ status: "failed", reason: "coarse_clock", blamed: [] });
  });
});

describe("a stalled page", () => {
  test("spoils the probe when it held back half of the pings", () => {
    expect(joinReports(measured(50), measured(50, { stalledMs: 400 }))).toEqual({
      status: "failed",
      reason: "stalled",
      blamed: [1],
    });
  });

  test("is forgiven when the median cannot have moved", () => {
    expect(joinReports(measured(50), measured(50, { stalledMs: 90 })).status).toBe("measured");
  });

  test("counts for more the closer the pings follow each other", () => {
    const report = measured(50, { stalledMs: 90 });
    expect(joinReports(report, report, 20)).toEqual({ status: "failed", reason: "stalled", blamed: [0, 1] });
    expect(joinReports(report, report, 0)).toMatchObject({ reason: "stalled" });
  });

  test("up to 50 ms is what every page does", () => {
    expect(joinReports(measured(50), measured(50, { stalledMs: 50 }), 0).status).toBe("measured");
  });
});

describe("a failure of either side", () => {
  test.each(reportableFailures)("%s fails the probe whatever the other side measured", (reason) => {
    expect(joinReports(failed(reason), measured(50))).toMatchObject({ status: "failed", reason });
    expect(joinReports(measured(50), failed(reason))).toMatchObject({ status: "failed", reason });
  });

  test("is the cause, not its consequence, when both failed", () => {
    expect(joinReports(failed("peer_gone"), failed("hidden_tab"))).toEqual({
      status: "failed",
      reason: "hidden_tab",
      blamed: [1],
    });
    expect(joinReports(failed("channel_timeout"), failed("ice_failed"))).toEqual({
      status: "failed",
      reason: "ice_failed",
      blamed: [],
    });
  });

  test("is both pages' when both were hidden", () => {
    expect(joinReports(failed("hidden_tab"), failed("hidden_tab"))).toMatchObject({ blamed: [0, 1] });
  });
});

describe("the verdict", () => {
  const above100 = (rttMs: number) => rttMs > 100;

  test("accepts at the limit and is too slow above it", () => {
    expect(verdictOf(joinReports(measured(100), measured(100)), above100).status).toBe("accepted");
    expect(verdictOf(joinReports(measured(100), measured(100.4)), above100).status).toBe("too_slow");
  });

  test("never reads a failure as slowness", () => {
    fc.assert(
      fc.property(fc.constantFrom(...reportableFailures), anyReport, (reason, other) => {
        expect(verdictOf(joinReports(failed(reason), other), () => true).status).toBe("failed");
      }),
    );
  });
});
