import type { ConfigProblem } from "./configError.js";

interface Rules {
  readonly groupSize: number;
  readonly waitroom: { readonly capacity: number | null };
  readonly probing: {
    readonly pings: number;
    readonly warmupPings: number;
    readonly spacingMs: number;
    readonly pingTimeoutMs: number;
    readonly readyTimeoutMs: number;
    readonly timeoutMs: number;
    readonly backOffBaseMs: number;
    readonly backOffMaxMs: number;
    readonly relayOnly: boolean;
    readonly acceptRelayed: boolean;
  };
}

/** Settings that are right one by one and together can never make a match. */
export function contradictions(path: string, { groupSize, waitroom, probing }: Rules): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { capacity } = waitroom;
  if (capacity !== null && capacity < groupSize) {
    problems.push({
      path: `${path}.waitroom.capacity`,
      problem: `${capacity} waiting participants never make a group of ${groupSize} (groupSize).`,
    });
  }
  if (probing.readyTimeoutMs > probing.timeoutMs) {
    problems.push({
      path: `${path}.probing.readyTimeoutMs`,
      problem: `${probing.readyTimeoutMs} ms to get ready is longer than the whole probe may take (timeoutMs, ${probing.timeoutMs} ms).`,
    });
  }
  const longestMs = (probing.warmupPings + probing.pings - 1) * probing.spacingMs + probing.pingTimeoutMs;
  if (longestMs > probing.timeoutMs) {
    problems.push({
      path: `${path}.probing.timeoutMs`,
      problem:
        `a measurement may take ${longestMs} ms (warmupPings + pings at spacingMs, and pingTimeoutMs for the last one), ` +
        `but the probe has to be over in ${probing.timeoutMs} ms.`,
    });
  }
  if (probing.backOffBaseMs > probing.backOffMaxMs) {
    problems.push({
      path: `${path}.probing.backOffBaseMs`,
      problem: `the first rest (${probing.backOffBaseMs} ms) is longer than the longest one (backOffMaxMs, ${probing.backOffMaxMs} ms).`,
    });
  }
  if (probing.relayOnly && !probing.acceptRelayed) {
    problems.push({
      path: `${path}.probing.acceptRelayed`,
      problem:
        "with relayOnly every connection is relayed, so that acceptRelayed: false turns every pair down.",
    });
  }
  return problems;
}
