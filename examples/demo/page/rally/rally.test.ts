import { describe, expect, it } from "vitest";
import { decode, encode, type RallyMessage } from "./message.js";
import { acrossAt, Rally } from "./rally.js";

const STEP_MS = 10;

/** Two sides with a constant delay between them, on a virtual clock. */
function twoSides(roundTripMs: number) {
  const inFlight: { at: number; to: 0 | 1; message: RallyMessage }[] = [];
  let now = 0;
  const sides = [0, 1].map(
    (seat) =>
      new Rally(
        seat === 0,
        (message) => inFlight.push({ at: now + roundTripMs / 2, to: seat === 0 ? 1 : 0, message }),
        () => 0.5,
      ),
  ) as [Rally, Rally];
  for (const side of sides) side.receive({ t: "hello", visible: true });
  return {
    sides,
    run(ms: number, each: () => void) {
      for (const end = now + ms; now < end; now += STEP_MS) {
        for (const due of inFlight.filter(({ at }) => at <= now)) {
          inFlight.splice(inFlight.indexOf(due), 1);
          sides[due.to].receive(due.message);
        }
        each();
        for (const side of sides) side.step(STEP_MS, roundTripMs);
      }
    },
  };
}

describe("a rally", () => {
  for (const roundTripMs of [0, 40, 300]) {
    it(`goes on for as long as both strike, at a round trip of ${roundTripMs} ms`, () => {
      const { sides, run } = twoSides(roundTripMs);
      run(60_000, () => {
        for (const side of sides) side.paddle = side.landing ?? side.paddle;
      });
      expect(sides[0].total + sides[1].total).toBeGreaterThan(30);
      expect(Math.abs(sides[0].best - sides[1].best)).toBeLessThanOrEqual(1);
    });

    it(`never makes a ball stand still at the far line, at a round trip of ${roundTripMs} ms`, () => {
      const { sides, run } = twoSides(roundTripMs);
      let heldMs = 0;
      let longestMs = 0;
      run(30_000, () => {
        for (const side of sides) side.paddle = side.landing ?? side.paddle;
        const [mine] = sides;
        heldMs = mine.phase === "out" && mine.ball()?.x === 1 ? heldMs + STEP_MS : 0;
        longestMs = Math.max(longestMs, heldMs);
      });
      expect(longestMs).toBeLessThanOrEqual(5 * STEP_MS);
    });
  }

  it("gives the serve to the side that missed", () => {
    const { sides, run } = twoSides(40);
    const seen = new Set<string>();
    run(4000, () => {
      sides[1].paddle = sides[1].landing === null ? 0.5 : (sides[1].landing + 0.5) % 1;
      if (sides[0].phase === "partnerServes") seen.add(sides[1].phase);
    });
    expect([...seen]).toContain("serving");
    expect(sides[0].phase === "serving").toBe(false);
  });

  it("begins anew with a serve when the two greet each other again, in whatever state one of them had it", () => {
    const { sides, run } = twoSides(40);
    run(5000, () => {});
    for (const side of sides) side.receive({ t: "hello", visible: true });
    expect(sides.map(({ phase }) => phase)).toEqual(["serving", "partnerServes"]);
  });

  it("stands still while it is not running", () => {
    const { sides, run } = twoSides(40);
    run(2000, () => {});
    for (const side of sides) side.running = false;
    const before = sides.map((side) => side.ball());
    run(5000, () => {});
    expect(sides.map((side) => side.ball())).toEqual(before);
  });

  it("keeps a ball between the side lines", () => {
    for (const drift of [-3.3, -0.9, 0.4, 2.7]) {
      for (let t = 0; t <= 1; t += 0.05) {
        const y = acrossAt({ y: 0.3, drift }, t);
        expect(y).toBeGreaterThanOrEqual(0);
        expect(y).toBeLessThanOrEqual(1);
      }
    }
  });
});

describe("messages of a rally", () => {
  it("come out as they went in", () => {
    const messages: RallyMessage[] = [
      { t: "hello", visible: true },
      { t: "shot", n: 3, y: 0.25, drift: -0.5, durationMs: 1365 },
      { t: "paddle", y: 0.75 },
      { t: "miss" },
      { t: "bye" },
    ];
    for (const message of messages) expect(decode(encode(message))).toEqual(message);
  });

  it("are nothing when they are not of this game", () => {
    const strange = [
      "",
      "{",
      "null",
      "[]",
      '{"t":"shot"}',
      '{"t":"shot","n":1,"y":9,"drift":0,"durationMs":1000}',
      '{"t":"paddle","y":null}',
      new ArrayBuffer(8),
      `{"t":"miss","x":"${"x".repeat(600)}"}`,
    ];
    for (const data of strange) expect(decode(data)).toBeNull();
  });
});
