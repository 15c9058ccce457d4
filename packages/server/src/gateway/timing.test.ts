import type { RttStats } from "@probematch/shared";
import { describe, expect, it, vi } from "vitest";
import { Rounds } from "./rounds.js";
import { settleServerRtt } from "./rttRule.js";
import { ServerTiming } from "./serverTiming.js";

const stats = (medianMs: number, minMs = medianMs, samples = 5): RttStats => ({
  medianMs,
  minMs,
  p95Ms: medianMs,
  jitterMs: 0,
  samples,
  lost: 0,
});

describe("the server's own timing of a connection", () => {
  function start(hurried = true) {
    let now = 1000;
    const sent: number[] = [];
    const timing = new ServerTiming(
      (seq) => sent.push(seq),
      { rounds: new Rounds(3_600_000), hurried },
      () => now,
    );
    const answerAfter = (ms: number) => {
      now += ms;
      timing.answered(sent.at(-1) ?? -1);
    };
    return { timing, sent, answerAfter };
  }

  it("has three samples as soon as the page has answered three times", () => {
    const { timing, answerAfter } = start();
    expect(timing.stats()).toBeNull();
    for (const ms of [40, 50, 60]) answerAfter(ms);
    expect(timing.stats()).toMatchObject({ samples: 3, minMs: 40, medianMs: 50 });
    timing.stop();
  });

  it("takes its time where no rule of the scene reads it", () => {
    const { timing, sent, answerAfter } = start(false);
    answerAfter(40);
    expect(timing.stats()).toMatchObject({ samples: 1, medianMs: 40 });
    expect(sent).toHaveLength(1);
    timing.stop();
  });

  it("measures an RTT of 1.5 s as 1.5 s", () => {
    const { timing, answerAfter } = start();
    answerAfter(1500);
    expect(timing.stats()?.medianMs).toBe(1500);
    timing.stop();
  });

  it("takes no answer twice, and none to an echo it did not send", () => {
    const { timing, sent, answerAfter } = start();
    answerAfter(40);
    timing.answered(sent[0] ?? -1);
    timing.answered(12_345);
    expect(timing.stats()?.samples).toBe(1);
    timing.stop();
  });

  it("counts an echo that is unanswered for ten seconds as lost", () => {
    vi.useFakeTimers();
    const sent: number[] = [];
    const rounds = new Rounds(5000);
    const timing = new ServerTiming((seq) => sent.push(seq), { rounds, hurried: true });
    timing.answered(sent[0] ?? -1);
    // The second one, sent at once, stays unanswered.
    vi.advanceTimersByTime(9000);
    expect(timing.stats()?.lost).toBe(0);
    vi.advanceTimersByTime(1000);
    expect(timing.stats()?.lost).toBe(1);
    rounds.close();
    vi.useRealTimers();
  });
});

describe("rounds", () => {
  it("call each one once in every round, those who came at different times at different times", () => {
    vi.useFakeTimers();
    const rounds = new Rounds(5000);
    const times: Record<string, number[]> = { early: [], late: [] };
    const startedAt = Date.now();
    const turns = new Map<string, number>();
    const callers = Object.entries(times).map(([name, called]) => ({
      name,
      tick: () => void called.push(Date.now() - startedAt),
    }));
    for (const caller of callers) {
      turns.set(caller.name, rounds.add(caller));
      vi.advanceTimersByTime(1250);
    }
    vi.advanceTimersByTime(13_000);
    expect(times).toEqual({ early: [5000, 10_000, 15_000], late: [6200, 11_200] });
    const [early] = callers;
    if (early !== undefined) rounds.remove(early, turns.get("early") ?? -1);
    vi.advanceTimersByTime(5000);
    expect(times["early"]).toHaveLength(3);
    rounds.close();
    vi.advanceTimersByTime(5000);
    expect(times["late"]).toHaveLength(3);
    vi.useRealTimers();
  });
});

describe("whose server RTT counts", () => {
  it("the page's, as long as the server has not seen otherwise", () => {
    expect(settleServerRtt(stats(80), null)).toEqual({ rtt: stats(80), corrected: false });
    expect(settleServerRtt(stats(80), stats(95))).toEqual({ rtt: stats(80), corrected: false });
  });

  it("the server's, when the page claims to be much nearer than any answer showed", () => {
    expect(settleServerRtt(stats(5), stats(200))).toEqual({ rtt: stats(200), corrected: true });
  });

  it("the page's, when one quick answer shows that it may be right", () => {
    expect(settleServerRtt(stats(5), stats(200, 12)).corrected).toBe(false);
  });

  it("the page's, while the server has fewer than three answers", () => {
    expect(settleServerRtt(stats(5), stats(200, 200, 2)).corrected).toBe(false);
  });

  it("the page's, when it claims to be further away", () => {
    expect(settleServerRtt(stats(400), stats(20)).corrected).toBe(false);
  });
});
