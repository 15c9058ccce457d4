import { afterEach, describe, expect, it } from "vitest";
import { createSlowEndpoint, type SlowEndpoint } from "./slowEndpoint.js";

let endpoint: SlowEndpoint;
afterEach(() => endpoint.close());

describe("a slow endpoint", () => {
  it("holds each request as long as it is told to, answers as it is told to, and says how long it took", async () => {
    endpoint = await createSlowEndpoint({
      holdMs: (number) => 20 * number,
      status: 203,
      headers: { "timing-allow-origin": "*" },
      body: "here",
    });
    for (let i = 0; i < 3; i += 1) {
      const response = await fetch(endpoint.url);
      expect(response.status).toBe(203);
      expect(response.headers.get("timing-allow-origin")).toBe("*");
      expect(await response.text()).toBe("here");
    }
    expect(endpoint.requests.map(({ path }) => path)).toEqual(["/", "/", "/"]);
    expect(endpoint.requests[2]?.heldMs).toBeGreaterThan(38.5);
  });

  it("notices who gives up waiting", async () => {
    endpoint = await createSlowEndpoint({ holdMs: () => null });
    const giveUp = new AbortController();
    const asked = fetch(endpoint.url, { signal: giveUp.signal });
    await endpoint.until((requests) => requests.length === 1);
    giveUp.abort();
    await expect(asked).rejects.toThrow();
    await endpoint.until(([request]) => request?.abandoned === true);
    expect(endpoint.requests[0]?.heldMs).toBeNull();
  });
});
