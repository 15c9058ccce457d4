import { describe, expect, test } from "vitest";
import { FifoMatchmaker } from "./fifo.js";
import { GroupReunionMatchmaker } from "./groupReunion.js";
import { LatencyFifoMatchmaker } from "./latencyFifo.js";
import { matchmakerFromDescription, matchmakerNames } from "./registry.js";

function made(description: unknown) {
  const described = matchmakerFromDescription(description);
  if (described.status !== "ok") throw new Error(described.problems.join("\n"));
  return described.matchmaker;
}

function problems(description: unknown): readonly string[] {
  const described = matchmakerFromDescription(description);
  return described.status === "ok" ? [] : described.problems;
}

describe("a matchmaker described in a configuration", () => {
  test("is made with its options", () => {
    expect(made("fifo")).toBeInstanceOf(FifoMatchmaker);
    expect(made({ name: "fifo", maxP2pRttMs: 150 }).maxP2pRttMs).toBe(150);
    expect(made({ name: "fifo", maxP2pRttMs: null }).maxP2pRttMs).toBeNull();
    const latency = made({ name: "latency-fifo", maxServerRttMs: 200, maxP2pRttMs: 150 });
    expect(latency).toBeInstanceOf(LatencyFifoMatchmaker);
    expect(latency.describe()).toEqual({ name: "LatencyFIFO", maxServerRttMs: 200, maxP2pRttMs: 150 });
  });

  test("needs a limit where the matchmaker is about one", () => {
    expect(made({ name: "lowest-latency", maxP2pRttMs: 100 }).describe()).toEqual({
      name: "LowestLatency",
      maxP2pRttMs: 100,
      patienceMs: 300_000,
    });
    expect(problems({ name: "lowest-latency" })[0]).toContain("maxP2pRttMs");
  });

  test("may have another one as its fallback", () => {
    const reunion = made({
      name: "group-reunion",
      fallback: { name: "latency-fifo", maxServerRttMs: 200, maxP2pRttMs: 90 },
      waitForPartnersMs: 60_000,
    });
    expect(reunion).toBeInstanceOf(GroupReunionMatchmaker);
    expect(reunion.describe()).toEqual({
      name: "GroupReunion",
      maxP2pRttMs: 90,
      waitForPartnersMs: 60_000,
      fallback: { name: "LatencyFIFO", maxServerRttMs: 200, maxP2pRttMs: 90 },
    });
    expect(made({ name: "group-reunion", fallback: "fifo" }).describe()).toMatchObject({
      fallback: { name: "FIFO" },
    });
  });

  test("with an unknown name is answered with the nearest one and the list of all", () => {
    expect(problems("latencyfifo")).toEqual([
      'There is no matchmaker named "latencyfifo". Did you mean "latency-fifo"? Known: "fifo", "latency-fifo", "lowest-latency", "group-reunion".',
    ]);
    expect(problems({ name: "GroupReunionMatchmaker" })[0]).toContain('"group-reunion"?');
    expect(problems({ name: "elo" })[0]).not.toContain("Did you mean");
    for (const name of matchmakerNames) expect(problems("?")[0]).toContain(`"${name}"`);
  });

  test.each([["toString"], ["__proto__"], ["constructor"]])("named %s is unknown like any other", (name) => {
    expect(problems({ name })[0] ?? problems(name)[0]).toContain("There is no matchmaker");
  });

  test("is told every mistake at once", () => {
    expect(
      problems({ name: "latency-fifo", maxP2pRtt: 100, maxP2pRttMs: "150", maxServerRttMs: -1 }),
    ).toEqual([
      'Matchmaker "latency-fifo": there is no option "maxP2pRtt". Did you mean maxP2pRttMs?',
      'Matchmaker "latency-fifo": maxServerRttMs has to be a number of milliseconds, 0 or more, but it is -1.',
      'Matchmaker "latency-fifo": maxP2pRttMs has to be a number of milliseconds, 0 or more, or null for no limit, but it is "150".',
    ]);
  });

  test("is told what is wrong within its fallback", () => {
    const [problem] = problems({ name: "group-reunion", fallback: { name: "latency-fifo" } });
    expect(problem).toContain("fallback: ");
    expect(problem).toContain("maxServerRttMs");
  });

  test.each([[42], [null], [[]], [undefined], [{}]])(
    "that is %j is refused with a sentence",
    (description) => {
      expect(problems(description)).toHaveLength(1);
    },
  );
});
