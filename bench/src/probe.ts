import { createProbematch, FifoMatchmaker, fastProbeParameters, scene } from "@probematch/server";
import { type Cell, type Lab, openLab, type StartServer } from "@probematch/testbed";
import { openBareLink } from "./bareLink.js";
import { figuresOf, print } from "./figures.js";

/** Limits this much below and above the injected RTT: verdicts both ways. */
const LIMIT_SHARES = [0.9, 1.1];
/** What the field does: five pings, 100 ms apart, and a median. */
const FIXED_SCHEME = { pings: 5, spacingMs: 100, warmupPings: 1 };

interface Row {
  readonly rttMs: number;
  readonly runs: number;
  /** From the proposal in the log to the verdict in the log. */
  readonly verdictMs: { readonly p50: number | null; readonly p95: number | null };
  /** Two bare RTCPeerConnections over the same relay, from the word "go" to two open channels. */
  readonly bareSetupMs: { readonly p50: number | null };
  /** As `verdictMs`, with {@link FIXED_SCHEME}. */
  readonly fixedSchemeMs: { readonly p50: number | null };
  /** As `verdictMs`, measured in the pages instead of their workers. */
  readonly inPageMs: { readonly p50: number | null };
  /** Share of verdicts on the wrong side of the limit, the truth being the relay's log. */
  readonly wrongVerdictShare: number | null;
}

/**
 * How long a measured verdict takes, in two Chromium browsers, beside what it cannot be faster than (WebRTC's own set-up)
 * and what it replaces. The kinds take turns, so that what else the machine does falls on all of them alike.
 */
export async function benchProbe(options: {
  readonly rtt: readonly string[];
  readonly runs: number;
  readonly json?: true | undefined;
}): Promise<void> {
  const rtts = options.rtt.map(Number);
  const took = new Map<string, number>();
  const lab = await openLab("chromium-chromium", (hooks) => startServer(rtts, took, hooks));
  const rows: Row[] = [];
  try {
    for (const rttMs of rtts) {
      rows.push(await benchRtt(lab, rttMs, options.runs, took));
      process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
    }
  } finally {
    await lab.close();
  }
  print({ rows }, options.json, () =>
    rows.map((row) => ({
      "RTT ms": row.rttMs,
      runs: row.runs,
      "verdict p50 ms": row.verdictMs.p50,
      p95: row.verdictMs.p95,
      "bare set-up p50 ms": row.bareSetupMs.p50,
      "5 × 100 ms p50": row.fixedSchemeMs.p50,
      "verdict ÷ (1.25 × bare + 4 RTT)": (
        (row.verdictMs.p50 ?? Number.NaN) /
        (1.25 * (row.bareSetupMs.p50 ?? 0) + 4 * row.rttMs)
      ).toFixed(2),
      "in the page p50": row.inPageMs.p50,
      "wrong verdicts": row.wrongVerdictShare,
    })),
  );
}

async function benchRtt(lab: Lab, rttMs: number, runs: number, took: Map<string, number>): Promise<Row> {
  const cell: Cell = { pair: "chromium-chromium", rttMs, jitterMs: 0, lossRatio: 0, condition: "idle" };
  const verdicts: number[] = [];
  const fixed: number[] = [];
  const inPage: number[] = [];
  const bare: number[] = [];
  let wrong = 0;
  await lab.prepare(cell);
  const link = await openBareLink(lab);
  try {
    // The first run of each kind pays for what the browsers load and compile.
    for (let run = -1; run < runs; run += 1) {
      const share = LIMIT_SHARES[Math.abs(run) % LIMIT_SHARES.length] ?? 1;
      const probe = await lab.probe(cell, { sceneId: sceneIdOf(rttMs, share) });
      const pageProbe = await lab.probe(cell, { sceneId: sceneIdOf(rttMs, share), measureIn: "page" });
      const fixedProbe = await lab.probe(cell, { sceneId: `fixed-${rttMs}` });
      for (const name of ["first", "second"]) lab.relay.setParticipant(name, { out: { delayMs: rttMs / 2 } });
      const bareMs = await link.timeSetup();
      if (run < 0) continue;
      if (bareMs !== null) bare.push(bareMs);
      const verdictMs = took.get(probe.probeId ?? "");
      const fixedMs = took.get(fixedProbe.probeId ?? "");
      const pageMs = took.get(pageProbe.probeId ?? "");
      if (pageProbe.failure === null && pageMs !== undefined) inPage.push(pageMs);
      if (fixedProbe.failure === null && fixedMs !== undefined) fixed.push(fixedMs);
      if (probe.rttMs === undefined || probe.trueRttMs === undefined || verdictMs === undefined) continue;
      verdicts.push(verdictMs);
      if (probe.rttMs > rttMs * share !== probe.trueRttMs > rttMs * share) wrong += 1;
    }
  } finally {
    await link.close();
  }
  const { n, p50, p95 } = figuresOf(verdicts);
  return {
    rttMs,
    runs: n,
    verdictMs: { p50, p95 },
    bareSetupMs: { p50: figuresOf(bare).p50 },
    fixedSchemeMs: { p50: figuresOf(fixed).p50 },
    inPageMs: { p50: figuresOf(inPage).p50 },
    wrongVerdictShare: n === 0 ? null : wrong / n,
  };
}

const sceneIdOf = (rttMs: number, share: number): string => `probed-${rttMs}-${Math.round(share * 100)}`;

/** @param took time from proposal to verdict, by probe id, on this process's clock */
const startServer = async (
  rtts: readonly number[],
  took: Map<string, number>,
  { transformSignal }: Parameters<StartServer>[0],
): ReturnType<StartServer> => {
  const limited = (id: string, maxP2pRttMs: number) =>
    scene(id)
      .matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs }) })
      .probing(fastProbeParameters);
  const probematch = await createProbematch({
    auth: { mode: "open" },
    dataDir: null,
    logLevel: "silent",
    limits: { joinsPerMinutePerAddress: 1_000_000 },
    transformSignal,
    scenes: rtts.flatMap((rttMs) => [
      ...LIMIT_SHARES.map((share) => limited(sceneIdOf(rttMs, share), rttMs * share)),
      limited(`fixed-${rttMs}`, rttMs * 1.1).probing(FIXED_SCHEME),
    ]),
  });
  return {
    sceneId: sceneIdOf(rtts[0] ?? 0, 1.1),
    attach: (http) => probematch.attach(http),
    onProbe(listener) {
      const proposedAt = new Map<string, number>();
      const proposalOf = new Map<string, string>();
      const stops = [...probematch.scenes.values()].map((handle) =>
        handle.onEvents((events) => {
          for (const event of events) {
            const now = performance.now();
            if (event.type === "proposal.opened") proposedAt.set(event.proposalId, now);
            if (event.type === "probe.opened") proposalOf.set(event.probeId, event.proposalId);
            if (event.type !== "probe.closed") continue;
            const { probeId, verdict } = event;
            took.set(probeId, now - (proposedAt.get(proposalOf.get(probeId) ?? "") ?? now));
            listener({
              probeId,
              measurement: verdict.status === "failed" ? null : verdict.measurement,
              failure: verdict.status === "failed" ? verdict.reason : null,
            });
          }
        }),
      );
      return () => {
        for (const stop of stops) stop();
      };
    },
    close: () => probematch.close(),
  };
};
