import { parse } from "csv-parse/sync";

/** Round-trip times between the nodes of a simulated world, ms: symmetric, complete, finite. */
export interface LatencyMatrix {
  readonly rttMs: readonly Float64Array[];
  /** For each node its row in the file, from 0. */
  readonly nodes: readonly number[];
  /** What had to be done to the data, for the report. */
  readonly repairs: { readonly droppedNodes: number; readonly filledCells: number };
}

/** RTT of a node to itself, ms: two participants in one building. */
export const SAME_NODE_MS = 0.5;
/** A node that is missing from more than this share of its pairs is dropped. */
const MOST_MISSING = 0.5;
/** A node whose median RTT is above this is dead or overloaded, not far away: dropped, ms. */
const DEAD_MEDIAN_MS = 1_500;

/**
 * Reads a matrix of measured RTTs: CSV without a header, ms, row = from, column = to, empty = missing.
 *
 * Measured matrices have flaws; what is done with them:
 * - cells that are no positive number are missing; a pair measured in both directions counts with the mean;
 * - nodes missing from most of their pairs, and those with a median RTT of seconds, are dropped;
 * - a pair still missing gets the shortest path over one other node, an upper bound of what it would be.
 *
 * Outliers are kept: a path with a detour is what participants have.
 *
 * @throws {Error} when the text is no such matrix, saying where
 */
export function parseLatencyMatrix(csv: string): LatencyMatrix {
  const rows: string[][] = parse(csv, {
    bom: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
  });
  const raw = rows.map((row) => row.map((cell) => (cell === "" ? Number.NaN : Number(cell))));
  const size = raw.length;
  const ragged = raw.findIndex((row) => row.length !== size);
  if (ragged !== -1)
    throw new Error(
      `Line ${ragged + 1} has ${raw[ragged]?.length} cells, but the matrix has ${size} rows: it has to be square.`,
    );
  const cell = (i: number, j: number): number => {
    const value = raw[i]?.[j] ?? Number.NaN;
    return value > 0 && Number.isFinite(value) ? value : Number.NaN;
  };
  const both = (i: number, j: number): number => {
    const there = cell(i, j);
    const back = cell(j, i);
    if (Number.isNaN(there)) return back;
    return Number.isNaN(back) ? there : (there + back) / 2;
  };

  let nodes = raw.map((_, i) => i);
  const isUsable = (i: number): boolean => {
    const known = nodes.flatMap((j) => (j === i || Number.isNaN(both(i, j)) ? [] : [both(i, j)]));
    if (known.length < (1 - MOST_MISSING) * (nodes.length - 1)) return false;
    known.sort((a, b) => a - b);
    return (known[known.length >> 1] ?? Number.POSITIVE_INFINITY) <= DEAD_MEDIAN_MS;
  };
  for (let before = -1; before !== nodes.length; ) {
    before = nodes.length;
    nodes = nodes.filter(isUsable);
  }
  if (nodes.length < 2) throw new Error("The matrix has no two nodes with a known RTT between them.");

  const known = nodes.map((i) => Float64Array.from(nodes, (j) => (i === j ? SAME_NODE_MS : both(i, j))));
  return {
    ...filled(known),
    nodes,
    repairs: { droppedNodes: size - nodes.length, filledCells: missingIn(known) },
  };
}

const missingIn = (rows: readonly Float64Array[]): number =>
  rows.reduce((sum, row) => sum + row.reduce((n, value) => n + (Number.isNaN(value) ? 1 : 0), 0), 0) / 2;

function filled(known: readonly Float64Array[]): Pick<LatencyMatrix, "rttMs"> {
  const worst = known.reduce(
    (most, row) => row.reduce((m, v) => (Number.isNaN(v) ? m : Math.max(m, v)), most),
    0,
  );
  const rttMs = known.map((row, i) =>
    row.map((value, j) => {
      if (!Number.isNaN(value)) return value;
      let shortest = Number.POSITIVE_INFINITY;
      for (const [k, over] of row.entries()) {
        const path = over + (known[k]?.[j] ?? Number.NaN);
        if (k !== i && k !== j && path < shortest) shortest = path;
      }
      return shortest === Number.POSITIVE_INFINITY ? worst : shortest;
    }),
  );
  return { rttMs };
}

/** The same network, with some of its nodes only, in this order. */
export function submatrix({ rttMs, nodes, repairs }: LatencyMatrix, kept: readonly number[]): LatencyMatrix {
  const at = (values: ArrayLike<number> | undefined, i: number): number => values?.[i] ?? Number.NaN;
  return {
    rttMs: kept.map((i) => Float64Array.from(kept, (j) => at(rttMs[i], j))),
    nodes: kept.map((i) => at(nodes, i)),
    repairs,
  };
}

/**
 * Where beacons would stand: `count` of the candidates, such that the sum of their RTTs to the nearest one is
 * small (k-median; greedy, then exchanges until none helps, at most ten rounds).
 *
 * @param options.weights how many people there are at each node of the matrix; default: as many everywhere
 */
export function medianNodes(
  matrix: LatencyMatrix,
  count: number,
  {
    candidates = matrix.rttMs.map((_, i) => i),
    weights,
  }: { readonly candidates?: readonly number[]; readonly weights?: readonly number[] } = {},
): readonly number[] {
  const cost = (chosen: readonly number[]): number => {
    let sum = 0;
    for (const point of candidates) {
      let nearest = Number.POSITIVE_INFINITY;
      for (const node of chosen) nearest = Math.min(nearest, matrix.rttMs[point]?.[node] ?? nearest);
      sum += nearest * (weights?.[point] ?? 1);
    }
    return sum;
  };
  const cheapest = (kept: readonly number[]): number => {
    let best = candidates[0] ?? 0;
    let least = Number.POSITIVE_INFINITY;
    for (const node of candidates) {
      if (kept.includes(node)) continue;
      const now = cost([...kept, node]);
      if (now < least) [best, least] = [node, now];
    }
    return best;
  };
  let chosen: readonly number[] = [];
  while (chosen.length < Math.min(count, candidates.length)) chosen = [...chosen, cheapest(chosen)];
  for (let round = 0; round < 10; round += 1) {
    const before = cost(chosen);
    for (const node of chosen) {
      const kept = chosen.filter((other) => other !== node);
      chosen = [...kept, cheapest(kept)];
    }
    if (cost(chosen) >= before) break;
  }
  return chosen;
}
