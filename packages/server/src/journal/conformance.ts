import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import type { Decision, Fact, StoredEvent } from "../lobby/events.js";
import {
  type JournalStatus,
  type JournalStore,
  JournalUnavailableError,
  type SceneJournal,
  type Snapshot,
  type SnapshotSource,
} from "./journal.js";

/** What the conformance suite needs of a kind of journal. One backend holds one set of scenes. */
export interface JournalBackend {
  /**
   * A node's store on these scenes; what earlier ones stored is there. Where its journals take snapshots, they take one
   * as soon as two events were appended since the last.
   */
  openStore(): Promise<JournalStore>;
  /** What `openStore` gives after the process of every store was killed: nothing was closed or flushed. */
  openAfterKill(): Promise<JournalStore>;
  /** From now on nothing can be written, as with a full disk or an unreachable server. */
  breakWrites(): Promise<void>;
  mendWrites(): Promise<void>;
  /** Closes what is open and removes everything. */
  dispose(): Promise<void>;
}

export interface ConformanceCase {
  readonly title: string;
  readonly run: (backend: JournalBackend) => Promise<void>;
}

const NOW = 1_800_000_000_000;
const sceneId = "conformance";

const arrived = (participantId: string, attributes: Record<string, string> = {}): Fact => ({
  type: "participant.arrived",
  participantId,
  attributes,
  webrtc: true,
  priority: 0,
  waitDeadlineAt: null,
  history: { partners: [], matches: 0 },
});
const left = (participantId: string): Fact => ({ type: "participant.left", participantId });
const ended = (participantId: string): Decision => ({
  type: "participant.ended",
  participantId,
  outcome: "left",
});

/** A journal and everything it delivered. */
interface Reader {
  readonly journal: SceneJournal;
  readonly events: StoredEvent[];
}

async function read(store: JournalStore, scene = sceneId): Promise<Reader> {
  const journal = await store.scene(scene);
  const events: StoredEvent[] = [];
  await journal.open((batch) => events.push(...batch));
  return { journal, events };
}

/** Reads from a snapshot where there is one. */
async function readOn(store: JournalStore): Promise<Reader & { readonly from: Snapshot | null }> {
  const journal = await store.scene(sceneId);
  const events: StoredEvent[] = [];
  let from: Snapshot | null = null;
  const take = (snapshot: Snapshot): boolean => {
    strictEqual(events.length, 0);
    from = snapshot;
    return true;
  };
  await journal.open((batch) => events.push(...batch), take);
  return { journal, events, from };
}

/** A state that is there already. */
export const sourceOf = (seq: number, state: string): SnapshotSource => ({
  seq,
  prepare: () => [],
  save: () => [state].values(),
});

/** Appends two arrivals at a time, and offers a snapshot after each two until one is taken. */
async function appendWithSnapshots({ journal, events }: Reader, snapshots: number): Promise<void> {
  for (let taken = 0; taken < snapshots; ) {
    const [a, b] = [`p${events.length}`, `p${events.length + 1}`];
    await journal.appendFacts([arrived(a), arrived(b)], NOW + events.length);
    const seq = events.at(-1)?.seq ?? 0;
    if (await journal.snapshots?.offer(sourceOf(seq, `state ${seq}`))) taken += 1;
    if (events.length > 10_000) throw new Error("no snapshot was taken");
  }
}

const names = (events: readonly StoredEvent[]): string[] =>
  events.map((event) => ("participantId" in event ? event.participantId : event.type));

const reached = (journal: SceneJournal, state: JournalStatus["state"]): Promise<void> =>
  new Promise((resolve) => {
    if (journal.status.state === state) resolve();
    journal.onStatus((status) => {
      if (status.state === state) resolve();
    });
  });

/**
 * What every journal promises, as cases that any test runner can run. A case takes a fresh backend, and the caller
 * disposes of it.
 *
 * @example
 * ```ts
 * for (const { title, run } of journalConformance) {
 *   it(title, async () => {
 *     const backend = await makeBackend();
 *     try { await run(backend); } finally { await backend.dispose(); }
 *   });
 * }
 * ```
 */
