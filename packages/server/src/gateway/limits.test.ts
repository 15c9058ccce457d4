import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { clientAddress, JoinLimiter } from "./joinLimiter.js";
import { MessageBudget } from "./messageBudget.js";

describe("a page's message budget", () => {
  it("lets a burst through, then a steady rate", () => {
    let now = 0;
    const budget = new MessageBudget(10, 5, () => now);
    expect(Array.from({ length: 11 }, () => budget.take())).toEqual([...Array(10).fill("ok"), "refuse"]);
    now = 1000;
    expect(Array.from({ length: 6 }, () => budget.take())).toEqual([...Array(5).fill("ok"), "drop"]);
  });

  it("answers a flood rarely, and ends it when it does not stop", () => {
    const budget = new MessageBudget(10, 5, () => 0);
    const answers = Array.from({ length: 62 }, () => budget.take());
    expect(answers.filter((a) => a === "refuse")).toHaveLength(5);
    expect(answers.indexOf("disconnect")).toBe(60);
  });
});

describe("the join limits", () => {
  const limits = { joinsPerMinutePerParticipant: 2, joinsPerMinutePerAddress: 3 };

  it("count participants by scene", async () => {
    const limiter = new JoinLimiter(limits);
    const join = (scene: string, id: string) => limiter.admitParticipant(scene, id);
    expect([await join("s", "a"), await join("s", "a"), await join("s", "a")]).toEqual([true, true, false]);
    expect([await join("t", "a"), await join("s", "b")]).toEqual([true, true]);
  });

  it("do not count a connection that failed through the server's fault", async () => {
    const limiter = new JoinLimiter(limits);
    for (let i = 0; i < 20; i += 1) {
      expect(await limiter.admitParticipant("s", "a")).toBe(true);
      await limiter.forgive("s", "a");
    }
  });

  it("count addresses", async () => {
    const limiter = new JoinLimiter(limits);
    const joins = [1, 2, 3, 4].map(() => limiter.admitAddress("192.0.2.1"));
    expect(await Promise.all(joins)).toEqual([true, true, true, false]);
  });
});

describe("the address a connection is counted under", () => {
  const request = (forwarded?: string) =>
    ({
      socket: { remoteAddress: "10.0.0.9" },
      headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
    }) as IncomingMessage;

  it("is the socket's own, whatever a page writes into its headers", () => {
    expect(clientAddress(request("1.2.3.4"), 0)).toBe("10.0.0.9");
  });

  it("is the one that the trusted proxies saw", () => {
    expect(clientAddress(request("6.6.6.6, 1.2.3.4"), 1)).toBe("1.2.3.4");
    expect(clientAddress(request("6.6.6.6, 1.2.3.4, 10.0.0.1"), 2)).toBe("1.2.3.4");
    expect(clientAddress(request(), 1)).toBe("10.0.0.9");
  });
});
