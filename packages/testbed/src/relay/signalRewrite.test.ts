import { describe, expect, it } from "vitest";
import { redirectCandidate, redirectSignal } from "./signalRewrite.js";

const target = { address: "127.0.0.1", port: 4000 };
const redirected = "candidate:1 1 udp 2122260223 127.0.0.1 4000 typ host generation 0";

describe("a redirected signal", () => {
  it.each([
    "candidate:1 1 udp 2113937151 3f1c.local 50001 typ host generation 0 ufrag aB+/ network-cost 999",
    "candidate:2 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active generation 0 ufrag aB+/",
    "candidate:3 1 udp 1677729535 198.51.100.2 5 typ srflx raddr 192.0.2.7 rport 4 generation 0 ufrag aB+/",
    "candidate:4 1 UDP 41885439 203.0.113.9 6 typ relay raddr 198.51.100.2 rport 5 ufrag aB+/",
  ])("names no address but the relay's and keeps the ICE user fragment: %s", (candidate) => {
    expect(redirectCandidate(candidate, target)).toBe(`${redirected} ufrag aB+/`);
  });

  it("keeps the marker for the end of candidates", () => {
    expect(redirectCandidate("", target)).toBe("");
  });

  it("keeps one candidate per media section of a description, and everything else", () => {
    const sdp = [
      "v=0",
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
      "a=candidate:1 1 udp 1 192.0.2.7 1 typ host",
      "a=candidate:2 1 udp 1 192.0.2.8 2 typ host",
      "a=ice-ufrag:x",
      "m=audio 9 UDP/TLS/RTP/SAVPF 111",
      "a=candidate:3 1 udp 1 192.0.2.9 3 typ host",
      "",
    ].join("\r\n");
    const signal = redirectSignal({ type: "offer", sdp }, target);
    expect(signal).toEqual({
      type: "offer",
      sdp: [
        "v=0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        `a=${redirected}`,
        "a=ice-ufrag:x",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        `a=${redirected}`,
        "",
      ].join("\r\n"),
    });
  });
});
