import { describe, expect, it } from "vitest";
import { isNews, RttWindow } from "./rttWindow.js";

const stats = (medianMs: number, lost = 0) => ({
  medianMs,
  minMs: medianMs,
  p95Ms: medianMs,
  jitterMs: 0,
  samples: 20 - lost,
  lost,
});

describe("RttWindow", () => {
  it("forgets what is older than its size, lost pings included", () => {
    const window = new RttWindow(3);
    for (const rttMs of [100, null, 10, 20, 30]) window.add(rttMs);
    expect(window.summary()).toMatchObject({ medianMs: 20, samples: 3, lost: 0 });
  });

  it("has no summary when everything was lost", () => {
    const window = new RttWindow(3);
    window.add(null);
    expect(window.summary()).toBeNull();
  });
});

describe("isNews", () => {
  it("is a first figure, a changed one, or a changed loss", () => {
    expect(isNews(null, stats(50))).toBe(true);
    expect(isNews(stats(50), stats(56))).toBe(true);
    expect(isNews(stats(50), stats(50, 5))).toBe(true);
  });

  it("is not the noise of the same path", () => {
    expect(isNews(stats(50), stats(54))).toBe(false);
    expect(isNews(stats(200), stats(219))).toBe(false);
  });
});
