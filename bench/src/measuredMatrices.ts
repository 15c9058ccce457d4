import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { type LatencyMatrix, parseLatencyMatrix } from "@probematch/server/core";

interface MeasuredMatrix {
  /** Its file's name without the ending. */
  readonly matrix: string;
  readonly latencies: LatencyMatrix;
}

/**
 * The matrices of a folder, by name; what had to be repaired or left out is said on standard error.
 *
 * @throws {InvalidArgumentError} when there is no such folder, or no matrix in it
 */
export function* measuredMatrices(folder: string): Generator<MeasuredMatrix> {
  let found = false;
  for (const file of csvFilesIn(folder)) {
    const latencies = readMatrix(join(folder, file));
    if (latencies === null) continue;
    found = true;
    yield { matrix: basename(file, ".csv"), latencies };
  }
  if (!found) throw new InvalidArgumentError(`${folder} has no matrix in a *.csv file.`);
}

function csvFilesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".csv"))
      .sort();
  } catch (error) {
    throw new InvalidArgumentError(`--latency: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `null` for a file that is no matrix, such as a list of places beside one. */
function readMatrix(file: string): LatencyMatrix | null {
  try {
    const matrix = parseLatencyMatrix(readFileSync(file, "utf8"));
    const { droppedNodes, filledCells } = matrix.repairs;
    if (droppedNodes + filledCells > 0)
      process.stderr.write(
        `${file}: ${droppedNodes} dead nodes left out, ${filledCells} missing pairs filled in\n`,
      );
    return matrix;
  } catch (error) {
    process.stderr.write(`${file} is left out: ${error instanceof Error ? error.message : String(error)}\n`);
    return null;
  }
}
