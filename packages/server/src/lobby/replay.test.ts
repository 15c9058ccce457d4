import { describe, expect, it } from "vitest";
import type { Candidate } from "../matchmakers/candidate.js";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { replay } from "./replay.js";
import { TestScene } from "./testing/scene.js";

describe("making a log's decisions again", () => {
  const lived = (changes: ConstructorParameters<typeof TestScene>[0] = {}) => {
    const t = new TestScene(changes);
    for (const id of ["ann", "bob", "cid", "dan"]) t.arrive(id);
    t.probeAll((a) => (a === "ann" ? 400 : 50));
    t.scene.advance(1000);
    t.confirmAll();
    t.probeAll(() => 60);
    t.confirmAll();
    t.scene.advance(400_000);
    return t;
  };

  it("comes to the same ones", () => {
    const t = lived();
    expect(replay(t.scene.events, t.config)).toMatchObject({ skipped: 0, differences: [] });
    expect(replay(t.scene.events, t.config).compared).toBeGreaterThan(10);
  });

  it("shows the first one that another rule would have made differently", () => {
    const t = lived();
    const stricter = { ...t.config, matchmaker: new FifoMatchmaker({ maxP2pRttMs: 40 }) };
    expect(replay(t.scene.events, stricter).differences[0]).toMatchObject({
      logged: { type: "proposal.opened", maxP2pRttMs: 150 },
      again: { type: "proposal.opened", maxP2pRttMs: 40 },
    });
  });

  it("shows a matchmaker that keeps state of its own", () => {
    class Moody extends FifoMatchmaker {
      #calls = 0;
      override findMatches(...args: Parameters<FifoMatchmaker["findMatches"]>) {
        this.#calls += 1;
        return this.#calls > 2 ? super.findMatches(...args) : [];
      }
      override allowsPair(a: Candidate, b: Candidate) {
        return a !== b;
      }
    }
    const t = lived({ matchmaker: new Moody({ maxP2pRttMs: 150 }) });
    expect(replay(t.scene.events, t.config).differences).not.toEqual([]);
  });

  it("takes over what was decided under another configuration", () => {
    const t = lived();
    const result = replay(t.scene.events, { ...t.config, configHash: "other" });
    expect(result).toMatchObject({ compared: 0, differences: [] });
    expect(result.skipped).toBeGreaterThan(10);
  });
});
