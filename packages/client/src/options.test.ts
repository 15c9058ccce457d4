import { describe, expect, it, vi } from "vitest";
import { checkOptions, ProbematchUsageError } from "./options.js";

describe("checkOptions", () => {
  it.each([
    ["an address that is none", "study.example", { scene: "s" }, /"study\.example" is no address/],
    ["another kind of address", "ftp://study.example", { scene: "s" }, /no address of a server/],
    ["a scene's name with a space", "https://study.example", { scene: "my scene" }, /scene/],
    ["an id with a space", "https://study.example", { scene: "s", participantId: "a b" }, /participantId/],
    [
      "attributes that are not flat",
      "https://study.example",
      { scene: "s", attributes: { a: {} } },
      /attributes\.a/,
    ],
  ])("names the mistake: %s", (_, url, options, message) => {
    expect(() => checkOptions(url, options as never)).toThrow(ProbematchUsageError);
    expect(() => checkOptions(url, options as never)).toThrow(message);
  });

  it("accepts what the page may leave out", () => {
    // From Node 25 on there is a sessionStorage here too.
    vi.stubGlobal("sessionStorage", undefined);
    const { identity, measureWhileHidden, storage } = checkOptions("https://study.example", { scene: "s" });
    expect(identity).toEqual({ scene: "s" });
    expect(measureWhileHidden).toBe(false);
    expect(storage).toBeNull();
    vi.unstubAllGlobals();
  });
});
