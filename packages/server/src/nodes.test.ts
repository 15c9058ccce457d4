import { SOCKET_PATH } from "@probematch/shared";
import { pino } from "pino";
import { io } from "socket.io-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasRedis, RedisRig, redisTitle } from "../test/redisRig.js";
import { candidate, TestPage, type TestPageOptions } from "../test/testPage.js";
import { ADMIN_NAMESPACE } from "./admin/adminMessages.js";
import { createProbematch, FifoMatchmaker, type Probematch, type ProbematchOptions, scene } from "./index.js";
import { pack } from "./journal/redis/archive.js";
import { type Entry, seqOf } from "./journal/redis/entries.js";
import type { StoredEvent } from "./lobby/events.js";

const secret = "a secret of at least thirty-two bytes";

/** How somebody's arrival stands in the log. */
async function arrival(rig: RedisRig, sceneId: string, participantId: string): Promise<unknown> {
  const entries = (await rig.command("XRANGE", `test:{${sceneId}}:log`, "-", "+")) as Entry[];
  const events = entries.flatMap(([, fields]) => JSON.parse(fields.at(-1) ?? "[]") as StoredEvent[]);
  return events.find((e) => e.type === "participant.arrived" && e.participantId === participantId);
}

interface Node {
  readonly probematch: Probematch;
  readonly url: string;
  readonly events: StoredEvent[];
}

