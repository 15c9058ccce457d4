import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Measuring } from "./measuring.js";
import type { MeasuringNews, MeasuringOrder } from "./messages.js";

/** Stands for the browser's: does what a test says. */
class FakeWorker {
  static made: FakeWorker[] = [];
  static isForbidden = false;
  onmessage: ((event: { data: MeasuringNews }) => void) | null = null;
  onerror: ((event: { preventDefault(): void }) => void) | null = null;
  readonly orders: MeasuringOrder[] = [];
  letsChannelsIn = true;
  isTerminated = false;

  constructor() {
    if (FakeWorker.isForbidden) throw new Error("SecurityError");
    FakeWorker.made.push(this);
  }

  postMessage(order: MeasuringOrder, transfer: readonly object[]): void {
    if (transfer.length > 0 && !this.letsChannelsIn) throw new Error("DataCloneError");
    this.orders.push(order);
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

const channel = () => ({ readyState: "connecting", close() {} }) as unknown as RTCDataChannel;
const noise = () => {};

let worker: FakeWorker | undefined;
const begin = (wanted: "worker" | "page" = "worker") => {
  const measuring = new Measuring(wanted, "the script");
  measuring.start();
  [worker] = FakeWorker.made;
  return measuring;
};
const isReady = () => worker?.onmessage?.({ data: { news: "ready" } });

beforeEach(() => {
  FakeWorker.made = [];
  FakeWorker.isForbidden = false;
  worker = undefined;
  vi.stubGlobal("Worker", FakeWorker);
  vi.spyOn(URL, "createObjectURL");
  vi.spyOn(URL, "revokeObjectURL");
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Addresses of scripts that the page still keeps in memory. */
function keptUrls(): readonly string[] {
  const revoked = vi.mocked(URL.revokeObjectURL).mock.calls.map(([url]) => url);
  const made = vi.mocked(URL.createObjectURL).mock.results.map(({ value }) => String(value));
  return made.filter((url) => !revoked.includes(url));
}

describe("measuring", () => {
  it("happens in the worker from the moment it lives, and in the page until then", () => {
    const measuring = begin();
    const early = measuring.adopt(channel, noise);
    isReady();
    const late = measuring.adopt(channel, noise);
    expect([early.place.name, late.place.name]).toEqual(["page", "worker"]);
    expect(worker?.orders.map((order) => order.do)).toEqual(["adopt"]);
  });

  it("waits for nothing where there is no worker to come, and otherwise until it lives or fails", () => {
    const settled = vi.fn();
    begin("page").whenSettled(settled);
    expect(settled).toHaveBeenCalledTimes(1);
    const waiting = begin();
    waiting.whenSettled(settled);
    expect(settled).toHaveBeenCalledTimes(1);
    isReady();
    expect(settled).toHaveBeenCalledTimes(2);
  });

  it("happens in the page where a policy forbids the worker, in either way of saying so", () => {
    FakeWorker.isForbidden = true;
    expect(begin().adopt(channel, noise).place.name).toBe("page");
    FakeWorker.isForbidden = false;
    const measuring = begin();
    const settled = vi.fn();
    measuring.whenSettled(settled);
    const prevented = vi.fn();
    worker?.onerror?.({ preventDefault: prevented });
    expect([settled, prevented].map((fn) => fn.mock.calls.length)).toEqual([1, 1]);
    expect(measuring.adopt(channel, noise).place.name).toBe("page");
    expect(worker?.isTerminated).toBe(true);
  });

  it("happens in the page where channels cannot leave it, with the same channel", () => {
    const measuring = begin();
    isReady();
    if (worker !== undefined) worker.letsChannelsIn = false;
    const made: RTCDataChannel[] = [];
    const link = measuring.adopt(() => {
      made.push(channel());
      return made[0] as RTCDataChannel;
    }, noise);
    expect(link.place.name).toBe("page");
    expect(made.length).toBe(1);
    expect(made[0]?.onmessage).toEqual(expect.any(Function));
  });

  it("tells a link what the worker says of it", () => {
    const measuring = begin();
    isReady();
    const opened = vi.fn();
    const link = measuring.adopt(channel, opened);
    const [adopt] = worker?.orders ?? [];
    const id = adopt !== undefined && "id" in adopt ? adopt.id : 0;
    worker?.onmessage?.({ data: { news: "open", id } });
    expect([link.isOpen, opened.mock.calls.length]).toEqual([true, 1]);
    const onSample = vi.fn();
    link.watch({ onHeard: noise, onSample });
    worker?.onmessage?.({ data: { news: "sample", id, rttMs: 12 } });
    link.close();
    worker?.onmessage?.({ data: { news: "sample", id, rttMs: 13 } });
    expect(onSample.mock.calls).toEqual([[12]]);
    expect(worker?.orders.map((order) => order.do)).toEqual(["adopt", "watch", "drop"]);
  });

  it("is over with its links where the worker is given up, and the page takes over", () => {
    const measuring = begin();
    isReady();
    const link = measuring.adopt(channel, noise);
    worker?.onmessage?.({ data: { news: "open", id: 1 } });
    measuring.giveUpWorker();
    expect(link.isOpen).toBe(false);
    expect(measuring.adopt(channel, noise).place.name).toBe("page");
  });

  it("ends its worker once, also before it lives, and starts no other", () => {
    const measuring = begin();
    measuring.close();
    measuring.close();
    isReady();
    measuring.start();
    expect(FakeWorker.made.map(({ isTerminated }) => isTerminated)).toEqual([true]);
    expect(measuring.place.name).toBe("page");
  });

  it("does not wait for ever for a worker that says nothing: the page measures, and nothing is left of it", () => {
    vi.useFakeTimers();
    const measuring = begin();
    const settled = vi.fn();
    measuring.whenSettled(settled);
    vi.advanceTimersByTime(5000);
    expect([settled.mock.calls.length, worker?.isTerminated, keptUrls().length]).toEqual([0, false, 1]);
    vi.advanceTimersByTime(5000);
    expect([settled.mock.calls.length, worker?.isTerminated, keptUrls().length]).toEqual([1, true, 0]);
    expect(measuring.adopt(channel, noise).place.name).toBe("page");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("keeps neither the script nor a timer, however the start ended", () => {
    vi.useFakeTimers();
    begin();
    isReady();
    expect([keptUrls(), vi.getTimerCount()]).toEqual([[], 0]);
    vi.advanceTimersByTime(60_000);
    expect(worker?.isTerminated).toBe(false);
    FakeWorker.made = [];
    begin();
    worker?.onerror?.({ preventDefault: noise });
    begin().close();
    FakeWorker.isForbidden = true;
    begin();
    expect([keptUrls(), vi.getTimerCount()]).toEqual([[], 0]);
    expect(URL.createObjectURL).toHaveBeenCalledTimes(4);
  });

  it("starts no worker where the study wants none", () => {
    begin("page");
    expect(FakeWorker.made).toEqual([]);
  });
});
