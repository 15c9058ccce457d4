import { describe, expect, it, vi } from "vitest";
import { Emitter } from "./emitter.js";

interface Events {
  ping: number;
}

describe("Emitter", () => {
  it("tells every listener, until it is taken off", () => {
    const emitter = new Emitter<Events>();
    const heard: string[] = [];
    const off = emitter.on("ping", (n) => heard.push(`a${n}`));
    emitter.on("ping", (n) => heard.push(`b${n}`));
    emitter.emit("ping", 1);
    off();
    emitter.emit("ping", 2);
    expect(heard).toEqual(["a1", "b1", "b2"]);
  });

  it("tells a once-listener once, also when that listener emits again", () => {
    const emitter = new Emitter<Events>();
    const heard: number[] = [];
    emitter.once("ping", (n) => {
      heard.push(n);
      emitter.emit("ping", n + 1);
    });
    emitter.emit("ping", 1);
    expect(heard).toEqual([1]);
  });

  it("does not tell a listener that was added while it was emitting", () => {
    const emitter = new Emitter<Events>();
    const late = vi.fn();
    emitter.on("ping", () => emitter.on("ping", late));
    emitter.emit("ping", 1);
    expect(late).not.toHaveBeenCalled();
  });

  it("goes on when a listener throws, and reports the error as the page's own", () => {
    const emitter = new Emitter<Events>();
    const heard: number[] = [];
    const reported = vi.fn();
    vi.stubGlobal("reportError", reported);
    emitter.on("ping", () => {
      throw new Error("mistake in the page");
    });
    emitter.on("ping", (n) => heard.push(n));
    emitter.emit("ping", 1);
    vi.unstubAllGlobals();
    expect(heard).toEqual([1]);
    expect(reported).toHaveBeenCalledWith(new Error("mistake in the page"));
  });
});
