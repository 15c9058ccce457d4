import { beaconIdSchema } from "@probematch/shared";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { GroupReunionMatchmaker } from "../matchmakers/groupReunion.js";
import type { ConfigProblem } from "./configError.js";
import { publicBeacons } from "./publicBeacons.js";
import { readScenes, resolveScene } from "./resolveScene.js";
import { scene } from "./scene.js";

function problemsOf(beacons: unknown): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  readScenes([{ id: "lobby", beacons }], "scenes", problems);
  return problems;
}
const pathsOf = (beacons: unknown) => problemsOf(beacons).map(({ path }) => path);

const eu = { id: "eu-west", url: "https://eu.example.org/beacon", place: "Dublin" };
const us = { id: "us.east_1", url: "http://us.example.org:8080/beacon?a=b" };

describe("a scene's beacons", () => {
  it("are kept in order, without what is for people only, with addresses as browsers write them", () => {
    const { settings } = resolveScene(
      scene("lobby").beacons([eu, us, { id: "bare", url: "HTTPS://Bare.Example.org" }]),
    );
    expect(settings.beacons).toEqual([
      { id: "eu-west", url: "https://eu.example.org/beacon" },
      us,
      { id: "bare", url: "https://bare.example.org/" },
    ]);
  });

  it("are part of the rules that the configuration's hash stands for", () => {
    const hashes = [[], [eu], [us], [eu, us]].map(
      (beacons) => resolveScene(scene("lobby").beacons(beacons)).settings.lobby.configHash,
    );
    expect(new Set(hashes).size).toBe(4);
  });

  it("are refused one by one, each with its place", () => {
    expect(
      pathsOf([
        eu,
        "https://eu.example.org/beacon",
        {},
        { id: "a b", url: "https://a.example.org" },
        { id: "constructor", url: "https://b.example.org" },
        { id: "c", url: "/beacon" },
        { id: "d", url: "ftp://d.example.org" },
        { id: "e", url: "https://name:password@e.example.org" },
        { id: "f", url: "https://f.example.org/#top" },
        { ...us, wieght: 3 },
      ]),
    ).toEqual([
      "scenes[0].beacons[1]",
      "scenes[0].beacons[2].id",
      "scenes[0].beacons[2].url",
      "scenes[0].beacons[3].id",
      "scenes[0].beacons[4].id",
      "scenes[0].beacons[5].url",
      "scenes[0].beacons[6].url",
      "scenes[0].beacons[7].url",
      "scenes[0].beacons[8].url",
      "scenes[0].beacons[9].wieght",
    ]);
  });

  it("have names and addresses of their own", () => {
    expect(pathsOf([eu, { ...us, id: eu.id }, { ...eu, id: "other" }])).toEqual([
      "scenes[0].beacons[1].id",
      "scenes[0].beacons[2].url",
    ]);
  });

  it("are sixteen at most", () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ id: `b${i}`, url: `https://b${i}.example.org` }));
    expect(problemsOf(many(16))).toEqual([]);
    expect(problemsOf(many(17))).toEqual([
      { path: "scenes[0].beacons", problem: expect.stringContaining("at most 16") },
    ]);
    expect(pathsOf({ eu })).toEqual(["scenes[0].beacons"]);
  });

  it("are waited for only where there are some and the matchmaker reads them", () => {
    class ByBeacons extends FifoMatchmaker {
      override get readsBeacons() {
        return true;
      }
    }
    const awaits = (matchmaker: FifoMatchmaker | GroupReunionMatchmaker, beacons = [eu]) =>
      resolveScene(scene("lobby").matchmaking({ matchmaker }).beacons(beacons)).settings.lobby.awaitsBeacons;
    expect(awaits(new FifoMatchmaker())).toBe(false);
    expect(awaits(new ByBeacons())).toBe(true);
    expect(awaits(new ByBeacons(), [])).toBe(false);
    expect(awaits(new GroupReunionMatchmaker({ fallback: new ByBeacons() }))).toBe(true);
  });
});

describe("the public beacons", () => {
  it("can be used as they are, any sixteen of them", () => {
    expect(publicBeacons.length).toBeGreaterThan(16);
    for (let i = 0; i + 16 <= publicBeacons.length; i += 1) {
      expect(problemsOf(publicBeacons.slice(i, i + 16))).toEqual([]);
    }
    for (const { id, url } of publicBeacons) {
      expect(v.is(beaconIdSchema, id)).toBe(true);
      expect(new URL(url).protocol).toBe("https:");
    }
    expect(new Set(publicBeacons.map(({ url }) => url)).size).toBe(publicBeacons.length);
  });
});
