import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PendingPings } from "./pendingPings.js";

describe("PendingPings", () => {
  it("reads an RTT of 1.5 s as 1.5 s, though later pings have left in between", () => {
    const pings = new PendingPings(2000);
    pings.sent(0, 0);
    pings.sent(1, 1000);
    expect(pings.answered(0, 1500)).toBe(1500);
    expect(pings.answered(1, 2500)).toBe(1500);
  });

  it("takes an answer that comes after the timeout for a lost ping", () => {
    const pings = new PendingPings(2000);
    pings.sent(0, 0);
    expect(pings.answered(0, 2001)).toBeNull();
    expect(pings.expire(2001)).toEqual([0]);
    expect(pings.expire(9999)).toEqual([]);
  });

  it("ignores answers to pings that were never sent, and second answers", () => {
    const pings = new PendingPings(2000);
    pings.sent(0, 0);
    expect(pings.answered(7, 10)).toBeNull();
    expect(pings.answered(0, 10)).toBe(10);
    expect(pings.answered(0, 11)).toBeNull();
  });

  it("counts every ping exactly once, answered or lost, in whatever order answers come", () => {
    const ping = fc.record({
      sentAt: fc.nat(5000),
      delay: fc.nat(4000),
      copies: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(ping, { maxLength: 40 }), (sent) => {
        const pings = new PendingPings(2000);
        const events = sent.flatMap(({ sentAt, delay, copies }, seq) => [
          { at: sentAt, seq, isAnswer: false },
          ...Array.from({ length: copies }, (_, n) => ({ at: sentAt + delay + n, seq, isAnswer: true })),
        ]);
        let answered = 0;
        for (const { at, seq, isAnswer } of events.sort((a, b) => a.at - b.at)) {
          if (!isAnswer) pings.sent(seq, at);
          else if (pings.answered(seq, at) !== null) answered += 1;
        }
        expect(answered + pings.expire(100_000).length).toBe(sent.length);
        expect(pings.size).toBe(0);
      }),
    );
  });
});
