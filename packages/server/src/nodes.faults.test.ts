import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NODE_SCENE, NodeProcess, type NodeProcessOptions } from "../test/nodeProcess.js";
import { hasRedis, RedisRig, redisTitle } from "../test/redisRig.js";
import { SeverableLink } from "../test/severableLink.js";
import { Wanderer } from "../test/wanderer.js";
import { type Entry, seqOf } from "./journal/redis/entries.js";
import { sceneKeys } from "./journal/redis/keys.js";
import { logPages } from "./journal/redis/logPages.js";
import { eventsOf } from "./journal/redis/reader.js";
import { apply } from "./lobby/apply.js";
import { isDecision, type StoredEvent } from "./lobby/events.js";
import { createLobbyState } from "./lobby/state.js";

const PATIENCE = { timeout: 20_000, interval: 50 };

describe.skipIf(!hasRedis)(redisTitle("three nodes, of which any may fail,"), { timeout: 90_000 }, () => {
  let rig: RedisRig;
  const nodes: NodeProcess[] = [];
  const people: Wanderer[] = [];

  async function startNodes(roomMs: number | null = null): Promise<void> {
    nodes.push(...(await Promise.all([1, 2, 3].map(() => startNode(roomMs)))));
  }
  const startNode = (roomMs: number | null = null, changes: Partial<NodeProcessOptions> = {}) =>
    NodeProcess.start({ redisUrl: rig.redis.url, keyPrefix: rig.keyPrefix, roomMs, ...changes });

  beforeEach(async () => {
    rig = await RedisRig.start();
  });
  afterEach(async () => {
    for (const person of people.splice(0)) person.close();
    for (const node of nodes.splice(0)) {
      node.resume();
      await node.kill();
    }
    await rig.close();
  });

  function person(id: string, firstNode: number): Wanderer {
    const made = new Wanderer(id, () => nodes, firstNode);
    people.push(made);
    return made;
  }

  async function leader(): Promise<NodeProcess> {
    let found: NodeProcess | undefined;
    await expect
      .poll(async () => {
        const lease = await rig.command("GET", sceneKeys(rig.keyPrefix, NODE_SCENE).lease);
        found = nodes.find(({ nodeId, lives }) => lives && `${lease}`.endsWith(` ${nodeId}`));
        return found !== undefined;
      }, PATIENCE)
      .toBe(true);
    return found as NodeProcess;
  }

  /** Ann at a node that does not decide, bob at another one. */
  async function annAndBob(run: number): Promise<{ ann: Wanderer; bob: Wanderer; host: NodeProcess }> {
    const leads = nodes.indexOf(await leader());
    const [ann, bob] = [person(`ann-${run}`, (leads + 1) % 3), person(`bob-${run}`, (leads + 2) % 3)];
    return { ann, bob, host: nodes[(leads + 1) % 3] as NodeProcess };
  }

  const matched = async (...them: Wanderer[]) => {
    await expect.poll(() => them.map(({ told }) => told.size), PATIENCE).toEqual(them.map(() => 1));
    expect(new Set(them.flatMap(({ told }) => [...told])).size).toBe(1);
  };

  /** The log from its beginning: most of it is in the archive, as snapshots are taken all the time. */
  async function allEntries(): Promise<readonly Entry[]> {
    const send = (args: readonly string[]) => rig.command(...args);
    const entries: Entry[] = [];
    for await (const page of logPages(send, sceneKeys(rig.keyPrefix, NODE_SCENE))) entries.push(...page);
    return entries;
  }

  /** The log alone tells that nobody is in two matches, and that only whoever led decided. */
  async function checkLog(): Promise<void> {
    const entries = await allEntries();
    const state = createLobbyState();
    const matchOf = new Map<string, string>();
    let leads = "";
    for (const entry of entries) {
      const writer = entry[1][entry[1].indexOf("n") + 1];
      const events: StoredEvent[] = eventsOf(entry, state.seq);
      for (const event of events) {
        if (event.type === "node.leads") leads = event.nodeId;
        if (isDecision(event)) expect(writer).toBe(leads);
        for (const effect of apply(state, event)) {
          if (effect.kind !== "matched") continue;
          expect(matchOf.get(effect.participantId) ?? effect.matchId).toBe(effect.matchId);
          matchOf.set(effect.participantId, effect.matchId);
        }
      }
    }
    for (const { id, told } of people) {
      expect([...told]).toEqual(matchOf.has(id) ? [matchOf.get(id)] : []);
    }
  }

  it.each(["host", "leader"] as const)(
    "lose nobody when one is killed, in any phase, whether it had a participant or decided: the %s",
    async (victim) => {
      await startNodes();
      const phases = ["waiting", "probePrepare", "probeStart", "confirm", "matched"] as const;
      for (const [run, phase] of phases.entries()) {
        const { ann, bob, host } = await annAndBob(run);
        const struck = victim === "host" ? host : await leader();
        const reached = ann.silentAt(phase);
        ann.open();
        if (phase === "waiting") await reached;
        bob.open();
        await reached;
        await struck.kill();
        // Where the page's own node lives on, its silence must not be what ends the phase.
        if (victim === "leader" && phase !== "matched") ann.moveOn();
        // As an operator does, not waiting for what becomes of those two.
        const [replacement] = await Promise.all([startNode(), matched(ann, bob)]);
        nodes[nodes.indexOf(struck)] = replacement;
      }
      expect(people.every(({ told }) => told.size === 1)).toBe(true);
      // Back once more, at yet another node: the same outcome. And again until a second snapshot has moved the beginning
      // of the log to its archive: where others want the processor as well, that takes a while.
      const { archive } = sceneKeys(rig.keyPrefix, NODE_SCENE);
      do {
        const visits = people.map((p) => p.visits);
        for (const one of people) one.moveOn();
        const isBack = (p: Wanderer, i: number) => p.visits > (visits[i] ?? 0) && p.toldHere;
        await expect.poll(() => people.every(isBack), PATIENCE).toBe(true);
      } while ((await rig.command("XLEN", archive)) === 0);
      await checkLog();
    },
  );

  it("make one match when the one that asks for the room is killed meanwhile", async () => {
    await startNodes(1500);
    const { ann, bob } = await annAndBob(1);
    ann.open();
    bob.open();
    await expect.poll(async () => JSON.stringify(await allEntries()), PATIENCE).toContain("match.creating");
    await (await leader()).kill();
    await matched(ann, bob);
    await checkLog();
  });

  it("go on without one that is paused beyond its lease, and refuse what it decided when it wakes up", async () => {
    await startNodes();
    const paused = await leader();
    const { ann, bob } = await annAndBob(1);
    paused.pause();
    const readByPaused = Number(await rig.command("HGET", sceneKeys(rig.keyPrefix, NODE_SCENE).head, "seq"));
    ann.open();
    bob.open();
    await matched(ann, bob);
    const next = await leader();
    expect(next).not.toBe(paused);
    // What the paused one has not read yet is cut off the stream meanwhile: it finds it in the archive.
    const { log } = sceneKeys(rig.keyPrefix, NODE_SCENE);
    const firstSeq = async () =>
      seqOf(((await rig.command("XRANGE", log, "-", "+", "COUNT", "1")) as Entry[])[0] as Entry);
    for (let run = 2; (await firstSeq()) <= readByPaused; run += 1) {
      const them = [person(`eve-${run}`, nodes.indexOf(next)), person(`fay-${run}`, nodes.indexOf(next))];
      for (const one of them) one.open();
      await matched(...them);
    }
    // The paused one has these people on its own agenda when it wakes up.
    const [cid, dan] = [person("cid", nodes.indexOf(paused)), person("dan", nodes.indexOf(next))];
    paused.resume();
    cid.open();
    dan.open();
    await matched(cid, dan);
    await checkLog();
  });

  it("tell participants while Redis is away, decide nothing, and go on when it is back", async () => {
    await startNodes();
    const { ann, bob } = await annAndBob(1);
    const probing = ann.silentAt("probePrepare");
    ann.open();
    bob.open();
    await probing;
    await rig.kill();
    const ready = async () =>
      Promise.all(nodes.map(async ({ url }) => (await fetch(`${url}/readyz`)).status));
    await expect.poll(ready, PATIENCE).toEqual([503, 503, 503]);
    ann.moveOn();
    await rig.restart();
    await expect.poll(ready, PATIENCE).toEqual([200, 200, 200]);
    await matched(ann, bob);
    await checkLog();
  });

  it("tell a participant who comes back to another one, in whatever phase, the one outcome there is", async () => {
    await startNodes(300);
    const phases = ["waiting", "probing", "probePrepare", "probeStart", "confirm", "matched"] as const;
    for (const [run, phase] of phases.entries()) {
      const { ann, bob } = await annAndBob(run);
      const reached = ann.silentAt(phase);
      ann.open();
      if (phase === "waiting") await reached;
      bob.open();
      await reached;
      ann.moveOn();
      await matched(ann, bob);
      // Once more, to the third node.
      const { visits } = ann;
      ann.moveOn();
      await expect.poll(() => ann.visits, PATIENCE).toBeGreaterThan(visits);
      await expect.poll(() => ann.toldHere, PATIENCE).toBe(true);
      expect(ann.told.size).toBe(1);
    }
    await checkLog();
  });

  it("go on without one that cannot reach Redis, whose pages are told, and take it back", async () => {
    const link = await SeverableLink.to(rig.redis.port);
    try {
      const redisUrl = `redis://127.0.0.1:${link.port}`;
      nodes.push(await startNode(null, { redisUrl }));
      nodes.push(...(await Promise.all([startNode(), startNode()])));
      const [alone, ...others] = nodes as [NodeProcess, NodeProcess, NodeProcess];
      // It leads, being the first.
      expect(await leader()).toBe(alone);
      const eve = person("eve", 0);
      const waiting = eve.silentAt("waiting");
      eve.open();
      await waiting;
      link.cut();
      const readiness = async () =>
        Promise.all(nodes.map(async ({ url }) => (await fetch(`${url}/readyz`)).status));
      await expect.poll(readiness, PATIENCE).toEqual([503, 200, 200]);
      await expect.poll(() => eve.refusals, PATIENCE).toContain("unavailable");
      const [ann, bob] = [person("ann", 1), person("bob", 2)];
      ann.open();
      bob.open();
      await matched(ann, bob);
      expect(others).toContain(await leader());
      link.mend();
      await expect.poll(readiness, PATIENCE).toEqual([200, 200, 200]);
      // Her page stayed where it was, and has its place again.
      expect(eve.visits).toBe(1);
      eve.speak();
      const fay = person("fay", 2);
      fay.open();
      await matched(eve, fay);
      await checkLog();
    } finally {
      link.close();
    }
  });

  it("take their time from none of their own clocks, however wrong they are and whoever sets them", async () => {
    const hourMs = 3_600_000;
    const wrong = [-hourMs, hourMs, 0].map((clockErrorMs) => startNode(null, { clockErrorMs }));
    nodes.push(...(await Promise.all(wrong)));
    const { ann, bob } = await annAndBob(1);
    const probing = ann.silentAt("probePrepare");
    ann.open();
    bob.open();
    await probing;
    for (const node of nodes) node.setClock();
    ann.moveOn();
    await matched(ann, bob);
    const now = Date.now();
    for (const [, fields] of await allEntries()) {
      expect(Math.abs(Number(fields[fields.indexOf("a") + 1]) - now)).toBeLessThan(60_000);
    }
    await checkLog();
  });

  it("lose nobody while they are taken down and started anew one after the other", async () => {
    await startNodes();
    const ann = person("ann", 0);
    ann.open();
    for (let i = 0; i < 3; i += 1) {
      await nodes[i]?.kill("SIGTERM");
      nodes[i] = await startNode();
    }
    const bob = person("bob", 1);
    bob.open();
    await matched(ann, bob);
    await checkLog();
  });
});
