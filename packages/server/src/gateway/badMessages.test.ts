import { MAX_MESSAGE_BYTES, type RefusalCode } from "@probematch/shared";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GatewayRig } from "../../test/gatewayRig.js";
import { measured, type TestPage } from "../../test/testPage.js";
import { scene } from "../scene/scene.js";

const near = scene("near").matchmaking({ matchmaker: { name: "fifo", maxP2pRttMs: 100 } });
let rig: GatewayRig;
let page: TestPage;
const counted: { code: RefusalCode; event: string | null }[] = [];
beforeEach(async () => {
  counted.length = 0;
  rig = await GatewayRig.start({
    scenes: [near],
    observer: { messageRefused: ({ code, event }) => counted.push({ code, event }) },
    limits: { messageBurst: 60, messagesPerSecond: 1 },
  });
  page = await rig.welcomed("a");
});
afterEach(() => rig.close());

const emit = (...args: unknown[]) => (page.socket.emit as (...args: unknown[]) => void)(...args);

describe("a message that is not ours", () => {
  it.each<[RefusalCode, string, unknown[]]>([
    ["unknown_message", "a name the protocol does not have", ["shutdown", {}]],
    ["unknown_message", "a name every object has", ["__proto__", {}]],
    ["unknown_message", "a name Node treats specially", ["error", new Error("boom")]],
    ["unknown_message", "a number for a name", [42, {}]],
    ["bad_message", "no argument", ["leave"]],
    ["bad_message", "more arguments", ["probeReady", { probeId: "p" }, 2]],
    ["bad_message", "null", ["probeReady", null]],
    ["bad_message", "a list", ["probeReady", []]],
    ["bad_message", "binary data", ["probeReady", Buffer.from([1, 2, 3])]],
    ["bad_message", "binary data in the right place", ["probeReady", { probeId: Buffer.from("p") }]],
    ["bad_message", "a wrong type within", ["echo", { seq: -1 }]],
    ["bad_message", "a number that is none", ["rttReport", { rtt: { medianMs: "NaN" } }]],
    ["too_large", "a long text", ["probeReady", { probeId: "x".repeat(MAX_MESSAGE_BYTES + 1) }]],
    [
      "too_large",
      "a session description that is one no more",
      ["probeSignal", { probeId: "p", signal: { type: "offer", sdp: "x".repeat(33 * 1024) } }],
    ],
  ])("is refused with %s: %s", async (code, _what, args) => {
    emit(...args);
    expect(await page.next("refused")).toMatchObject({ code });
    expect(counted).toMatchObject([{ code }]);
    await page.settled();
    expect(rig.scene.waitingIds()).toEqual(["a"]);
    expect(page.misfits).toEqual([]);
  });

  it("is refused in words that do not repeat it", async () => {
    emit("probeReady", { probeId: "my private text" });
    expect(JSON.stringify(await page.next("refused"))).not.toContain("private");
    expect(JSON.stringify(rig.log)).not.toContain("private");
  });

  it("may ask for an acknowledgement, which is not given", async () => {
    emit("echo", { seq: 7 }, () => expect.unreachable());
    expect(await page.next("echoed")).toEqual({ seq: 7 });
    emit("nonsense", () => expect.unreachable());
    expect(await page.next("refused")).toMatchObject({ code: "unknown_message" });
  });

  it("ends the connection when it is larger than the server reads, and the place is kept", async () => {
    const end = page.disconnected();
    emit("echo", { seq: "x".repeat(3 * MAX_MESSAGE_BYTES) });
    await end;
    await rig.event("participant.disconnected", "a");
    const again = await rig.welcomed("a", { fresh: false });
    expect(again.all("welcome")).toMatchObject([{ resumed: true }]);
  });

  it("ends the connection when it is not even socket.io, and nobody else notices", async () => {
    const other = await rig.welcomed("b");
    const end = page.disconnected();
    page.socket.io.engine.write("2x[not json");
    await end;
    await other.settled();
  });
});

describe("a message at the wrong time", () => {
  it("about a probe that does not exist is refused with not_your_probe", async () => {
    page.send("probeReady", { probeId: "none" });
    expect(await page.next("refused")).toMatchObject({ code: "not_your_probe", event: "probeReady" });
  });

  it("a report before both sides were ready is out_of_order", async () => {
    await rig.welcomed("b");
    const { probeId } = await page.next("probePrepare");
    page.send("probeReport", { probeId, report: measured(10) });
    expect(await page.next("refused")).toMatchObject({ code: "out_of_order", event: "probeReport" });
  });

  it("a match that is not there cannot be done", async () => {
    page.send("matchDone", { matchId: "none" });
    expect((await page.next("refused")).event).toBe("matchDone");
  });

  it("after the end is out_of_order, but a ping is still answered", async () => {
    page.send("leave", {});
    await page.next("ended");
    page.send("probeReady", { probeId: "none" });
    expect(await page.next("refused")).toMatchObject({ code: "out_of_order" });
    await page.settled();
  });

  it("being ready twice starts nothing", async () => {
    const other = await rig.welcomed("b");
    const { probeId } = await page.next("probePrepare");
    page.send("probeReady", { probeId });
    page.send("probeReady", { probeId });
    await page.settled();
    expect(page.all("probeStart")).toEqual([]);
    other.send("probeReady", { probeId });
    await page.next("probeStart");
  });
});

describe("a page that floods the server", () => {
  it("is told once to slow down, then ignored, then disconnected; its place is kept", async () => {
    const end = page.disconnected();
    for (let i = 0; i < 400; i += 1) page.send("echo", { seq: i });
    await end;
    expect(page.all("echoed").length).toBeLessThanOrEqual(61);
    expect(counted.length).toBeGreaterThan(0);
    expect(counted.length).toBeLessThan(10);
    expect(new Set(counted.map((c) => c.code))).toEqual(new Set(["too_many_messages"]));
    expect(rig.scene.waitingIds()).toEqual(["a"]);
  });
});
