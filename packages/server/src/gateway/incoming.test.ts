import { clientMessages } from "@probematch/shared";
import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { misfit, readIncoming } from "./incoming.js";

describe("reading a message", () => {
  it("takes name and payload, and no notice of an acknowledgement", () => {
    const known = { status: "known", event: "echo", payload: { seq: 1 } };
    expect(readIncoming(["echo", { seq: 1 }])).toEqual(known);
    expect(readIncoming(["echo", { seq: 1 }, () => {}])).toEqual(known);
  });

  it.each([[["nonsense", {}]], [["__proto__", {}]], [["constructor", {}]], [[7, {}]], [[]]])(
    "refuses a name that the protocol does not have: %j",
    (args) => {
      expect(readIncoming(args)).toMatchObject({ status: "refused", code: "unknown_message" });
    },
  );

  it.each([[["leave"]], [["leave", {}, {}]], [["leave", () => {}]], [["echo", { seq: 1 }, 2, () => {}]]])(
    "refuses any number of arguments but one: %j",
    (args) => {
      expect(readIncoming(args)).toMatchObject({ status: "refused", code: "bad_message" });
    },
  );

  it("does not throw, whatever comes", () => {
    fc.assert(fc.property(fc.array(fc.anything()), (args) => void readIncoming(args)));
  });
});

describe("a payload that does not fit", () => {
  const why = (name: keyof typeof clientMessages, payload: unknown) => {
    const parsed = v.safeParse(clientMessages[name], payload);
    return parsed.success ? null : misfit(payload, parsed.issues);
  };

  it("is too large where it is one of ours with too much in it", () => {
    const signal = { type: "offer", sdp: "x".repeat(40_000) };
    expect(why("probeSignal", { probeId: "p", signal })?.code).toBe("too_large");
    expect(
      why("linkReport", { matchId: "m", links: Array(9).fill({ probeId: "p", rttMs: 1, lost: 0 }) }),
    ).toMatchObject({ code: "too_large" });
  });

  it("is too large where it is anything larger than a message may be", () => {
    expect(why("echo", { seq: "x".repeat(70_000) })?.code).toBe("too_large");
    expect(why("echo", Buffer.alloc(70_000))?.code).toBe("too_large");
  });

  it("is bad otherwise, and is not repeated in the answer", () => {
    expect(why("probeReady", { probeId: "spaces are not allowed" })).toEqual({
      code: "bad_message",
      detail: "Wrong or missing: probeId.",
    });
    let deep: unknown = 0;
    for (let i = 0; i < 20_000; i += 1) deep = [deep];
    expect(why("echo", { seq: deep })?.code).toBe("bad_message");
  });
});
