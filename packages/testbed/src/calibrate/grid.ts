import { type Engine, engines } from "../browsers.js";

/** Who measures whom: the first engine's page is the first participant. */
export type Pair = `${Engine}-${Engine}`;
export const pairs: readonly Pair[] = [
  "chromium-chromium",
  "firefox-firefox",
  "chromium-firefox",
  "firefox-chromium",
];

/**
 * What else is the case while a probe runs.
 *
 * - `idle`: nothing
 * - `isolated`: both pages are cross-origin isolated, which gives them the browser's finest clock
 * - `asymmetric`: nine tenths of the delay lie on one direction
 * - `busy-first`, `busy-second`: that page works for 20 ms in every 100, as an animation or a form may
 * - `heavy-first`, `heavy-second`: that page works for 70 ms in every 100, as a game on a slow machine may
 * - `background`: the first page's tab is behind another one, and it measures all the same (`measureWhileHidden`). Without that
 *   option a hidden page is not measured at all: the probe fails with `hidden_tab`
 */
export const conditions = [
  "idle",
  "isolated",
  "asymmetric",
  "busy-first",
  "busy-second",
  "heavy-first",
  "heavy-second",
  "background",
] as const;
export type Condition = (typeof conditions)[number];

/** One kind of probe of the grid. */
export interface Cell {
  readonly pair: Pair;
  /** Delay that is put between the pages, both directions together, ms. */
  readonly rttMs: number;
  /** Each direction's delay varies evenly by up to this much either way, ms: see {@link impossible}. */
  readonly jitterMs: number;
  /** Share of packets dropped in each direction, 0…1. */
  readonly lossRatio: number;
  readonly condition: Condition;
}

/** Which cells to run; a list that is left out stays as in the default grid. */
export interface GridSelection {
  readonly pairs?: readonly Pair[];
  readonly rttMs?: readonly number[];
  readonly jitterMs?: readonly number[];
  readonly lossRatio?: readonly number[];
  readonly conditions?: readonly Condition[];
}

const RTTS_MS = [0, 20, 50, 100, 200, 300, 1500];
/** Where one thing at a time is varied: a distance at which studies set their limits. */
const CENTRE_RTT_MS = 100;

/**
 * The cells of a selection.
 *
 * Without any list but `pairs` it is a star: every RTT on an undisturbed path, and at 100 ms each disturbance on its own,
 * besides jitter at 20 and 300 ms. As soon as another list is given it is every combination of what is given, with
 * all RTTs, no jitter, no loss and `idle` where a list is not.
 */
export function cellsOf(selection: GridSelection = {}): Cell[] {
  const { rttMs, jitterMs, lossRatio } = selection;
  const isStar = [rttMs, jitterMs, lossRatio, selection.conditions].every((list) => list === undefined);
  return (selection.pairs ?? pairs).flatMap((pair) => {
    if (isStar) return star(pair);
    return (rttMs ?? RTTS_MS).flatMap((rtt) =>
      (jitterMs ?? [0]).flatMap((jitter) =>
        (lossRatio ?? [0]).flatMap((loss) =>
          (selection.conditions ?? ["idle"]).map((condition) => cell(pair, rtt, jitter, loss, condition)),
        ),
      ),
    );
  });
}

function star(pair: Pair): Cell[] {
  return [
    ...RTTS_MS.map((rttMs) => cell(pair, rttMs)),
    ...[20, CENTRE_RTT_MS, 300].map((rttMs) => cell(pair, rttMs, 10)),
    ...[0.01, 0.05].map((loss) => cell(pair, CENTRE_RTT_MS, 0, loss)),
    ...conditions.slice(1).map((condition) => cell(pair, CENTRE_RTT_MS, 0, 0, condition)),
  ];
}

function cell(pair: Pair, rttMs: number, jitterMs = 0, lossRatio = 0, condition: Condition = "idle"): Cell {
  return { pair, rttMs, jitterMs, lossRatio, condition };
}

/** Where the delay lies: of the first page's packets, and of the second page's. */
const EVENLY = [0.5, 0.5] as const;
const ONE_SIDED = [0.9, 0.1] as const;

const sharesOf = ({ condition }: Cell) => (condition === "asymmetric" ? ONE_SIDED : EVENLY);

/** How long the first page's packets are held in the mean, and the second page's, ms. */
export function delaysMs(cell: Cell): readonly [number, number] {
  const [there, back] = sharesOf(cell);
  return [cell.rttMs * there, cell.rttMs * back];
}

/**
 * Why no path is as this cell says; `null` where one can be. No packet is held for less than nothing: a jitter above the delay of a
 * direction would be cut off there, and the path would be a longer one than the cell's.
 */
export function impossible(cell: Cell): string | null {
  const leastMs = cell.jitterMs / Math.min(...sharesOf(cell));
  if (cell.rttMs >= leastMs) return null;
  return `an RTT of ${cell.rttMs} ms cannot vary by ±${cell.jitterMs} ms each way, it needs ${leastMs} ms or more`;
}

/** The engines of a pair, first and second. */
export function enginesOf(pair: Pair): readonly [Engine, Engine] {
  const [first, second] = pair.split("-").map((name) => engines.find((engine) => engine === name));
  if (first === undefined || second === undefined) throw new Error(`${pair} is no pair of engines`);
  return [first, second];
}
