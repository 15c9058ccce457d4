import { createServer } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { removeFolder, temporaryFolder } from "../../test/dataFolders.js";
import { GatewayRig, type RigOptions } from "../../test/gatewayRig.js";
import type { TestPage } from "../../test/testPage.js";
import { openFileStore } from "../journal/fileStore.js";
import { createMemoryStore, MemoryLogs } from "../journal/memoryJournal.js";
import { scene } from "../scene/scene.js";

const near = scene("near").matchmaking({ matchmaker: { name: "fifo", maxP2pRttMs: 100 } });
const three = scene("three").groupSize(3);
let rig: GatewayRig;
const start = async (options: RigOptions = { scenes: [near] }) => {
  rig = await GatewayRig.start(options);
};
afterEach(() => rig.close());

describe("a second page of the same participant", () => {
  it("takes over, and the first one is told and disconnected for good", async () => {
    await start();
    const first = await rig.welcomed("a", { socket: { reconnection: true } });
    const end = first.disconnected();
    const second = rig.page({ participantId: "a" });
    expect(await second.next("welcome")).toMatchObject({ resumed: true });
    expect(await second.next("waiting")).toMatchObject({ position: 1, lobbyCount: 1 });
    await first.next("replaced");
    expect(await end).toBe("io server disconnect");
    await second.settled();
    expect(first.socket.active).toBe(false);
  });

  it("is not taken for gone when the first one goes", async () => {
    await start({ scenes: [three] });
    const first = await rig.welcomed("a");
    const end = first.disconnected();
    const second = await rig.welcomed("a");
    await end;
    await second.settled();
    await rig.welcomed("b");
    await rig.welcomed("c");
    await second.next("matched");
    const changes = rig.events.filter((e) => e.type.includes("connected") && "participantId" in e);
    // The new page has none of the old one's links, so the log has both, in this order, and nothing after them.
    expect(changes.map((e) => e.type)).toEqual(["participant.disconnected", "participant.reconnected"]);
  });

  it("does not evict the first one when it is refused", async () => {
    await start({ scenes: [near], limits: { joinsPerMinutePerParticipant: 1 } });
    const first = await rig.welcomed("a");
    expect(await rig.page({ participantId: "a" }).refusal()).toMatchObject({ code: "too_many_joins" });
    await first.settled();
    expect(first.all("replaced")).toEqual([]);
  });

  it("wins also when five come at once: exactly one stays", async () => {
    await start();
    const last = () =>
      pages.find((page) => page.all("replaced").length === 0 && page.all("welcome").length > 0);
    const pages = Array.from({ length: 5 }, () => rig.page({ participantId: "a" }));
    const ready = (page: TestPage) => page.all("welcome").length + page.all("replaced").length > 0;
    await Promise.all(pages.map((page) => page.until(ready)));
    await Promise.all(pages.map((page) => page.until(() => !page.socket.connected || page === last())));
    const live = pages.filter((page) => page.socket.connected);
    expect(live).toHaveLength(1);
    await rig.welcomed("b");
    await live[0]?.next("probePrepare");
    expect(rig.scene.waitingIds()).toEqual(["a", "b"]);
    expect(rig.eventsOf("participant.arrived", "a")).toHaveLength(1);
  });

  it("of one scene leaves the same participant's page of another scene alone", async () => {
    await start({ scenes: [near, three] });
    const here = await rig.welcomed("a");
    await rig.welcomed("a", { scene: "three" });
    await here.settled();
    expect(here.all("replaced")).toEqual([]);
  });
});

describe("a page that comes back", () => {
  it("after a refresh has the place it had", async () => {
    await start({ scenes: [scene("eight").groupSize(8)] });
    const page = rig.page();
    const { resumeToken, participantId } = await page.next("welcome");
    const junior = await rig.welcomed("junior");
    page.close();
    await rig.event("participant.disconnected", participantId);
    const again = rig.page({ resumeToken });
    expect(await again.next("welcome")).toMatchObject({ participantId, resumed: true });
    expect(await again.next("waiting")).toMatchObject({ position: 1, lobbyCount: 2 });
    await junior.settled();
  });

  it("during a probe finds it released and waits on; the other one waits on too, then both are probed again", async () => {
    await start({ scenes: [near.probing({ backOffBaseMs: 0 })] });
    const a = await rig.welcomed("a");
    const b = await rig.welcomed("b");
    const before = await a.next("probePrepare");
    const again = await rig.welcomed("a");
    expect(await b.next("released")).toMatchObject({ reason: "member_gone" });
    const after = await again.next("probePrepare");
    expect(after.probeId).not.toBe(before.probeId);
    const told = again.received.map((r) => r.name).filter((n) => n !== "serverEcho" && n !== "waiting");
    expect(told).toEqual(["welcome", "probing", "probePrepare"]);
  });

  it("after its participation ended is told how", async () => {
    await start();
    const page = await rig.welcomed("a");
    page.send("leave", {});
    await page.next("ended");
    const again = await rig.welcomed("a");
    expect(await again.next("ended")).toEqual({ outcome: "left" });
  });

  it("after a restart of the server finds its place and its scene in the log", async () => {
    const dataDir = temporaryFolder();
    const httpServer = createServer();
    const reporter = { info: () => {}, warn: () => {}, error: () => {} };
    try {
      await start({ scenes: [near], store: await openFileStore({ dataDir, reporter }), httpServer });
      const senior = await rig.welcomed("senior", { webrtc: true });
      await rig.event("participant.arrived", "senior");
      const { resumeToken } = senior.all("welcome")[0] ?? { resumeToken: "none" };
      const farewell = senior.next("refused");
      const end = senior.disconnected();
      await rig.gateway.close();
      expect(await farewell).toMatchObject({ code: "server_closing", event: null });
      // Not by the server's word: a page's socket then comes back by itself.
      expect(await end).toMatch(/^transport/);
      await rig.close();

      await start({ scenes: [near], store: await openFileStore({ dataDir, reporter }) });
      expect(rig.scene.waitingIds()).toEqual(["senior"]);
      const again = rig.page({ participantId: "senior", resumeToken, fresh: false });
      expect(await again.next("welcome")).toMatchObject({ participantId: "senior", resumed: true });
    } finally {
      removeFolder(dataDir);
    }
  });
});

