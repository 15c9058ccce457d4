import { fastProbeParameters } from "@probematch/shared";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { clockStepMs } from "./clockStep.js";
import { Measurer } from "./measurer.js";
import type { MeasuringNews } from "./messages.js";

/** One end of a data channel in memory, whose frames arrive after a while. Stands for the browser's. */
class FakeChannel {
  binaryType = "blob";
  readyState: RTCDataChannelState = "connecting";
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  other: FakeChannel | null = null;
  onewayMs = 10;
  /** Says of each frame whether it gets lost. */
  loses = (_frame: number): boolean => false;
  sent = 0;

  static pair(onewayMs: number): [FakeChannel, FakeChannel] {
    const ends: [FakeChannel, FakeChannel] = [new FakeChannel(), new FakeChannel()];
    for (const [i, end] of ends.entries()) {
      end.other = ends[1 - i] ?? null;
      end.onewayMs = onewayMs;
    }
    return ends;
  }

  open(): void {
    this.readyState = "open";
    this.onopen?.();
  }

  send(frame: ArrayBuffer): void {
    if (this.readyState !== "open") throw new Error("InvalidStateError");
    this.sent += 1;
    if (this.loses(this.sent)) return;
    const copy = frame.slice(0);
    setTimeout(() => this.other?.onmessage?.({ data: copy }), this.onewayMs);
  }

  close(): void {
    this.readyState = "closed";
    this.onclose?.();
  }
}

const channelOf = (fake: FakeChannel) => fake as unknown as RTCDataChannel;

/** A clock that only a test moves; `performance.now()` and the timers follow it. */
beforeEach(() => {
  // It watches the real clock move, once.
  clockStepMs();
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

interface End {
  readonly measurer: Measurer;
  readonly news: MeasuringNews[];
}

function endOf(fake: FakeChannel): End {
  const news: MeasuringNews[] = [];
  const measurer = new Measurer((one) => news.push(one));
  measurer.take({ do: "adopt", id: 1, channel: channelOf(fake) });
  return { measurer, news };
}

function link(onewayMs: number): { fakes: [FakeChannel, FakeChannel]; ends: [End, End] } {
  const fakes = FakeChannel.pair(onewayMs);
  const ends: [End, End] = [endOf(fakes[0]), endOf(fakes[1])];
  for (const fake of fakes) fake.open();
  return { fakes, ends };
}

const measure = { do: "measure", id: 1, parameters: fastProbeParameters, limitMs: null } as const;
const outcomeIn = (news: readonly MeasuringNews[]) =>
  news.flatMap((one) => (one.news === "measured" ? [one.outcome] : []))[0];

describe("a measurer", () => {
  it("tells when a link's channel opens and closes, also when it was open already", () => {
    const { fakes, ends } = link(10);
    expect(ends[0].news).toEqual([{ news: "open", id: 1 }]);
    fakes[0].close();
    expect(ends[0].news.at(-1)).toEqual({ news: "closed", id: 1 });
    const [open] = FakeChannel.pair(10);
    open.readyState = "open";
    expect(endOf(open).news).toEqual([{ news: "open", id: 1 }]);
  });

  it("measures the RTT of a link whose other end only answers", async () => {
    const { ends } = link(20);
    ends[0].measurer.take(measure);
    await vi.advanceTimersByTimeAsync(1000);
    expect(outcomeIn(ends[0].news)).toMatchObject({
      status: "measured",
      rtt: { medianMs: 40, samples: fastProbeParameters.pings, lost: 0 },
      floorMs: null,
    });
    expect(outcomeIn(ends[1].news)).toBeUndefined();
  });

  it("takes the page's own way from its connection to itself, and counts it twice", async () => {
    const { ends } = link(20);
    const floor = FakeChannel.pair(1);
    ends[0].measurer.take({ do: "adoptFloor", channels: floor.map(channelOf) });
    for (const fake of floor) fake.open();
    expect(ends[0].news).toContainEqual({ news: "floorOpen" });
    ends[0].measurer.take(measure);
    await vi.advanceTimersByTimeAsync(1000);
    expect(outcomeIn(ends[0].news)).toMatchObject({ floorMs: expect.closeTo(2, 5) });
    ends[0].measurer.take({ do: "dropFloor" });
    expect(floor.map(({ readyState }) => readyState)).toEqual(["closed", "closed"]);
  });

  it("says so where nothing is answered", async () => {
    const { fakes, ends } = link(20);
    fakes[1].loses = () => true;
    ends[0].measurer.take(measure);
    await vi.advanceTimersByTimeAsync(5000);
    expect(outcomeIn(ends[0].news)).toEqual({ status: "failed", reason: "all_lost", detail: null });
  });

  it("goes on once a second after the probe, and tells what is lost", async () => {
    const { fakes, ends } = link(20);
    fakes[0].loses = (frame) => frame === 2;
    ends[0].measurer.take({ do: "watch", id: 1 });
    await vi.advanceTimersByTimeAsync(6500);
    const samples = ends[0].news.flatMap((one) => (one.news === "sample" ? [one.rttMs] : []));
    expect(samples).toEqual([40, 40, 40, null, 40, 40]);
    expect(ends[0].news.filter(({ news }) => news === "heard").length).toBe(5);
  });

  it("hears the other end's pings too while it watches", async () => {
    const { ends } = link(20);
    for (const { measurer } of ends) measurer.take({ do: "watch", id: 1 });
    await vi.advanceTimersByTimeAsync(1500);
    expect(ends.map(({ news }) => news.filter((one) => one.news === "heard").length)).toEqual([2, 2]);
  });

  it("tells nothing more of a link that it was told to rest or drop", async () => {
    const { fakes, ends } = link(20);
    ends[0].measurer.take(measure);
    ends[0].measurer.take({ do: "rest", id: 1 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(outcomeIn(ends[0].news)).toBeUndefined();
    ends[0].measurer.take({ do: "watch", id: 1 });
    ends[0].measurer.take({ do: "drop", id: 1 });
    await vi.advanceTimersByTimeAsync(3000);
    expect(ends[0].news).toEqual([{ news: "open", id: 1 }]);
    expect(fakes[0].readyState).toBe("closed");
    expect(vi.getTimerCount()).toBe(0);
  });
});
