import { describe, expect, it } from "vitest";
import { pathFrom } from "./pathStats.js";

const end = (candidateType: string, more: Record<string, unknown> = {}) => ({
  type: "local-candidate",
  candidateType,
  protocol: "udp",
  address: "192.0.2.1",
  ...more,
});

function report(
  local: Record<string, unknown>,
  remote: Record<string, unknown>,
): Map<string, Record<string, unknown>> {
  return new Map<string, Record<string, unknown>>([
    ["t", { type: "transport", selectedCandidatePairId: "p" }],
    [
      "p",
      { type: "candidate-pair", localCandidateId: "l", remoteCandidateId: "r", currentRoundTripTime: 0.042 },
    ],
    ["other", { type: "candidate-pair", localCandidateId: "x", remoteCandidateId: "y", nominated: true }],
    ["l", local],
    ["r", remote],
  ]);
}

describe("pathFrom", () => {
  it("names the path after its less direct end", () => {
    expect(pathFrom(report(end("host"), end("srflx"))).path).toBe("srflx");
    expect(pathFrom(report(end("relay"), end("prflx"))).path).toBe("relay");
    expect(pathFrom(report(end("host"), end("host"))).path).toBe("host");
  });

  it("gives the protocol towards the relay for a relayed path, and the cross-check in ms", () => {
    const path = pathFrom(report(end("relay", { relayProtocol: "tls" }), end("relay")));
    expect(path).toEqual({ path: "relay", protocol: "tls", addressFamily: "ipv4", statsRttMs: 42 });
  });

  it("finds the pair that Firefox marks itself", () => {
    const firefox = report(end("host"), end("host"));
    firefox.delete("t");
    firefox.set("p", { ...firefox.get("p"), selected: true });
    expect(pathFrom(firefox).path).toBe("host");
  });

  it("takes no mDNS name for an address, and asks the other end then", () => {
    const named = end("host", { address: "0b3c6b6e.local" });
    expect(pathFrom(report(named, end("host", { address: "2001:db8::1" }))).addressFamily).toBe("ipv6");
    expect(pathFrom(report(named, named)).addressFamily).toBeNull();
  });

  it("knows nothing where the browser says nothing", () => {
    expect(pathFrom(new Map())).toEqual({
      path: null,
      protocol: null,
      addressFamily: null,
      statsRttMs: null,
    });
  });
});
