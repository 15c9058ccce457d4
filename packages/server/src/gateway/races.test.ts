import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GatewayRig } from "../../test/gatewayRig.js";
import type { LogStore } from "../journal/logs.js";
import { createMemoryStore } from "../journal/memoryJournal.js";
import { scene } from "../scene/scene.js";

/** A real journal that takes as long for facts as a test wants. */
class SlowStore {
  readonly store: LogStore = createMemoryStore();
  #open: Promise<void> = Promise.resolve();
  #release: () => void = () => {};
  #onWaiting: () => void = () => {};

  constructor() {
    const original = this.store.scene.bind(this.store);
    this.store.scene = async (sceneId) => {
      const journal = await original(sceneId);
      const append = journal.appendFacts.bind(journal);
      journal.appendFacts = async (facts, at) => {
        this.#onWaiting();
        await this.#open;
        return append(facts, at);
      };
      return journal;
    };
  }

  hold(): void {
    this.#open = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  /** Resolves when the next fact waits for the journal. */
  nextWaits(): Promise<void> {
    return new Promise((resolve) => {
      this.#onWaiting = resolve;
    });
  }

  go(): void {
    this.#release();
  }
}

let slow: SlowStore;
let rig: GatewayRig;
beforeEach(async () => {
  slow = new SlowStore();
  rig = await GatewayRig.start({ scenes: [scene("eight").groupSize(8)], store: slow.store });
});
afterEach(() => {
  slow.go();
  return rig.close();
});

/** What the log says about the participant's connection, in order. */
const story = () =>
  rig.events.filter((e) => "participantId" in e && e.participantId === "a").map((e) => e.type.split(".")[1]);
const untilAlone = async (connections: number) => {
  while (rig.gateway.connections !== connections) await new Promise((resolve) => setTimeout(resolve, 1));
};

describe("while the journal is slow", () => {
  it("a page that goes before its arrival is written is written off right after it", async () => {
    slow.hold();
    const waits = slow.nextWaits();
    const page = rig.page({ participantId: "a" });
    await waits;
    page.close();
    while (rig.gateway.io.engine.clientsCount > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    slow.go();
    await rig.event("participant.disconnected", "a");
    expect(story()).toEqual(["arrived", "disconnected"]);
  });

  it("an old page that goes while the new one arrives does not count against the participant", async () => {
    const old = await rig.welcomed("a", { fresh: false });
    slow.hold();
    const waits = slow.nextWaits();
    const page = rig.page({ participantId: "a" });
    await waits;
    old.close();
    await untilAlone(0);
    slow.go();
    await page.next("welcome");
    await page.next("waiting");
    await page.settled();
    expect(story()).toEqual(["arrived", "disconnected", "reconnected"]);
    expect(rig.scene.viewOf("a")).toEqual({ status: "waiting" });
  });

  it("a new page that comes while the old one's end is being written is here in the end", async () => {
    const old = await rig.welcomed("a");
    slow.hold();
    const waits = slow.nextWaits();
    old.close();
    await waits;
    const page = rig.page({ participantId: "a", fresh: false });
    await new Promise<void>((resolve) => page.socket.io.engine.once("open", () => resolve()));
    slow.go();
    expect(await page.next("welcome")).toMatchObject({ resumed: true });
    await page.settled();
    expect(story()).toEqual(["arrived", "disconnected", "reconnected"]);
  });

  it("the gateway closes without waiting for it, and a page that was arriving is not let in", async () => {
    slow.hold();
    const waits = slow.nextWaits();
    const page = rig.page({ participantId: "a" });
    await waits;
    await rig.gateway.close();
    slow.go();
    await rig.event("participant.arrived", "a");
    expect(page.all("welcome")).toEqual([]);
    expect(story()).toEqual(["arrived"]);
  });
});