export const journalConformance: readonly ConformanceCase[] = [
  {
    title: "a new journal is empty, ready and leads",
    run: async (backend) => {
      const { journal, events } = await read(await backend.openStore());
      deepStrictEqual(events, []);
      deepStrictEqual(journal.status, { state: "ready", leads: true });
      strictEqual(journal.leads, true);
    },
  },
  {
    title: "facts come back in order with consecutive seq and their time, before the append resolves",
    run: async (backend) => {
      const { journal, events } = await read(await backend.openStore());
      await journal.appendFacts([arrived("a"), arrived("b")], NOW);
      deepStrictEqual(events, [
        { ...arrived("a"), seq: 1, at: NOW },
        { ...arrived("b"), seq: 2, at: NOW },
      ]);
      await journal.appendFacts([left("a")], NOW + 5);
      deepStrictEqual(events.at(-1), { ...left("a"), seq: 3, at: NOW + 5 });
    },
  },
  {
    title: "a time before the last event's is raised to it, also after a restart with the clock set back",
    run: async (backend) => {
      const store = await backend.openStore();
      const { journal, events } = await read(store);
      await journal.appendFacts([arrived("a")], NOW);
      await journal.appendFacts([left("a")], NOW - 60_000);
      strictEqual(events.at(-1)?.at, NOW);
      await store.close();
      const again = await read(await backend.openStore());
      await again.journal.appendFacts([arrived("b")], 1);
      strictEqual(again.events.at(-1)?.at, NOW);
    },
  },
  {
    title: "what is appended from within a delivery comes after it and is not delivered inside it",
    run: async (backend) => {
      const journal = await (await backend.openStore()).scene(sceneId);
      const seen: string[] = [];
      let inside = false;
      let second: Promise<void> | null = null;
      await journal.open((events) => {
        strictEqual(inside, false);
        inside = true;
        seen.push(...names(events));
        second ??= journal.appendFacts([arrived("second")], NOW);
        inside = false;
      });
      await journal.appendFacts([arrived("first")], NOW);
      await second;
      deepStrictEqual(seen, ["first", "second"]);
    },
  },
  {
    title: "an append is never delivered within its own call",
    run: async (backend) => {
      const { journal, events } = await read(await backend.openStore());
      const appended = journal.appendFacts([arrived("a")], NOW);
      deepStrictEqual(events, []);
      await appended;
      deepStrictEqual(names(events), ["a"]);
    },
  },
  {
    title: "appends made at once keep the order of the calls and none is interleaved with another",
    run: async (backend) => {
      const { journal, events } = await read(await backend.openStore());
      const groups = Array.from({ length: 600 }, (_, i) => [`p${i}-0`, `p${i}-1`, `p${i}-2`]);
      await Promise.all(
        groups.map((group) =>
          journal.appendFacts(
            group.map((id) => arrived(id)),
            NOW,
          ),
        ),
      );
      deepStrictEqual(names(events), groups.flat());
      deepStrictEqual(
        events.map((event) => event.seq),
        groups.flat().map((_, i) => i + 1),
      );
    },
  },
  {
    title: "decisions are appended when the log still ends where they were made",
    run: async (backend) => {
      const { journal, events } = await read(await backend.openStore());
      await journal.appendFacts([arrived("a")], NOW);
      strictEqual(await journal.appendDecisions([ended("a")], 1, NOW), "appended");
      deepStrictEqual(events.at(-1), { ...ended("a"), seq: 2, at: NOW });
    },
  },
  {
    title: "decisions made on an older state are stale and leave nothing behind",
    run: async (backend) => {
      const { journal, events } = await read(await backend.openStore());
      await journal.appendFacts([arrived("a")], NOW);
      strictEqual(await journal.appendDecisions([ended("a")], 0, NOW), "stale");
      strictEqual(events.length, 1);
    },
  },
  {
    title: "decisions made while a fact is on its way come before it, or are stale",
    run: async (backend) => {
      const { journal, events } = await read(await backend.openStore());
      await journal.appendFacts([arrived("a")], NOW);
      const fact = journal.appendFacts([left("a")], NOW);
      const result = await journal.appendDecisions([ended("a")], 1, NOW);
      await fact;
      deepStrictEqual(
        events.map((event) => event.type),
        result === "stale"
          ? ["participant.arrived", "participant.left"]
          : ["participant.arrived", "participant.ended", "participant.left"],
      );
      strictEqual(await journal.appendDecisions([ended("a")], 1, NOW), "stale");
    },
  },
  {
    title: "an append of nothing changes nothing",
    run: async (backend) => {
      const { journal, events } = await read(await backend.openStore());
      await journal.appendFacts([], NOW);
      strictEqual(await journal.appendDecisions([], 0, NOW), "appended");
      strictEqual(await journal.appendDecisions([], 7, NOW), "stale");
      deepStrictEqual(events, []);
    },
  },
  {
    title: "a store opened again reads what was delivered, value for value, and goes on after it",
    run: async (backend) => {
      const store = await backend.openStore();
      const first = await read(store);
      const awkward = { text: 'line\nbreak \u2028 "quoted" \\ 🙂', zero: "\u0000" };
      await first.journal.appendFacts([arrived("a", awkward)], NOW + 0.5);
      await first.journal.appendFacts([left("a"), arrived("b"), left("b")], NOW + 1);
      await store.close();
      const second = await read(await backend.openStore());
      deepStrictEqual(second.events, first.events);
      await second.journal.appendFacts([arrived("c")], NOW + 2);
      strictEqual(second.events.at(-1)?.seq, 5);
    },
  },
  {
    title: "what was delivered is still there after the process was killed",
    run: async (backend) => {
      const first = await read(await backend.openStore());
      await first.journal.appendFacts([arrived("a"), arrived("b")], NOW);
      await first.journal.appendDecisions([ended("a")], 2, NOW);
      const second = await read(await backend.openAfterKill());
      deepStrictEqual(second.events, first.events);
      await second.journal.appendFacts([left("b")], NOW);
      strictEqual(second.events.at(-1)?.seq, 4);
    },
  },
  {
    title: "scenes have logs of their own",
    run: async (backend) => {
      const store = await backend.openStore();
      const one = await read(store, "one");
      const two = await read(store, "one_journal");
      await one.journal.appendFacts([arrived("a")], NOW);
      await two.journal.appendFacts([arrived("b")], NOW);
      deepStrictEqual([names(one.events), names(two.events)], [["a"], ["b"]]);
      strictEqual(two.events.at(0)?.seq, 1);
    },
  },
  {
    title: "an event that could not be read back is refused, and the journal goes on",
    run: async (backend) => {
      const { journal, events } = await read(await backend.openStore());
      const broken: Fact = { ...arrived("a"), priority: Number.NaN } as Fact;
      await rejects(journal.appendFacts([arrived("b"), broken], NOW), TypeError);
      await rejects(journal.appendFacts([arrived("b")], Number.NaN), TypeError);
      await journal.appendFacts([arrived("c")], NOW);
      deepStrictEqual(names(events), ["c"]);
    },
  },
  {
    title: "what is delivered does not change when the caller changes what it appended",
    run: async (backend) => {
      const { journal, events } = await read(await backend.openStore());
      const attributes: Record<string, string> = { team: "red" };
      const appended = journal.appendFacts([arrived("a", attributes)], NOW);
      attributes["team"] = "blue";
      await appended;
      deepStrictEqual(events[0], { ...arrived("a", { team: "red" }), seq: 1, at: NOW });
    },
  },
  {
    title: "while nothing can be written appends fail, nothing is delivered, and it recovers by itself",
    run: async (backend) => {
      const store = await backend.openStore();
      const { journal, events } = await read(store);
      await journal.appendFacts([arrived("a")], NOW);
      await backend.breakWrites();
      await rejects(journal.appendFacts([arrived("b"), arrived("c")], NOW), JournalUnavailableError);
      await rejects(journal.appendDecisions([ended("a")], 1, NOW), JournalUnavailableError);
      strictEqual(journal.status.state, "unavailable");
      deepStrictEqual(names(events), ["a"]);
      const recovered = reached(journal, "ready");
      await backend.mendWrites();
      await recovered;
      await journal.appendFacts([arrived("d")], NOW);
      deepStrictEqual(names(events), ["a", "d"]);
      strictEqual(events.at(-1)?.seq, 2);
      await store.close();
      deepStrictEqual((await read(await backend.openStore())).events, events);
    },
  },
  {
    title:
      "with snapshots: whoever opens the log begins at the newest one, and goes on with the events after it",
    run: async (backend) => {
      const store = await backend.openStore();
      const first = await read(store);
      if (first.journal.snapshots === undefined) return;
      await appendWithSnapshots(first, 3);
      const seq = first.events.length;
      await first.journal.appendFacts([arrived("a"), left("a")], NOW);
      await store.close();
      const second = await readOn(await backend.openStore());
      deepStrictEqual(second.from, { seq, state: `state ${seq}` });
      deepStrictEqual(second.events, first.events.slice(seq));
      await second.journal.appendFacts([arrived("b")], NOW);
      deepStrictEqual(second.events.at(-1), { ...arrived("b"), seq: seq + 3, at: first.events.at(-1)?.at });
      strictEqual(await second.journal.appendDecisions([ended("b")], seq + 3, NOW), "appended");
    },
  },
  {
    title: "with snapshots: all of the log is kept, for whoever has no use for a snapshot",
    run: async (backend) => {
      const store = await backend.openStore();
      const first = await read(store);
      if (first.journal.snapshots === undefined) return;
      await appendWithSnapshots(first, 4);
      await first.journal.appendFacts([left("p0")], NOW);
      await store.close();
      const store2 = await backend.openStore();
      deepStrictEqual((await read(store2)).events, first.events);
      await store2.close();
      const journal = await (await backend.openStore()).scene(sceneId);
      const events: StoredEvent[] = [];
      await journal.open(
        (batch) => events.push(...batch),
        () => false,
      );
      deepStrictEqual(events, first.events);
    },
  },
  {
    title: "with snapshots: one is there after the process was killed, with no event lost before or after it",
    run: async (backend) => {
      const first = await read(await backend.openStore());
      if (first.journal.snapshots === undefined) return;
      await appendWithSnapshots(first, 2);
      await first.journal.appendFacts([left("p0")], NOW);
      const second = await readOn(await backend.openAfterKill());
      const from: Snapshot | null = second.from;
      deepStrictEqual(second.events, first.events.slice((from as Snapshot | null)?.seq));
    },
  },
  {
    title: "with snapshots: none is taken of any place but the last that was delivered",
    run: async (backend) => {
      const store = await backend.openStore();
      const { journal, events } = await read(store);
      if (journal.snapshots === undefined) return;
      await journal.appendFacts([arrived("a")], NOW);
      await journal.appendFacts([arrived("b")], NOW);
      for (const seq of [1, 3]) strictEqual(await journal.snapshots.offer(sourceOf(seq, "wrong")), false);
      await store.close();
      const again = await readOn(await backend.openStore());
      deepStrictEqual([again.from, again.events], [null, events]);
    },
  },
  {
    title: "closing finishes what was appended, refuses what comes later, and may be repeated",
    run: async (backend) => {
      const store = await backend.openStore();
      const { journal, events } = await read(store);
      const appended = journal.appendFacts([arrived("a")], NOW);
      await Promise.all([journal.close(), journal.close(), appended]);
      deepStrictEqual(names(events), ["a"]);
      await rejects(journal.appendFacts([arrived("b")], NOW), JournalUnavailableError);
      strictEqual(journal.status.state, "unavailable");
      await journal.close();
      await store.close();
      await store.close();
    },
  },
  {
    title: "a closed scene can be opened again in the same store",
    run: async (backend) => {
      const store = await backend.openStore();
      const first = await read(store);
      await first.journal.appendFacts([arrived("a")], NOW);
      await first.journal.close();
      const second = await read(store);
      deepStrictEqual(second.events, first.events);
    },
  },
  {
    title: "an append before the journal was opened is a bug and says so",
    run: async (backend) => {
      const journal = await (await backend.openStore()).scene(sceneId);
      await rejects(journal.appendFacts([arrived("a")], NOW), /not been opened/);
      await journal.open(() => undefined);
      await rejects(
        journal.open(() => undefined),
        /opened once/,
      );
      ok(journal.leads);
    },
  },
];
