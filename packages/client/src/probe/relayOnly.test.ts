import type { Signal } from "@probematch/shared";
import { describe, expect, it } from "vitest";
import { withoutOwnAddresses } from "./relayOnly.js";

const candidate = (line: string): Signal => ({
  type: "candidate",
  candidate: { candidate: line, sdpMid: "0" },
});

const description: Signal = {
  type: "offer",
  sdp: [
    "v=0",
    "o=- 4611731400430051336 2 IN IP4 192.0.2.17",
    "c=IN IP4 192.0.2.17",
    "a=rtcp:9 IN IP6 2001:db8::17",
    "a=candidate:1 1 udp 2122260223 192.0.2.17 50000 typ host generation 0",
    "a=candidate:2 1 udp 1686052607 198.51.100.7 50000 typ srflx raddr 192.0.2.17 rport 50000",
    "a=candidate:3 1 udp 41885439 203.0.113.9 60000 typ relay raddr 198.51.100.7 rport 50000 generation 0",
    "a=ice-ufrag:host",
    "",
  ].join("\r\n"),
};

describe("withoutOwnAddresses", () => {
  it.each([
    "candidate:1 1 udp 2122260223 192.0.2.17 50000 typ host generation 0",
    "candidate:2 1 udp 1686052607 198.51.100.7 50000 typ srflx raddr 192.0.2.17 rport 50000",
    "candidate:4 1 udp 1686052607 198.51.100.7 50000 typ prflx raddr 192.0.2.17 rport 50000",
    "candidate:5 1 udp 2122260223 0b3c6b6e-7b3f-4b0e.local 50000 typ host",
  ])("holds back a candidate that is not a relay's: %s", (line) => {
    expect(withoutOwnAddresses(candidate(line))).toBeNull();
  });

  it("blanks the related address of a relay candidate, in both address families", () => {
    const text = (line: string) => JSON.stringify(withoutOwnAddresses(candidate(line)));
    const v4 = text("candidate:3 1 udp 41885439 203.0.113.9 60000 typ relay raddr 198.51.100.7 rport 50000");
    const v6 = text("candidate:3 1 udp 41885439 2001:db8::9 60000 typ relay raddr 2001:db8::17 rport 50000");
    expect(v4).toContain("203.0.113.9 60000 typ relay raddr 0.0.0.0 rport 0");
    expect(v6).toContain("2001:db8::9 60000 typ relay raddr :: rport 0");
  });

  it("leaves no address of this browser in a description, and keeps the rest", () => {
    const cleaned = withoutOwnAddresses(description);
    const sdp = cleaned?.type === "offer" ? cleaned.sdp : "";
    expect(sdp).not.toMatch(/192\.0\.2\.17|198\.51\.100\.7|2001:db8::17/);
    expect(sdp).toContain(
      "a=candidate:3 1 udp 41885439 203.0.113.9 60000 typ relay raddr 0.0.0.0 rport 0 generation 0",
    );
    expect(sdp.split("\r\n")).toEqual(
      expect.arrayContaining(["v=0", "c=IN IP4 0.0.0.0", "a=ice-ufrag:host"]),
    );
    expect(sdp.endsWith("\r\n")).toBe(true);
  });
});
