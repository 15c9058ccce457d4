import type { Signal } from "@probematch/shared";

/**
 * With `relayOnly` no address of this browser may leave the page. `iceTransportPolicy: "relay"` is meant to see to that;
 * this filter makes sure whatever the browser does: candidates of other kinds go, and with a relay candidate the
 * related address (`raddr`, where the relay saw this browser) and the address lines of a description are blanked.
 */
export function withoutOwnAddresses(signal: Signal): Signal | null {
  if (signal.type === "candidate") {
    const candidate = relayCandidate(signal.candidate.candidate);
    return candidate === null ? null : { ...signal, candidate: { ...signal.candidate, candidate } };
  }
  const lines = signal.sdp.split(/\r?\n/).flatMap((line) => {
    if (line.startsWith("a=candidate:")) return relayCandidate(line) ?? [];
    if (/^(c=|o=|a=rtcp:)/.test(line)) {
      return line.replace(/IN IP4 \S+/, "IN IP4 0.0.0.0").replace(/IN IP6 \S+/, "IN IP6 ::");
    }
    return line;
  });
  return { ...signal, sdp: lines.join("\r\n") };
}

function relayCandidate(candidate: string): string | null {
  if (!/ typ relay( |$)/.test(candidate)) return null;
  return candidate
    .replace(/ raddr \S*:\S*/, " raddr ::")
    .replace(/ raddr [^\s:]+(?= |$)/, " raddr 0.0.0.0")
    .replace(/ rport \d+/, " rport 0");
}
