import type { MeasuringThread } from "@probematch/shared";
import { type Cell, cellsOf, type GridSelection, impossible, type Pair } from "./grid.js";
import { type Lab, type LabProbe, openLab, type StartServer } from "./lab.js";
import { type CalibrationRow, type CalibrationSample, rowOf } from "./rows.js";

export interface CalibrateOptions {
  readonly startServer: StartServer;
  /** Default: the default grid. */
  readonly grid?: GridSelection;
  /** Probes per cell. Default: 20. */
  readonly probes?: number;
  /** The SDK's option: which thread of the pages measures. Default: `worker`. */
  readonly measureIn?: MeasuringThread;
  /** Told of every probe as soon as it is over, with those that failed. */
  readonly onProbe?: (probe: LabProbe) => void;
  /** Told of every cell as soon as it is complete. */
  readonly onRow?: (row: CalibrationRow, progress: { readonly done: number; readonly of: number }) => void;
  /** Told where a cell could not be run, and why. */
  readonly onSkip?: (cell: Cell, reason: string) => void;
  /** Stops after the probe under way. */
  readonly signal?: AbortSignal;
}

/** A probe may fail for a good reason (a stalled page, say); more failures than this in a row are a fault. */
const FAILURES_IN_A_ROW = 10;

/**
 * Measures the product against delays of known truth: real browsers, a real server, the relay's log as the truth. One probe
 * at a time.
 *
 * @throws {MissingProgramError} a browser is not installed
 */
export async function calibrate(options: CalibrateOptions): Promise<CalibrationRow[]> {
  const { probes = 20, onRow, onSkip, signal } = options;
  const isStopped = () => signal?.aborted === true;
  const cells = cellsOf(options.grid).filter((cell) => {
    const reason = impossible(cell);
    if (reason !== null) onSkip?.(cell, reason);
    return reason === null;
  });
  const rows: CalibrationRow[] = [];
  // What a background needs is a browser of another kind: all else is measured as if there were no such condition.
  for (const [pair, canHideFirst] of labsOf(cells)) {
    const lab = await openLab(pair, options.startServer, { canHideFirst });
    try {
      for (const cell of cells.filter((one) => one.pair === pair && isHidden(one) === canHideFirst)) {
        if (isStopped()) return rows;
        if (!(await lab.prepare(cell))) {
          onSkip?.(cell, "this browser cannot be brought into this condition here");
          continue;
        }
        const samples = await probeCell(lab, cell, probes, options);
        if (isStopped() && samples.length === 0) return rows;
        const row = rowOf(cell, samples);
        rows.push(row);
        onRow?.(row, { done: rows.length, of: cells.length });
      }
    } finally {
      await lab.close();
    }
  }
  return rows;
}

const isHidden = ({ condition }: Cell): boolean => condition === "background";

/** Of each pair, whether its first page is to be hidden: no more of them than are needed. */
function labsOf(cells: readonly Cell[]): (readonly [Pair, boolean])[] {
  return [...new Set(cells.map(({ pair }) => pair))].flatMap((pair) =>
    [false, true]
      .filter((hidden) => cells.some((cell) => cell.pair === pair && isHidden(cell) === hidden))
      .map((hidden) => [pair, hidden] as const),
  );
}

async function probeCell(
  lab: Lab,
  cell: Cell,
  probes: number,
  { onProbe, signal, measureIn = "worker" }: CalibrateOptions,
): Promise<CalibrationSample[]> {
  const samples: CalibrationSample[] = [];
  let failures = 0;
  // The first probe of a page pays for what the browser loads and compiles.
  await lab.probe(cell, { measureIn });
  while (samples.length < probes && failures < FAILURES_IN_A_ROW && signal?.aborted !== true) {
    const probe = await lab.probe(cell, { measureIn });
    onProbe?.(probe);
    if (isSample(probe)) samples.push(probe);
    failures = probe.failure === null ? 0 : failures + 1;
  }
  return samples;
}

const isSample = (probe: LabProbe): probe is LabProbe & CalibrationSample =>
  probe.failure === null && probe.rttMs !== undefined && probe.trueRttMs !== undefined;