describe("a connection that ends", () => {
  it("counts as a lost connection when the page vanishes", async () => {
    await start();
    const page = await rig.welcomed("a");
    page.close();
    await rig.event("participant.disconnected", "a");
  });

  it("is noticed by the heartbeat when the page is silent", async () => {
    await start({ scenes: [near], pingIntervalMs: 50, pingTimeoutMs: 50 });
    const page = await rig.welcomed("a");
    // A page that does not answer heartbeats any more, though its connection is open.
    page.socket.io.engine.removeAllListeners("packet");
    page.socket.io.engine.transport.removeAllListeners("packet");
    await rig.event("participant.disconnected", "a");
  });

  it("while its arrival is being written leaves no ghost behind", async () => {
    await start({ scenes: [three] });
    for (let i = 0; i < 8; i += 1) {
      const page = rig.page({ participantId: `hasty-${i}` });
      const { socket } = page;
      await new Promise<void>((resolve) => socket.io.engine.once("open", () => resolve()));
      // The handshake is on its way; the page is gone at some moment of its examination.
      await new Promise((resolve) => setTimeout(resolve, i % 4));
      page.close();
    }
    await rig.welcomed("last");
    for (const { participantId } of rig.eventsOf("participant.arrived")) {
      if (participantId !== "last") await rig.event("participant.disconnected", participantId);
    }
    expect(rig.gateway.connections).toBe(1);
  });
});

describe("while the journal cannot be written", () => {
  it("a page that connects tries again by itself, and gets in as soon as it can be written", async () => {
    const logs = new MemoryLogs();
    await start({ scenes: [near], store: createMemoryStore(logs) });
    const settled = await rig.welcomed("settled");
    logs.breakWrites("disk full");
    const page = rig.page({
      participantId: "late",
      socket: { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 20 },
    });
    for (let i = 0; i < 12; i += 1) {
      await new Promise<void>((resolve) => page.socket.io.once("reconnect_attempt", () => resolve()));
    }
    await settled.settled();
    logs.mendWrites();
    expect(await page.next("welcome")).toMatchObject({ participantId: "late", resumed: false });
  });

  it("a message is refused with unavailable and the connection stays", async () => {
    const logs = new MemoryLogs();
    await start({ scenes: [near], store: createMemoryStore(logs) });
    const a = await rig.welcomed("a");
    await rig.welcomed("b");
    const { probeId } = await a.next("probePrepare");
    logs.breakWrites("disk full");
    a.send("probeReady", { probeId });
    expect(await a.next("refused")).toMatchObject({ code: "unavailable", event: "probeReady" });
    logs.mendWrites();
    a.send("probeReady", { probeId });
    await rig.event("probe.ready", "a");
  });

  it("a disconnection is written later: nobody is believed to be here who is not", async () => {
    const logs = new MemoryLogs();
    await start({ scenes: [near], store: createMemoryStore(logs) });
    const a = await rig.welcomed("a");
    logs.breakWrites("disk full");
    a.close();
    await new Promise<void>((resolve) => {
      const poll = setInterval(() => {
        if (!rig.log.some((line) => String(line["msg"]).startsWith("a disconnection could not"))) return;
        clearInterval(poll);
        resolve();
      }, 5);
    });
    logs.mendWrites();
    await rig.event("participant.disconnected", "a");
  });
});

describe("closing the gateway", () => {
  it("may be done twice, and leaves the HTTP server to its owner", async () => {
    const httpServer = createServer((_request, response) => response.end("still here"));
    await start({ scenes: [near], httpServer });
    await rig.welcomed("a");
    await Promise.all([rig.gateway.close(), rig.gateway.close()]);
    expect(await (await fetch(rig.url)).text()).toBe("still here");
    expect(rig.eventsOf("participant.disconnected")).toEqual([]);
  });
});
