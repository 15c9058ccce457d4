import type { Signal } from "@probematch/shared";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keepRelayCandidates } from "./signalFilter.js";

const HOST = "candidate:1 1 udp 2122260223 192.168.7.42 50000 typ host generation 0 ufrag abcd";
const MDNS = "candidate:1 1 udp 2122260223 0b1c.local 50000 typ host";
const SRFLX = "candidate:2 1 udp 1686052607 203.0.113.9 50000 typ srflx raddr 192.168.7.42 rport 50000";
const RELAY =
  "candidate:3 1 udp 41885439 198.51.100.1 60000 typ relay raddr 203.0.113.9 rport 50000 ufrag abcd";
const RELAY_BLANKED =
  "candidate:3 1 udp 41885439 198.51.100.1 60000 typ relay raddr 0.0.0.0 rport 0 ufrag abcd";

const trickled = (candidate: string): Signal => ({
  type: "candidate",
  candidate: { candidate, sdpMid: "0", sdpMLineIndex: 0 },
});
const sdp = (...lines: string[]) =>
  [
    "v=0",
    "o=- 46117 2 IN IP4 192.168.7.42",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    "m=application 50000 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP6 2001:db8::42",
    "a=rtcp:50001 IN IP4 192.168.7.42",
    ...lines,
    "a=ice-ufrag:abcd",
    "a=mid:0",
    "",
  ].join("\r\n");

describe("with relayOnly, the server's filter for signals", () => {
  it.each([HOST, MDNS, SRFLX, `a=${HOST}`, "nonsense 192.168.7.42"])(
    "drops the candidate %s",
    (candidate) => {
      expect(keepRelayCandidates(trickled(candidate))).toBeNull();
    },
  );

  it("lets a TURN candidate through without the address it was asked from", () => {
    expect(keepRelayCandidates(trickled(RELAY))).toEqual(trickled(RELAY_BLANKED));
  });

  it("lets the end of candidates through", () => {
    expect(keepRelayCandidates(trickled(""))).toEqual(trickled(""));
  });

  it("does not take a host candidate for a relay because it says so elsewhere", () => {
    expect(keepRelayCandidates(trickled(`${HOST} typ relay`))).toBeNull();
    expect(keepRelayCandidates(trickled(`${RELAY}\r\na=${HOST}`))).toBeNull();
  });

  it("takes every address of the participant out of a session description and keeps the rest", () => {
    const filtered = keepRelayCandidates({
      type: "offer",
      sdp: sdp(`a=${HOST}`, `a=${RELAY}`, `a=${SRFLX}`, "a=remote-candidates:1 192.168.7.42 50000"),
    });
    expect(filtered).toEqual({
      type: "offer",
      sdp: [
        "v=0",
        "o=- 46117 2 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:50001 IN IP4 0.0.0.0",
        `a=${RELAY_BLANKED}`,
        "a=ice-ufrag:abcd",
        "a=mid:0",
        "",
      ].join("\r\n"),
    });
  });

  it("leaves a refused media section refused", () => {
    const refused = "v=0\r\nm=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n";
    expect(keepRelayCandidates({ type: "answer", sdp: refused })).toEqual({ type: "answer", sdp: refused });
  });

  it("lets no private address through, whatever the mixture of candidates and line ends", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(HOST, SRFLX, RELAY, MDNS)),
        fc.constantFrom("\r\n", "\n", "\r"),
        (candidates, end) => {
          const text = sdp(...candidates.map((c) => `a=${c}`)).replaceAll("\r\n", end);
          const filtered = JSON.stringify(keepRelayCandidates({ type: "answer", sdp: text }));
          expect(filtered).not.toMatch(/192\.168|203\.0\.113|2001:db8|\.local/);
          const relays = candidates.filter((c) => c === RELAY).length;
          expect(filtered.split("typ relay")).toHaveLength(relays + 1);
        },
      ),
    );
  });
});
