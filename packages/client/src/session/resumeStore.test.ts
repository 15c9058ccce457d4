import { describe, expect, it } from "vitest";
import { type ResumeStorage, ResumeStore } from "./resumeStore.js";

function memory(): ResumeStorage {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

const where = { url: "https://study.example/", scene: "scene" };

describe("ResumeStore", () => {
  it("gives a refreshed page its token back, until it is forgotten", () => {
    const storage = memory();
    new ResumeStore(storage, where, {}).save("token", "p1");
    const refreshed = new ResumeStore(storage, where, {});
    expect(refreshed.load()).toBe("token");
    refreshed.forget();
    expect(refreshed.load()).toBeUndefined();
  });

  it("does not give one participant's token to another on the same computer", () => {
    const storage = memory();
    new ResumeStore(storage, where, { participantId: "p1" }).save("token", "p1");
    expect(new ResumeStore(storage, where, { participantId: "p2" }).load()).toBeUndefined();
    expect(new ResumeStore(storage, where, { token: "signed" }).load()).toBeUndefined();
    expect(new ResumeStore(storage, where, { participantId: "p1" }).load()).toBe("token");
  });

  it("keeps scenes and servers apart", () => {
    const storage = memory();
    new ResumeStore(storage, where, {}).save("token", "p1");
    expect(new ResumeStore(storage, { ...where, scene: "other" }, {}).load()).toBeUndefined();
    expect(new ResumeStore(storage, { ...where, url: "https://b.example/" }, {}).load()).toBeUndefined();
  });

  it("lives with storage that is absent, forbidden or full of something else", () => {
    const forbidden = (): never => {
      throw new DOMException("denied", "SecurityError");
    };
    const broken = { getItem: forbidden, setItem: forbidden, removeItem: forbidden };
    const foreign = { ...memory(), getItem: () => "{not json" };
    for (const storage of [null, broken, foreign]) {
      const store = new ResumeStore(storage, where, {});
      store.save("token", "p1");
      expect(store.load()).toBeUndefined();
      store.forget();
    }
  });
});
