import type { BeaconRtts } from "@probematch/shared";
import { createSlowEndpoint, type SlowEndpoint } from "@probematch/testbed";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ScriptedServer } from "../../test/scriptedServer.js";
import { connect, type Participant } from "../index.js";
import { Beacons, type BeaconsOptions } from "./beacons.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  for (const close of closers.splice(0).reverse()) await close();
});

async function endpoint(holdMs: (number: number) => number | null = () => 1): Promise<SlowEndpoint> {
  const made = await createSlowEndpoint({ holdMs });
  closers.push(() => made.close());
  return made;
}

/** What was measured, as it comes in. */
class Reports {
  readonly all: BeaconRtts[] = [];
  #wake = () => {};
  readonly add = (rttMs: BeaconRtts) => {
    this.all.push(rttMs);
    this.#wake();
  };
  async count(count: number): Promise<void> {
    while (this.all.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function measuring(options: Partial<BeaconsOptions> = {}) {
  const reports = new Reports();
  const beacons = new Beacons({
    measureWhileHidden: false,
    mayMeasure: () => true,
    onReport: reports.add,
    ...options,
  });
  closers.push(() => beacons.stop());
  return { beacons, reports };
}

/** Stands for the browser's tab, which Node does not have. */
class Tab extends EventTarget {
  hidden: boolean;
  listeners = 0;
  constructor(hidden: boolean) {
    super();
    this.hidden = hidden;
    vi.stubGlobal("document", this);
  }
  show(isShown: boolean): void {
    this.hidden = !isShown;
    this.dispatchEvent(new Event("visibilitychange"));
  }
  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    this.listeners += 1;
    super.addEventListener(...args);
  }
  override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>): void {
    this.listeners -= 1;
    super.removeEventListener(...args);
  }
}

const realTimeout = setTimeout;

/** From here on the page's clock and timers go on only when they are told to; requests take the time they take. */
function holdTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
}

/** As fast as real time, which a round is measured in. */
async function passUntil(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    await vi.advanceTimersByTimeAsync(1);
    await new Promise((resolve) => realTimeout(resolve, 1));
  }
}

/** Passes idle time, timer by timer (Node's own fetch has some), until it is true. Returns how long that was, ms. */
async function passIdleTime(isTrue: () => boolean): Promise<number> {
  const before = performance.now();
  while (!isTrue()) {
    await vi.advanceTimersToNextTimerAsync();
    for (let i = 0; i < 20 && !isTrue(); i += 1) await new Promise((resolve) => realTimeout(resolve, 5));
  }
  return performance.now() - before;
}

