import { createProbematch, FifoMatchmaker, fastProbeParameters, scene } from "@probematch/server";
import { type Cell, type Lab, type LabProbeOptions, openLab, type StartServer } from "@probematch/testbed";
import { openBareLink } from "./bareLink.js";
import { figuresOf, print } from "./figures.js";

/** Limits this much below and above the injected RTT: verdicts both ways. */
const LIMIT_SHARES = [0.9, 1.1];

interface Row {
  readonly rttMs: number;
  readonly runs: number;
  /** From the proposal in the log to the verdict in the log. */
  readonly verdictMs: { readonly p50: number | null; readonly p95: number | null };
  /** Two bare RTCPeerConnections over the same relay, from the word "go" to two open channels. */
  readonly bareSetupMs: { readonly p50: number | null };
  /** The same two and then five pings one after the other with pauses of 100 ms, until both have told their median. */
  readonly fixedSchemeMs: { readonly p50: number | null };
  /** As `verdictMs`, with what a scene has that says nothing: 1 + 5 pings that leave every 100 ms. */
  readonly defaultRhythmMs: { readonly p50: number | null };
  /** As `verdictMs`, measured in the pages instead of their workers. */
  readonly inPageMs: { readonly p50: number | null };
  /** Share of verdicts on the wrong side of the limit, the truth being the relay's log. */
  readonly wrongVerdictShare: number | null;
  /** The same of the fixed scheme, the truth being what was injected. */
  readonly fixedWrongVerdictShare: number | null;
}

/**
 * How long a measured verdict takes, in two Chromium browsers, beside what it cannot be faster than (WebRTC's own set-up)
 * and what it replaces. The kinds take turns, so that what else the machine does falls on all of them alike.
 */
export async function benchProbe(options: {
  readonly rtt: readonly number[];
  /** Uniform, up to so much more or less each way. */
  readonly jitter: number;
  readonly runs: number;
  readonly json?: true | undefined;
}): Promise<void> {
  const took = new Map<string, number>();
  const pair = "chromium-chromium";
  const lab = await openLab(pair, (hooks) => startServer(options.rtt, took, hooks));
  const rows: Row[] = [];
  try {
    for (const rttMs of options.rtt) {
      const cell: Cell = { pair, rttMs, jitterMs: options.jitter, lossRatio: 0, condition: "idle" };
      rows.push(await benchRtt(lab, cell, options.runs, took));
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
      "fixed scheme p50": row.fixedSchemeMs.p50,
      "default rhythm p50": row.defaultRhythmMs.p50,
      "verdict ÷ (1.25 × bare + 4 RTT)": (
        (row.verdictMs.p50 ?? Number.NaN) /
        (1.25 * (row.bareSetupMs.p50 ?? 0) + 4 * row.rttMs)
      ).toFixed(2),
      "fixed ÷ verdict": ((row.fixedSchemeMs.p50 ?? Number.NaN) / (row.verdictMs.p50 ?? 0)).toFixed(2),
      "in the page p50": row.inPageMs.p50,
      "wrong verdicts": row.wrongVerdictShare,
      "wrong by the fixed scheme": row.fixedWrongVerdictShare,
    })),
  );
}

async function benchRtt(lab: Lab, cell: Cell, runs: number, took: Map<string, number>): Promise<Row> {
  const { rttMs, jitterMs } = cell;
  const verdicts: number[] = [];
  const setups: number[] = [];
  const fixed: number[] = [];
  const defaultRhythm: number[] = [];
  const inPage: number[] = [];
  let wrong = 0;
  let fixedWrong = 0;
  await lab.prepare(cell);
  const link = await openBareLink(lab);
  /** A probe, and how long it took where it gave a number. */
  const timed = async (options: LabProbeOptions) => {
    const probe = await lab.probe(cell, options);
    const tookMs = took.get(probe.probeId ?? "");
    return probe.failure === null && tookMs !== undefined ? { ...probe, tookMs } : null;
  };
  try {
    // The first run of each kind pays for what the browsers load and compile.
    for (let run = -1; run < runs; run += 1) {
      const share = LIMIT_SHARES[Math.abs(run) % LIMIT_SHARES.length] ?? 1;
      const sceneId = sceneIdOf(rttMs, share);
      const probe = await timed({ sceneId });
      const pageProbe = await timed({ sceneId, measureIn: "page" });
      const defaultProbe = await timed({ sceneId: defaultSceneIdOf(rttMs) });
      for (const name of ["first", "second"])
        lab.relay.setParticipant(name, { out: { delayMs: rttMs / 2, jitterMs } });
      const bare = await link.run();
      if (run < 0) continue;
      if (pageProbe !== null) inPage.push(pageProbe.tookMs);
      if (defaultProbe !== null) defaultRhythm.push(defaultProbe.tookMs);
      if (bare !== null) {
        setups.push(bare.setupMs);
        fixed.push(bare.fixedSchemeMs);
        if (bare.rttMs > rttMs * share !== share < 1) fixedWrong += 1;
      }
      if (probe?.rttMs !== undefined && probe.trueRttMs !== undefined) {
        verdicts.push(probe.tookMs);
        if (probe.rttMs > rttMs * share !== probe.trueRttMs > rttMs * share) wrong += 1;
      }
    }
  } finally {
    await link.close();
  }
  const { n, p50, p95 } = figuresOf(verdicts);
  const p50Of = (values: readonly number[]) => ({ p50: figuresOf(values).p50 });
  return {
    rttMs,
    runs: n,
    verdictMs: { p50, p95 },
    bareSetupMs: p50Of(setups),
    fixedSchemeMs: p50Of(fixed),
    defaultRhythmMs: p50Of(defaultRhythm),
    inPageMs: p50Of(inPage),
    wrongVerdictShare: n === 0 ? null : wrong / n,
    fixedWrongVerdictShare: fixed.length === 0 ? null : fixedWrong / fixed.length,
  };
}

const sceneIdOf = (rttMs: number, share: number): string => `probed-${rttMs}-${Math.round(share * 100)}`;
const defaultSceneIdOf = (rttMs: number): string => `default-${rttMs}`;

/** @param took time from proposal to verdict, by probe id, on this process's clock */
const startServer = async (
  rtts: readonly number[],
  took: Map<string, number>,
  { transformSignal }: Parameters<StartServer>[0],
): ReturnType<StartServer> => {
  const limited = (id: string, maxP2pRttMs: number) =>
    scene(id).matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs }) });
  const probematch = await createProbematch({
    auth: { mode: "open" },
    dataDir: null,
    logLevel: "silent",
    limits: { joinsPerMinutePerAddress: 1_000_000 },
    transformSignal,
    scenes: rtts.flatMap((rttMs) => [
      ...LIMIT_SHARES.map((share) =>
        limited(sceneIdOf(rttMs, share), rttMs * share).probing(fastProbeParameters),
      ),
      limited(defaultSceneIdOf(rttMs), rttMs * 1.1),
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
