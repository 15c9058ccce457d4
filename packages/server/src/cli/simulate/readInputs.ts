import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Attributes, attributesSchema } from "@probematch/shared";
import { parse } from "csv-parse/sync";
import * as v from "valibot";
import { reasonOf } from "../../journal/errors.js";
import { parseLatencyMatrix } from "../../sim/latencyMatrix.js";
import type { PlannedArrival, WeightedAttributes } from "../../sim/qualityWorld.js";
import { type SimulatedPlaces, worldPlaces } from "../../sim/worldLatency.js";
import { type CliIo, UsageError } from "../io.js";

/**
 * The shipped world or some of its regions, or a file of RTTs.
 *
 * @param regions names with commas between them; `undefined` = all of the world
 * @param labels a file with a name for each row of the matrix, one a line; `undefined` = "row 1", "row 2" …
 * @throws {UsageError} that says which line is wrong
 */
export async function readPlaces(
  {
    latency,
    labels,
    region: regions,
    seed,
  }: {
    readonly latency: string;
    readonly labels?: string | undefined;
    readonly region?: string | undefined;
    readonly seed: string;
  },
  io: CliIo,
): Promise<SimulatedPlaces> {
  if (latency === "world") {
    if (labels !== undefined)
      throw new UsageError("--labels names the rows of a file: give one with --latency.");
    return regions === undefined ? worldPlaces(seed) : within(regions, worldPlaces(seed));
  }
  if (regions !== undefined)
    throw new UsageError("--region chooses from the shipped world: a file has all of its rows.");
  const text = await readText(latency, "latencies", io);
  const matrix = (() => {
    try {
      return parseLatencyMatrix(text);
    } catch (error) {
      throw new UsageError(`${latency} is no matrix of RTTs: ${reasonOf(error)}`);
    }
  })();
  const { droppedNodes, filledCells } = matrix.repairs;
  if (droppedNodes + filledCells > 0)
    io.err(`${latency}: ${droppedNodes} rows left out, ${filledCells} missing pairs filled in.\n`);
  const names = labels === undefined ? null : (await readText(labels, "labels", io)).trim().split(/\r?\n/);
  const most = Math.max(...matrix.nodes);
  if (names !== null && names.length <= most)
    throw new UsageError(`${labels} has ${names.length} names, but ${latency} has a row ${most + 1}.`);
  return {
    matrix,
    weights: matrix.nodes.map(() => 1),
    regions: matrix.nodes.map((row) => names?.[row]?.trim() ?? `row ${row + 1}`),
  };
}

function within(names: string, { matrix, weights, regions }: SimulatedPlaces): SimulatedPlaces {
  const chosen = names.split(",").map((name) => name.trim());
  const known = [...new Set(regions)];
  const unknown = chosen.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`there is no region "${unknown}". There are ${known.join(", ")}.`);
  const kept = matrix.nodes.filter((node) => chosen.includes(regions[node] ?? ""));
  const of = <T>(values: readonly T[]): T[] => values.filter((_, i) => kept.includes(i));
  return {
    matrix: { ...matrix, nodes: kept, rttMs: of(matrix.rttMs).map((row) => Float64Array.from(of([...row]))) },
    weights: of(weights),
    regions: of(regions),
  };
}

/**
 * Arrivals in order: a file with one time a line, in s, or with a header that has `seconds` and attributes beside it.
 *
 * @throws {UsageError} that says which line is wrong
 */
export async function readArrivals(file: string, io: CliIo): Promise<readonly PlannedArrival[]> {
  const rows = await readRows(file, "arrivals", io);
  const hasHeader = Number.isNaN(Number(rows[0]?.cells[0]));
  const header = hasHeader ? (rows[0]?.cells ?? []) : ["seconds"];
  const column = header.indexOf("seconds");
  if (column === -1)
    throw new UsageError(`${file}: wanted a column "seconds", but its columns are ${header.join(", ")}.`);
  const arrivals = rows.slice(hasHeader ? 1 : 0).map(({ cells, line }) => {
    const [text = "", seconds] = [cells[column], Number(cells[column])];
    if (text === "" || !Number.isFinite(seconds) || seconds < 0)
      throw new UsageError(`${file}, line ${line}: wanted a time in seconds from 0 up, given "${text}".`);
    return {
      at: 1000 * seconds,
      attributes: attributesOf(header, cells, ["seconds"], `${file}, line ${line}`),
    };
  });
  if (arrivals.length < 2) throw new UsageError(`${file}: wanted at least two arrivals.`);
  return arrivals.sort((a, b) => a.at - b.at);
}

/**
 * Kinds of people, one a line, under a header that names their attributes; a column `weight` says how many there are of
 * a kind, else all are as frequent.
 *
 * @throws {UsageError} that says which line is wrong
 */
export async function readAttributes(file: string, io: CliIo): Promise<readonly WeightedAttributes[]> {
  const [header, ...rows] = await readRows(file, "attributes", io);
  if (header === undefined || rows.length === 0)
    throw new UsageError(
      `${file}: wanted a header with the names of attributes, and lines of values under it.`,
    );
  const column = header.cells.indexOf("weight");
  return rows.map(({ cells, line }) => {
    const weight = column === -1 ? 1 : Number(cells[column]);
    if (!(weight > 0 && Number.isFinite(weight)))
      throw new UsageError(`${file}, line ${line}: wanted a weight above 0, given "${cells[column]}".`);
    return { weight, attributes: attributesOf(header.cells, cells, ["weight"], `${file}, line ${line}`) };
  });
}

function attributesOf(
  header: readonly string[],
  cells: readonly string[],
  others: readonly string[],
  where: string,
): Attributes {
  const given = header.flatMap((name, i) => {
    const value = cells[i] ?? "";
    return others.includes(name) || value === "" ? [] : [[name, value] as const];
  });
  const attributes = v.safeParse(attributesSchema, Object.fromEntries(given));
  if (attributes.success) return attributes.output;
  throw new UsageError(
    `${where}: these are no attributes: ${v.summarize(attributes.issues).replace(/\s+/g, " ")}`,
  );
}

interface Row {
  readonly cells: readonly string[];
  /** From 1. */
  readonly line: number;
}

async function readRows(file: string, what: string, io: CliIo): Promise<readonly Row[]> {
  const text = await readText(file, what, io);
  try {
    // The library's types do not know what `info` does to its answer.
    const rows = parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      info: true,
    }) as unknown as readonly {
      readonly record: readonly string[];
      readonly info: { readonly lines: number };
    }[];
    return rows.map(({ record, info }) => ({ cells: record, line: info.lines }));
  } catch (error) {
    throw new UsageError(`${file} is no CSV: ${reasonOf(error)}`);
  }
}

async function readText(file: string, what: string, io: CliIo): Promise<string> {
  try {
    return await readFile(resolve(io.cwd, file), "utf8");
  } catch (error) {
    throw new UsageError(`the ${what} in ${file} cannot be read: ${reasonOf(error)}`);
  }
}
