import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { hasRedis, quick, RedisRig, redisTitle } from "../../../test/redisRig.js";
import type { Decision, Fact, StoredEvent } from "../../lobby/events.js";
import { sourceOf } from "../conformance.js";
import type { JournalStatus, SceneJournal } from "../journal.js";
import { entryAt } from "./archive.js";
import { sceneKeys } from "./keys.js";
import type { RedisStore } from "./redisStore.js";

const NOW = 1_800_000_000_000;
const left = (participantId: string): Fact => ({ type: "participant.left", participantId });
const ended = (participantId: string): Decision => ({
  type: "participant.ended",
  participantId,
  outcome: "left",
});

interface Node {
  readonly store: RedisStore;
  readonly journal: SceneJournal;
  readonly events: StoredEvent[];
}

async function node(rig: RedisRig, nodeId: string, changes: Partial<typeof quick> = {}): Promise<Node> {
  const store = await rig.store(nodeId, changes);
  const journal = await store.scene("scene");
  const events: StoredEvent[] = [];
  await journal.open((batch) => events.push(...batch));
  return { store, journal, events };
}

/** Appends until a snapshot was taken of where the log then ends. */
async function takeSnapshot({ journal, events }: Node): Promise<void> {
  const taken = () => journal.snapshots?.offer(sourceOf(events.at(-1)?.seq ?? 0, "state"));
  do await journal.appendFacts([left("p"), left("q")], NOW);
  while (!(await taken()));
}

const status = (journal: SceneJournal, wanted: (status: JournalStatus) => boolean): Promise<void> =>
  new Promise((resolve) => {
    if (wanted(journal.status)) resolve();
    journal.onStatus((now) => {
      if (wanted(now)) resolve();
    });
  });
const leading = (journal: SceneJournal) => status(journal, (s) => s.state === "ready" && s.leads);
const ready = (journal: SceneJournal) => status(journal, (s) => s.state === "ready");

