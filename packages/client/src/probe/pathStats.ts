import type { PathKind, ProbeReport } from "@probematch/shared";

type Measured = Extract<ProbeReport, { status: "measured" }>;
export type PathStats = Pick<Measured, "path" | "protocol" | "addressFamily" | "statsRttMs">;

export const unknownPath: PathStats = { path: null, protocol: null, addressFamily: null, statsRttMs: null };

/** From direct to indirect: the less direct end names the path. */
const directness: readonly PathKind[] = ["host", "srflx", "prflx", "relay"];

type Stats = Record<string, unknown>;

/** Which way the packets of a connection go, from `getStats()`; what a browser does not say is `null`. */
export async function readPath(connection: RTCPeerConnection): Promise<PathStats> {
  try {
    const all = new Map<string, Stats>();
    (await connection.getStats()).forEach((stats: Stats, id: string) => {
      all.set(id, stats);
    });
    return pathFrom(all);
  } catch {
    return unknownPath;
  }
}

/** @param all the entries of an RTCStatsReport by id */
export function pathFrom(all: ReadonlyMap<string, Stats>): PathStats {
  const pair = selectedPair(all);
  if (pair === undefined) return unknownPath;
  const ends = [all.get(String(pair["localCandidateId"])), all.get(String(pair["remoteCandidateId"]))];
  const [local] = ends;
  const kinds = ends.flatMap((end) => directness.indexOf(end?.["candidateType"] as PathKind));
  const address = ends.map((end) => end?.["address"]).find((a) => typeof a === "string" && isAddress(a));
  const protocol = local?.["candidateType"] === "relay" ? local["relayProtocol"] : local?.["protocol"];
  const rtt = pair["currentRoundTripTime"];
  return {
    path: directness[Math.max(...kinds)] ?? null,
    protocol: protocol === "udp" || protocol === "tcp" || protocol === "tls" ? protocol : null,
    addressFamily: typeof address === "string" ? (address.includes(":") ? "ipv6" : "ipv4") : null,
    statsRttMs: typeof rtt === "number" && rtt >= 0 ? rtt * 1000 : null,
  };
}

/** A name (`….local`) in place of an address says nothing about its family. */
const isAddress = (address: string): boolean => /^[\da-f.:]+$/i.test(address);

function selectedPair(all: ReadonlyMap<string, Stats>): Stats | undefined {
  const entries = [...all.values()];
  const transport = entries.find(
    (s) => s["type"] === "transport" && s["selectedCandidatePairId"] !== undefined,
  );
  if (transport !== undefined) return all.get(String(transport["selectedCandidatePairId"]));
  const pairs = entries.filter((s) => s["type"] === "candidate-pair");
  // Firefox has no transport entry and marks the pair itself.
  return (
    pairs.find((s) => s["selected"] === true) ??
    pairs.find((s) => s["nominated"] === true && s["state"] === "succeeded")
  );
}
