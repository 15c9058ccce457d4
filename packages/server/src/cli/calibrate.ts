import { appendFile } from "node:fs/promises";
import { fastProbeParameters, type MeasuringThread } from "@probematch/shared";
import type * as Testbed from "@probematch/testbed";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { scene } from "../scene/scene.js";
import type { ProbingOptions } from "../scene/sceneConfig.js";
import { createProbematch } from "../server.js";
import { CALIBRATION_TITLE, calibrationChart } from "./calibrationChart.js";
import type { DrawChart } from "./drawChart.js";
import type { CliIo } from "./io.js";
import { writeOutput } from "./writeOutput.js";

export interface CalibrationOrder {
  readonly grid: Testbed.GridSelection;
  readonly probes: number;
  /** `fast`: `fastProbeParameters`; `default`: what a scene has that says nothing of probing. */
  readonly rhythm: "fast" | "default";
  readonly measureIn: MeasuringThread;
  readonly json: boolean;
  readonly plot: Plot | null;
  /** Every probe as a line of JSON, at the end of this file. */
  readonly samplesFile: string | null;
}

/** A file for a chart, and what draws it. */
export interface Plot {
  readonly file: string;
  readonly draw: DrawChart;
}

/** Runs the grid, tells its progress on standard error and its result on standard output. */
export async function runCalibration(
  testbed: typeof Testbed,
  order: CalibrationOrder,
  io: CliIo,
): Promise<void> {
  const written: Promise<void>[] = [];
  const rows = await testbed.calibrate({
    startServer: startServerWith(order.rhythm === "fast" ? fastProbeParameters : {}),
    grid: order.grid,
    probes: order.probes,
    measureIn: order.measureIn,
    signal: io.stop,
    onProbe: (probe) => {
      if (order.samplesFile !== null)
        written.push(appendFile(order.samplesFile, `${JSON.stringify(probe)}\n`));
      if (probe.failure !== null) io.err(`  a probe failed: ${probe.failure}\n`);
    },
    onRow: (row, { done, of }) => io.err(`${done}/${of}  ${describe(row)}\n`),
    onSkip: ({ pair, condition }, reason) => io.err(`${pair}, ${condition}: left out, ${reason}.\n`),
  });
  await Promise.all(written);
  await tellCalibration(rows, order, io);
}

/** Prints the rows, and draws them where that is wanted. */
export async function tellCalibration(
  rows: readonly Testbed.CalibrationRow[],
  { json, plot }: Pick<CalibrationOrder, "json" | "plot">,
  io: CliIo,
): Promise<void> {
  // First what half an hour was spent on: a file that cannot be written must not take it along.
  io.out(json ? `${JSON.stringify({ rows })}\n` : table(rows));
  if (plot !== null)
    await writeOutput(plot.file, await plot.draw(calibrationChart(rows), CALIBRATION_TITLE), io);
}

const SCENE_ID = "calibration";

/** As a study would run it; nothing in it knows that it is being measured. */
const startServerWith =
  (probing: ProbingOptions): Testbed.StartServer =>
  async ({ transformSignal }) => {
    const probematch = await createProbematch({
      auth: { mode: "open" },
      dataDir: null,
      logLevel: "error",
      limits: { joinsPerMinutePerAddress: 1_000_000 },
      transformSignal,
      scenes: [
        scene(SCENE_ID)
          .matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 5000 }) })
          .probing(probing),
      ],
    });
    return {
      sceneId: SCENE_ID,
      attach: (httpServer) => probematch.attach(httpServer),
      onProbe(listener) {
        const handle = probematch.scenes.get(SCENE_ID);
        if (handle === undefined) throw new Error(`there is no scene ${SCENE_ID}`);
        return handle.onEvents((events) => {
          for (const event of events) {
            if (event.type !== "probe.closed") continue;
            const { probeId, verdict } = event;
            listener({
              probeId,
              measurement: verdict.status === "failed" ? null : verdict.measurement,
              failure: verdict.status === "failed" ? verdict.reason : null,
            });
          }
        });
      },
      close: () => probematch.close(),
    };
  };

function table(rows: readonly Testbed.CalibrationRow[]): string {
  const head =
    "pair                 RTT  jitter  loss  condition     probes    bias  |error| p50   p95  coverage";
  return `${[head, ...rows.map(describe)].join("\n")}\n`;
}

function describe(row: Testbed.CalibrationRow): string {
  const ms = (value: number | null) => (value === null ? "-" : value.toFixed(2));
  return [
    row.pair.padEnd(18),
    String(row.injectedRttMs).padStart(6),
    String(row.jitterMs).padStart(7),
    String(row.lossRatio).padStart(6),
    ` ${row.condition.padEnd(13)}`,
    String(row.probes).padStart(6),
    ms(row.biasMs).padStart(8),
    ms(row.medianAbsErrorMs).padStart(12),
    ms(row.p95AbsErrorMs).padStart(6),
    (row.coverage95 === null ? "-" : `${(100 * row.coverage95).toFixed(0)} %`).padStart(9),
  ].join("");
}