describe.skipIf(!hasRedis)(
  redisTitle("a scene's log in Redis, on several nodes,"),
  { timeout: 15_000 },
  () => {
    let rig: RedisRig;
    beforeEach(async () => {
      rig = await RedisRig.start();
    });
    afterEach(() => rig.close());

    it("is read in the same order by all of them, whoever wrote", async () => {
      const [a, b] = [await node(rig, "a"), await node(rig, "b")];
      await Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          (i % 2 === 0 ? a : b).journal.appendFacts([left(`${i}-0`), left(`${i}-1`)], NOW + (i % 7)),
        ),
      );
      await Promise.all([
        a.journal.appendFacts([left("end-a")], NOW),
        b.journal.appendFacts([left("end-b")], NOW),
      ]);
      // Each has its own last append; one more makes sure that both have read the other's.
      await a.journal.appendFacts([left("end")], NOW);
      await expect.poll(() => b.events.length).toBe(a.events.length);
      expect(b.events).toEqual(a.events);
      expect(a.events.map((event) => event.seq)).toEqual(a.events.map((_, i) => i + 1));
      expect(a.events.map((event) => event.at)).toEqual(
        a.events.map((event) => event.at).toSorted((x, y) => x - y),
      );
      expect(a.events).toHaveLength(403);
    });

    it("is decided by one of them: the other's decisions are refused", async () => {
      const [a, b] = [await node(rig, "a"), await node(rig, "b")];
      expect([a.journal.leads, b.journal.leads]).toEqual([true, false]);
      await a.journal.appendFacts([left("p")], NOW);
      expect(await b.journal.appendDecisions([ended("p")], 1, NOW)).toBe("not_leader");
      expect(await a.journal.appendDecisions([ended("p")], 1, NOW)).toBe("appended");
    });

    it("refuses the decisions of one that led and does not know that its time is over", async () => {
      const [a, b] = [await node(rig, "a"), await node(rig, "b")];
      // What a process that was paused finds: the lease has gone to another, and it has not been told.
      await rig.command("SET", "test:{scene}:lease", "1000 b", "PX", "5000");
      expect(await a.journal.appendDecisions([ended("p")], 0, NOW)).toBe("not_leader");
      expect(a.journal.leads).toBe(false);
      await leading(b.journal);
      expect(await b.journal.appendDecisions([ended("p")], 0, NOW)).toBe("appended");
    });

    it("gets another one to decide as soon as the first one closes", async () => {
      const [a, b] = [await node(rig, "a"), await node(rig, "b")];
      await a.store.close();
      await leading(b.journal);
      expect(await b.journal.appendDecisions([ended("p")], 0, NOW)).toBe("appended");
    });

    it("knows which of them live", async () => {
      const [a, b] = [await node(rig, "a"), await node(rig, "b")];
      const heard = (wanted: string[]) =>
        new Promise<void>((resolve) => {
          a.journal.nodes?.onHeard((live) => {
            if ([...live].toSorted().join() === wanted.join()) resolve();
          });
        });
      await heard(["a", "b"]);
      await b.store.close();
      await heard(["a"]);
    });

    it("goes on after Redis was killed and started again, with every event in its place once", async () => {
      const [a, b] = [await node(rig, "a"), await node(rig, "b")];
      await a.journal.appendFacts([left("before")], NOW);
      await rig.kill();
      await Promise.all([a, b].map(({ journal }) => status(journal, (s) => s.state === "unavailable")));
      await rig.restart();
      await Promise.all([ready(a.journal), ready(b.journal)]);
      await b.journal.appendFacts([left("after")], NOW);
      await expect.poll(() => a.events.length).toBe(2);
      expect(a.events).toEqual(b.events);
    });

    it("writes what was asked for while Redis was away for a moment, once, and nothing asked for too long ago", async () => {
      const a = await node(rig, "a");
      rig.pause();
      const soon = a.journal.appendFacts([left("soon")], NOW);
      await new Promise((resolve) => setTimeout(resolve, quick.appendTimeoutMs / 3));
      rig.resume();
      await soon;
      await ready(a.journal);
      rig.pause();
      await expect(a.journal.appendFacts([left("late")], NOW)).rejects.toThrow(/Redis/);
      rig.resume();
      await ready(a.journal);
      await a.journal.appendFacts([left("end")], NOW);
      expect(a.events.map((event) => "participantId" in event && event.participantId)).toEqual([
        "soon",
        "end",
      ]);
    });

    it("is not written on by a node whose events Redis has lost", async () => {
      const a = await node(rig, "a");
      await a.journal.appendFacts([left("lost")], NOW);
      await rig.kill();
      await rig.restart("nothing");
      await expect
        .poll(() => a.journal.status, { timeout: 5000 })
        .toEqual({ state: "unavailable", reason: expect.stringContaining("lost events") });
      await expect(a.journal.appendFacts([left("more")], NOW)).rejects.toThrow(/lost events/);
      const again = await node(rig, "again");
      expect(again.events).toEqual([]);
      await leading(again.journal);
    });

    it("is not opened where something else was written into it, and says so", async () => {
      const a = await node(rig, "a");
      await a.journal.appendFacts([left("p")], NOW);
      await rig.command("XADD", "test:{scene}:log", "9-0", "e", "[]");
      const store = await rig.store("b");
      const journal = await store.scene("scene");
      await expect(journal.open(() => {})).rejects.toThrow(/^the log in Redis is damaged: entry 9-0/);
    });

    it("stays short: what lies behind the snapshot before the newest is in its archive, and nowhere twice", async () => {
      const a = await node(rig, "a", { snapshotEvents: 10 });
      for (let i = 0; i < 3; i += 1) await takeSnapshot(a);
      const before = Number(await rig.command("HGET", "test:{scene}:snapshot", "before"));
      expect(before).toBeGreaterThan(10);
      expect(await rig.command("XLEN", "test:{scene}:log")).toBe((a.events.length - before) / 2);
      const entries = (await rig.command("XRANGE", "test:{scene}:archive", "-", "+")) as [string, unknown][];
      expect(entries.at(-1)?.[0]).toBe(`${before}-0`);
      const b = await node(rig, "b");
      expect(b.events).toEqual(a.events);
    });

    it("takes no snapshot of a node whose events are not the log's, and none that comes late", async () => {
      const [a, b] = [
        await node(rig, "a", { snapshotEvents: 2 }),
        await node(rig, "b", { snapshotEvents: 2 }),
      ];
      const heard = (node: Node) =>
        new Promise<void>((resolve) => node.journal.nodes?.onHeard((live) => live.size === 2 && resolve()));
      // The one that does not decide takes them.
      await Promise.all([heard(a), heard(b)]);
      await a.journal.appendFacts([left("p"), left("q")], NOW);
      await expect.poll(() => b.events.length).toBe(2);
      const offer = () => b.journal.snapshots?.offer(sourceOf(b.events.length, "state"));
      expect(await a.journal.snapshots?.offer(sourceOf(2, "not this one's turn"))).toBe(false);
      const place = ["XADD", "test:{scene}:log", "2-0"];
      await rig.command("DEL", "test:{scene}:log");
      await rig.command(...place, "n", "c", "a", `${NOW}`, "e", "[]");
      expect(await offer()).toBe(false);
      expect(await rig.command("EXISTS", "test:{scene}:snapshot")).toBe(0);

      await rig.command("HSET", "test:{scene}:snapshot", "seq", "9");
      await a.journal.appendFacts([left("r"), left("s")], NOW);
      await expect.poll(() => b.events.length).toBe(4);
      expect(await offer()).toBe(false);
      expect(await rig.command("HLEN", "test:{scene}:snapshot")).toBe(1);
    });

    it("is read from the beginning where the snapshot is damaged", async () => {
      const a = await node(rig, "a", { snapshotEvents: 2 });
      await takeSnapshot(a);
      await rig.command("HSET", "test:{scene}:snapshot", "state", "what is this?");
      const journal = await (await rig.store("b")).scene("scene");
      const events: StoredEvent[] = [];
      await journal.open(
        (batch) => events.push(...batch),
        () => {
          throw new Error("a damaged snapshot was handed on");
        },
      );
      expect(events).toEqual(a.events);
      expect(rig.log.some(({ msg }) => /snapshot in Redis is damaged/.test(`${msg}`))).toBe(true);
    });

    it("has every entry as it was, also when it is in the archive: that is how a reader recognises its log", async () => {
      const a = await node(rig, "a", { snapshotEvents: 2 });
      await a.journal.appendFacts([left("p"), left("q")], NOW);
      const keys = sceneKeys("test", "scene");
      const send = (args: readonly string[]) => rig.command(...args);
      const entry = await entryAt(send, keys, 2);
      for (let i = 0; i < 3; i += 1) await takeSnapshot(a);
      expect(await rig.command("XRANGE", keys.log, "2-0", "2-0")).toEqual([]);
      expect(await entryAt(send, keys, 2)).toEqual(entry);
      expect(await entryAt(send, keys, 1)).toBeUndefined();
    });

    it("has one time for all nodes, whatever their own clocks say", async () => {
      const rightTime = Date.now;
      const withClockOff = async (byMs: number, nodeId: string) => {
        vi.spyOn(Date, "now").mockImplementation(() => rightTime() + byMs);
        return (await node(rig, nodeId)).store.shared.clock;
      };
      try {
        const [early, late] = [await withClockOff(-3_600_000, "a"), await withClockOff(3_600_000, "b")];
        // As far apart as Redis took to answer, at most.
        expect(Math.abs(early.now() - late.now())).toBeLessThan(1000);
      } finally {
        vi.restoreAllMocks();
      }
    });
  },
);

describe.skipIf(!hasRedis)(redisTitle("a store in Redis"), () => {
  it("says what to do when there is no Redis at the URL", { timeout: 20_000 }, async () => {
    const { openRedisStore } = await import("./redisStore.js");
    const reporter = { info: () => {}, warn: () => {}, error: () => {} };
    await expect(
      openRedisStore({ url: "redis://:secret@127.0.0.1:1", nodeId: "a", reporter }),
    ).rejects.toThrow(/^Redis at redis:\/\/127\.0\.0\.1:1 cannot be reached: .* Start it/);
  });
});