describe.skipIf(!hasRedis)(redisTitle("nodes of one study"), { timeout: 30_000 }, () => {
  const closers: (() => unknown)[] = [];
  let rig: RedisRig;
  beforeEach(async () => {
    rig = await RedisRig.start();
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    await rig.close();
  });

  async function node(change: Partial<ProbematchOptions> = {}): Promise<Node> {
    const probematch = await createProbematch({
      scenes: [
        scene("ultimatum")
          .matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 100 }) })
          .waitroom({ timeoutMs: null }),
      ],
      auth: { mode: "open", secret },
      redis: { url: rig.redis.url, keyPrefix: rig.keyPrefix },
      logger: pino({ level: process.env["SHOW_LOG"] ?? "silent" }),
      ...change,
    });
    closers.push(() => probematch.close());
    const { url } = await probematch.listen({ port: 0, host: "127.0.0.1" });
    const events: StoredEvent[] = [];
    probematch.scenes.get("ultimatum")?.onEvents((batch) => events.push(...batch));
    return { probematch, url, events };
  }

  function page({ url }: Node, participantId: string, options: TestPageOptions = {}): TestPage {
    const made = new TestPage(url, { scene: "ultimatum", participantId, ...options });
    closers.push(() => made.close());
    return made;
  }

  const connectedIn = ({ probematch }: Node) => probematch.scenes.get("ultimatum")?.waitingIds();
  const happened = ({ events }: Node, type: StoredEvent["type"], participantId: string) =>
    expect
      .poll(
        () =>
          events.some((e) => e.type === type && "participantId" in e && e.participantId === participantId),
        { timeout: 10_000 },
      )
      .toBe(true);

  it("match people who are connected to different ones, and carry their signals", async () => {
    const [one, two] = [await node(), await node()];
    const ann = page(one, "ann");
    await ann.next("welcome");
    const bob = page(two, "bob");
    const [{ probeId }] = await Promise.all([ann.next("probePrepare"), bob.next("probePrepare")]);
    for (const ready of [ann, bob]) ready.send("probeReady", { probeId });
    // Both before and after the other one's being ready is known at this node.
    ann.send("probeSignal", { probeId, signal: candidate("from ann") });
    bob.send("probeSignal", { probeId, signal: candidate("from bob") });
    expect((await ann.next("probeSignal")).signal).toEqual(candidate("from bob"));
    expect((await bob.next("probeSignal")).signal).toEqual(candidate("from ann"));
    await Promise.all([ann.settled(), bob.settled()]);
    expect([ann.all("probeSignal").length, bob.all("probeSignal").length]).toEqual([1, 1]);
  });

  it("commit a match once, and tell it on both", async () => {
    const [one, two] = [await node(), await node()];
    const [ann, bob] = [page(one, "ann", { rttMs: 20 }), page(two, "bob", { rttMs: 20 })];
    const [a, b] = await Promise.all([ann.next("matched"), bob.next("matched")]);
    expect(a.matchId).toBe(b.matchId);
    const heard = () => one.events.slice(one.events.length - two.events.length);
    await expect.poll(() => [...two.events]).toEqual(heard());
    expect(one.events.filter((event) => event.type === "match.committed")).toHaveLength(1);
  });

  it("order the repair of a match's link at both its ends, and carry the signals of the new connection", async () => {
    const [one, two] = [await node(), await node()];
    const [ann, bob] = [page(one, "ann", { rttMs: 20 }), page(two, "bob", { rttMs: 20 })];
    const [{ peers }] = await Promise.all([ann.next("matched"), bob.next("matched")]);
    const probeId = peers[0]?.probeId ?? "none";
    bob.send("linkRepair", { probeId, fresh: true });
    const [ofAnn, ofBob] = await Promise.all([ann.next("linkRepair"), bob.next("linkRepair")]);
    expect(ofAnn.round).toBe(ofBob.round);
    expect(ofAnn.initiator).toBe(!ofBob.initiator);
    ann.send("probeSignal", { probeId, signal: candidate("anew"), round: ofAnn.round });
    expect(await bob.next("probeSignal")).toMatchObject({ round: ofBob.round });
  });

  it("let the newest page speak for a participant, wherever the older one is", async () => {
    const [one, two] = [await node(), await node()];
    const old = page(one, "ann");
    await old.next("welcome");
    const newest = page(two, "ann");
    await newest.next("welcome");
    await old.next("replaced");
    await old.until(() => !old.socket.connected);
    await newest.settled();
    // The old page's end is not the participant's.
    page(one, "bob", { rttMs: 20 });
    newest.rttMs = 20;
    await newest.next("probing");
    const connections = two.events.filter((e) => /connected$/.test(e.type));
    expect(connections.map((e) => e.type)).toEqual(["participant.disconnected", "participant.reconnected"]);
    expect(connections.map((e) => "nodeId" in e && e.nodeId)).toEqual(
      [one, two].map(({ probematch }) => probematch.scenes.get("ultimatum")?.nodeId),
    );
  });

  it("count together how often somebody connects", async () => {
    const limits = { joinsPerMinutePerParticipant: 2 };
    const [one, two] = [await node({ limits }), await node({ limits })];
    await page(one, "ann").next("welcome");
    await page(two, "ann").next("welcome");
    expect(await page(one, "ann").refusal()).toMatchObject({ code: "too_many_joins" });
    expect(JSON.stringify(await rig.command("KEYS", "*joins*"))).not.toMatch(/ann|127\.0\.0\.1/);
  });

  it("show a researcher the whole study, whichever of them the dashboard is connected to", async () => {
    const adminToken = "the researcher's own";
    const [one, two] = [await node({ adminToken }), await node({ adminToken })];
    const dashboard = io(`${two.url}${ADMIN_NAMESPACE}`, {
      path: SOCKET_PATH,
      transports: ["websocket"],
      auth: { token: adminToken },
    });
    closers.push(() => dashboard.disconnect());
    const seen: unknown[] = [];
    dashboard.on("activity", (activity: unknown) => seen.push(activity));
    await new Promise<void>((resolve) => dashboard.once("history", () => resolve()));
    const [ann, bob] = [page(one, "ann", { rttMs: 20 }), page(one, "bob", { rttMs: 20 })];
    await Promise.all([ann.next("matched"), bob.next("matched")]);
    await expect.poll(() => seen).toContainEqual(expect.objectContaining({ type: "match_formed" }));
    expect(seen).toContainEqual(expect.objectContaining({ type: "arrived", participantId: "ann" }));
  });

  it("keep places while one of them closes: its people come back to another", async () => {
    const [one, two] = [await node(), await node()];
    const ann = page(one, "ann");
    await ann.next("welcome");
    await one.probematch.close();
    const again = page(two, "ann", { fresh: false });
    expect((await again.next("welcome")).resumed).toBe(true);
    expect(connectedIn(two)).toEqual(["ann"]);
  });

  it("take a page up again when the others had believed its node gone", async () => {
    const [one, two] = [await node(), await node()];
    const ann = page(one, "ann");
    await ann.next("welcome");
    const nodeId = one.probematch.scenes.get("ultimatum")?.nodeId ?? "";
    const store = await rig.store("outsider");
    const journal = await store.scene("ultimatum");
    await journal.open(() => {});
    await journal.appendFacts([{ type: "node.lost", nodeId, graceUntil: 9e12 }], store.shared.clock.now());
    await happened(two, "participant.reconnected", "ann");
    const bob = page(two, "bob", { rttMs: 20 });
    ann.rttMs = 20;
    await Promise.all([ann.next("matched"), bob.next("matched")]);
  });

  it("begin at a snapshot, and know from it who was in a match with whom, in this scene and for the others", async () => {
    const redis = { url: rig.redis.url, keyPrefix: rig.keyPrefix, snapshotEvents: 10 };
    const scenes = ["ultimatum", "dictator"].map((name) => scene(name).waitroom({ timeoutMs: null }));
    const one = await node({ scenes, redis });
    const meet = async (...ids: string[]) => {
      const pages = ids.map((id) => page(one, id));
      await Promise.all(pages.map((made) => made.next("matched")));
      for (const made of pages) made.close();
    };
    await meet("ann", "bob");
    for (let i = 0; (await rig.command("EXISTS", "test:{ultimatum}:snapshot")) === 0; i += 1) {
      await meet(`cid-${i}`, `dan-${i}`);
    }
    await one.probematch.close();
    const log: string[] = [];
    const logger = pino({ level: "info" }, { write: (line: string) => void log.push(line) });
    const two = await node({ scenes, redis, logger });
    expect(log.filter((line) => /"from":[1-9]/.test(line))).toHaveLength(1);
    expect(two.probematch.scenes.get("ultimatum")?.viewOf("ann")).toMatchObject({ status: "matched" });
    const again = new TestPage(two.url, { scene: "dictator", participantId: "ann" });
    closers.push(() => again.close());
    await again.next("welcome");
    expect(await arrival(rig, "dictator", "ann")).toMatchObject({
      history: { partners: ["bob"], matches: 1 },
    });
  });

  it("go on without a snapshot that another version made", async () => {
    const redis = { url: rig.redis.url, keyPrefix: rig.keyPrefix, snapshotEvents: 10 };
    const one = await node({ redis });
    await page(one, "ann").next("welcome");
    await one.probematch.close();
    const entries = (await rig.command(
      "XREVRANGE",
      "test:{ultimatum}:log",
      "+",
      "-",
      "COUNT",
      "1",
    )) as Entry[];
    const [entry] = entries;
    const state = await pack('{"format":999}');
    const stored = ["state", state, "entry", JSON.stringify(entry), "seq", `${seqOf(entry as Entry)}`];
    await rig.command("HSET", "test:{ultimatum}:snapshot", ...stored);
    expect(connectedIn(await node({ redis }))).toEqual(["ann"]);
  });

  it("tell their pages that Redis is away, and go on matching across nodes when it is back", async () => {
    const [one, two] = [await node(), await node()];
    const ann = page(one, "ann", { rttMs: 20 });
    await ann.next("welcome");
    await rig.kill();
    await expect.poll(() => one.probematch.scenes.get("ultimatum")?.available).toBe(false);
    expect(await ann.next("refused")).toMatchObject({ code: "unavailable", event: null });
    await rig.restart();
    for (const { probematch } of [one, two]) {
      await expect.poll(() => probematch.scenes.get("ultimatum")?.available, { timeout: 10_000 }).toBe(true);
    }
    const bob = page(two, "bob");
    const { probeId } = await bob.next("probePrepare");
    bob.send("probeReady", { probeId });
    // Subscriptions have been made anew as well, soon after the rest.
    const again = setInterval(() => ann.send("probeSignal", { probeId, signal: candidate("from ann") }), 100);
    closers.push(() => clearInterval(again));
    await bob.next("probeSignal");
  });
});