describe("beacons", () => {
  it("are measured once connected, and reported together", async () => {
    const [near, far] = [await endpoint(), await endpoint(() => 60)];
    const { beacons, reports } = measuring();
    beacons.start([
      { id: "near", url: near.url },
      { id: "far", url: far.url },
    ]);
    await reports.count(1);
    expect(Object.keys(reports.all[0] ?? {}).sort()).toEqual(["far", "near"]);
  });

  it("are measured again every few minutes, with a connection set up anew", async () => {
    holdTime();
    const beacon = await endpoint(() => 0);
    const { beacons, reports } = measuring();
    beacons.start([{ id: "only", url: beacon.url }]);
    await passUntil(() => reports.all.length === 1);
    expect(beacon.requests).toHaveLength(5);
    const idleMs = await passIdleTime(() => beacon.requests.length > 5);
    expect(idleMs).toBeGreaterThan(4 * 60_000);
    expect(idleMs).toBeLessThan(6 * 60_000);
    await passUntil(() => reports.all.length === 2);
    expect(beacon.requests).toHaveLength(10);
  });

  it("are not measured again each time the connection comes back, but soon", async () => {
    holdTime();
    const beacon = await endpoint(() => 0);
    const { beacons, reports } = measuring();
    const list = [{ id: "only", url: beacon.url }];
    beacons.start(list);
    await passUntil(() => reports.all.length === 1);
    for (let i = 0; i < 5; i += 1) {
      beacons.stop();
      beacons.start(list);
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(beacon.requests).toHaveLength(5);
    expect(await passIdleTime(() => beacon.requests.length > 5)).toBeLessThan(30_000);
    await passUntil(() => reports.all.length === 2);
    expect(beacon.requests).toHaveLength(10);
  });

  it("wait while links to peers are measured", async () => {
    holdTime();
    const beacon = await endpoint(() => 0);
    let isProbing = true;
    const { beacons, reports } = measuring({ mayMeasure: () => !isProbing });
    beacons.start([{ id: "only", url: beacon.url }]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(beacon.requests).toHaveLength(0);
    isProbing = false;
    expect(await passIdleTime(() => beacon.requests.length > 0)).toBeLessThan(10_000);
    await passUntil(() => reports.all.length === 1);
  });

  it("are not measured in a hidden tab, but as soon as it is shown", async () => {
    const tab = new Tab(true);
    const beacon = await endpoint();
    const { beacons, reports } = measuring();
    beacons.start([{ id: "only", url: beacon.url }]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(beacon.requests).toHaveLength(0);
    tab.show(true);
    await reports.count(1);
  });

  it("are measured from the beginning when the tab was hidden in between", async () => {
    const tab = new Tab(false);
    const beacon = await endpoint((number) => (number === 2 ? null : 1));
    const { beacons, reports } = measuring();
    beacons.start([{ id: "only", url: beacon.url }]);
    await beacon.until((requests) => requests.length === 3);
    tab.show(false);
    await beacon.until((requests) => requests[2]?.abandoned === true);
    expect(reports.all).toEqual([]);
    tab.show(true);
    await reports.count(1);
    expect(beacon.requests).toHaveLength(3 + 5);
  });

  it("are measured from the beginning when the tab is found hidden at the end, of which it was not told", async () => {
    const tab = new Tab(false);
    const beacon = await endpoint((number) => {
      if (number === 2) tab.hidden = true;
      return 1;
    });
    const { beacons, reports } = measuring();
    beacons.start([{ id: "only", url: beacon.url }]);
    await beacon.until((requests) => requests.length === 5);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(reports.all).toEqual([]);
    tab.show(true);
    await reports.count(1);
    expect(beacon.requests).toHaveLength(5 + 5);
  });

  it("are measured from the beginning when the tab is shown again, and was not told that it was hidden", async () => {
    const tab = new Tab(false);
    const beacon = await endpoint((number) => (number === 2 ? null : 1));
    const { beacons, reports } = measuring();
    beacons.start([{ id: "only", url: beacon.url }]);
    await beacon.until((requests) => requests.length === 3);
    tab.show(true);
    await reports.count(1);
    expect(beacon.requests).toHaveLength(3 + 5);
  });

  it("are measured in a hidden tab where the page wants it so", async () => {
    new Tab(true);
    const beacon = await endpoint();
    const { beacons, reports } = measuring({ measureWhileHidden: true });
    beacons.start([{ id: "only", url: beacon.url }]);
    await reports.count(1);
  });

  it("that do not answer at all are not reported, nor waited for", async () => {
    holdTime();
    const silent = await endpoint(() => null);
    const { beacons, reports } = measuring();
    beacons.start([{ id: "silent", url: silent.url }]);
    await passUntil(() => silent.requests.length === 1);
    await vi.advanceTimersByTimeAsync(2500);
    await silent.until(([request]) => request?.abandoned === true);
    expect(await passIdleTime(() => silent.requests.length > 1)).toBeGreaterThan(60_000);
    expect(reports.all).toEqual([]);
  });

  it("leave nothing behind", async () => {
    const tab = new Tab(false);
    const beacon = await endpoint((number) => (number === 2 ? null : 1));
    const { beacons, reports } = measuring();
    beacons.start([{ id: "only", url: beacon.url }]);
    await beacon.until((requests) => requests.length === 3);
    beacons.stop();
    beacons.stop();
    await beacon.until((requests) => requests[2]?.abandoned === true);
    tab.show(false);
    tab.show(true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(beacon.requests).toHaveLength(3);
    expect(reports.all).toEqual([]);
    expect(tab.listeners).toBeLessThanOrEqual(0);
  });
});

describe("a participant in a scene with beacons", () => {
  async function welcomed(url: string) {
    const server = new ScriptedServer();
    const participant: Participant = connect(await server.listen(), { scene: "scene", storage: null });
    closers.push(
      () => server.close(),
      () => participant.leave(),
    );
    const measured = new Promise<BeaconRtts>((resolve) => participant.once("beaconRtt", resolve));
    const page = await server.page();
    page.welcome({ beacons: [{ id: "oslo", url }] });
    return { participant, page, measured };
  }

  it("reports them to the server, and shows them to the page", async () => {
    const beacon = await endpoint(() => 20);
    const { participant, page, measured } = await welcomed(beacon.url);
    const report = await page.heard("beaconReport");
    expect(report.beaconRttMs["oslo"]).toBeGreaterThan(18);
    expect(await measured).toEqual(report.beaconRttMs);
    expect(participant.beaconRttMs).toEqual(report.beaconRttMs);
  });

  it("stops measuring when it leaves", async () => {
    const beacon = await endpoint((number) => (number === 1 ? null : 0));
    const { participant } = await welcomed(beacon.url);
    await beacon.until((requests) => requests.length === 2);
    participant.leave();
    await beacon.until((requests) => requests[1]?.abandoned === true);
    expect(participant.beaconRttMs).toEqual({});
  });
});
