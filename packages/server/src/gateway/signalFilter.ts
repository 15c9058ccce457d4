import type { Signal } from "@probematch/shared";

/**
 * For scenes with `relayOnly`: takes everything out of a signal that could show a participant's address to a
 * peer. The page does so already (`iceTransportPolicy: "relay"`); this is the server's own lock on the same door.
 *
 * Kept are TURN candidates, with their related address (the sender's own, RFC 8839 section 5.1) blanked.
 *
 * @returns the signal without addresses; `null` when nothing of it is left to relay
 */
export function keepRelayCandidates(signal: Signal): Signal | null {
  if (signal.type !== "candidate") {
    return { type: signal.type, sdp: filterSdp(signal.sdp) };
  }
  const { candidate } = signal;
  // An empty candidate says that there are no more.
  if (candidate.candidate === "") return signal;
  const kept = filterCandidate(candidate.candidate);
  return kept === null ? null : { type: "candidate", candidate: { ...candidate, candidate: kept } };
}

const CANDIDATE = /^(?:a=)?candidate:/;
/** The place of `typ` among a candidate's fields, see RFC 8839 section 5.1. Only there does it mean the type. */
const TYP_FIELD = 6;

function filterCandidate(line: string): string | null {
  // One line only: what follows a line break would be a line of the session description.
  if (/[\r\n]/.test(line) || !CANDIDATE.test(line)) return null;
  const fields = line.trim().split(/\s+/);
  if (fields[TYP_FIELD] !== "typ" || fields[TYP_FIELD + 1] !== "relay") return null;
  return fields
    .map((field, index) => {
      if (fields[index - 1] === "raddr") return "0.0.0.0";
      return fields[index - 1] === "rport" ? "0" : field;
    })
    .join(" ");
}

/** The session's own lines carry the address of the default candidate, which is not always the relay's. */
function filterSdp(sdp: string): string {
  const lines: string[] = [];
  for (const line of sdp.split(/\r\n|\r|\n/)) {
    if (CANDIDATE.test(line)) {
      const kept = filterCandidate(line);
      if (kept !== null) lines.push(kept);
    } else if (!line.startsWith("a=remote-candidates:")) {
      lines.push(blankAddress(line));
    }
  }
  return lines.join("\r\n");
}

function blankAddress(line: string): string {
  if (line.startsWith("o=") || line.startsWith("c=") || line.startsWith("a=rtcp:")) {
    return line.replace(/\bIN\s+IP[46]\s+\S+/, "IN IP4 0.0.0.0");
  }
  // Port 9 with address 0.0.0.0 means "see the candidates" (RFC 8839, section 4.2.1.2); port 0 means "refused".
  return line.replace(/^(m=\S+) (?!0 )\d+ /, "$1 9 ");
}
