import type { Signal } from "@probematch/shared";

export interface UdpAddress {
  readonly address: string;
  readonly port: number;
}

/**
 * Replaces every network address a WebRTC signal tells by one host candidate at `target`, so that the other browser
 * can reach this one only through there. STUN's integrity check does not cover candidates, so nothing breaks.
 *
 * mDNS names, server-reflexive, relayed and TCP candidates are replaced alike; the marker for the end of candidates
 * stays.
 */
export function redirectSignal(signal: Signal, target: UdpAddress): Signal {
  if (signal.type === "candidate") {
    const { candidate } = signal;
    return {
      type: "candidate",
      candidate: { ...candidate, candidate: redirectCandidate(candidate.candidate, target) },
    };
  }
  return { type: signal.type, sdp: redirectSdp(signal.sdp, target) };
}

/** One candidate line without `a=`; an empty one (the end of candidates) stays as it is. */
export function redirectCandidate(candidate: string, target: UdpAddress): string {
  if (candidate.trim() === "") return candidate;
  const ufrag = / ufrag (\S+)/.exec(candidate)?.[1];
  const line = `candidate:1 1 udp 2122260223 ${target.address} ${target.port} typ host generation 0`;
  return ufrag === undefined ? line : `${line} ufrag ${ufrag}`;
}

function redirectSdp(sdp: string, target: UdpAddress): string {
  let redirected = false;
  const lines: string[] = [];
  for (const line of sdp.split(/\r\n|\n/)) {
    if (line.startsWith("m=")) redirected = false;
    if (!line.startsWith("a=candidate:")) {
      lines.push(line);
    } else if (!redirected) {
      // One candidate a media section is enough: all of them would name the same address.
      lines.push(`a=${redirectCandidate(line.slice("a=".length), target)}`);
      redirected = true;
    }
  }
  return lines.join("\r\n");
}
