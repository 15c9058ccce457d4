import { readFile } from "node:fs/promises";
import type { CalibrationSample } from "@probematch/testbed";
import * as v from "valibot";
import { reasonOf } from "../journal/errors.js";
import { UsageError } from "./io.js";

const probeSchema = v.object({
  cell: v.object({
    pair: v.string(),
    rttMs: v.number(),
    jitterMs: v.number(),
    lossRatio: v.number(),
    condition: v.string(),
  }),
  failure: v.nullable(v.string()),
  rttMs: v.optional(v.number()),
  rawRttMs: v.optional(v.number()),
  trueRttMs: v.optional(v.number()),
  interval95Ms: v.optional(v.nullable(v.tuple([v.number(), v.number()]))),
});

/**
 * The probes of earlier calibrations, from what `--samples` wrote: so that a grid can be run in pieces. Probes that failed have no
 * number and are left out.
 *
 * @throws {UsageError} a file cannot be read, is none of these or is empty, or there is no number in all of them
 */
export async function readCalibrationSamples(files: readonly string[]): Promise<CalibrationSample[]> {
  const samples: CalibrationSample[] = [];
  for (const file of files) {
    const text = await read(file);
    // A piece that came to nothing must not go unnoticed among others.
    if (text.trim() === "")
      throw new UsageError(`${file} is empty: no probe was written to it. Run calibrate --samples again.`);
    const lines = text.split("\n");
    for (const [i, line] of lines.entries()) {
      if (line.trim() === "") continue;
      const parsed = v.safeParse(probeSchema, parse(line));
      if (!parsed.success) throw new UsageError(`${file}, line ${i + 1}: no probe of a calibration.`);
      const { failure, rttMs, rawRttMs, trueRttMs, interval95Ms = null } = parsed.output;
      if (failure !== null || rttMs === undefined || rawRttMs === undefined || trueRttMs === undefined)
        continue;
      const cell = parsed.output.cell as CalibrationSample["cell"];
      samples.push({ cell, rttMs, rawRttMs, trueRttMs, interval95Ms });
    }
  }
  if (samples.length === 0)
    throw new UsageError(`no probe in ${files.join(", ")} gave a number: all failed. Run calibrate again.`);
  return samples;
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${reasonOf(error)}`);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
