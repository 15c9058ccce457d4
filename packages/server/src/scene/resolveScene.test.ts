import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Candidate } from "../matchmakers/candidate.js";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import { GroupReunionMatchmaker } from "../matchmakers/groupReunion.js";
import { LatencyFifoMatchmaker } from "../matchmakers/latencyFifo.js";
import { Matchmaker } from "../matchmakers/matchmaker.js";
import { ConfigError, type ConfigProblem } from "./configError.js";
import { readScenes, resolveScene } from "./resolveScene.js";
import { scene } from "./scene.js";

class LoneMatchmaker extends Matchmaker {
  override readonly name: string = "Lone";
  override findMatch(_arriving: Candidate): null {
    return null;
  }
}

/** The mistakes of a configuration no type would let through. */
function mistakesOf(...scenes: readonly unknown[]): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  readScenes(scenes, "scenes", problems);
  return problems;
}

describe("resolveScene", () => {
  it("fills in the documented defaults", () => {
    const { settings, onMatch } = resolveScene(scene("ultimatum"));
    expect(onMatch).toBeNull();
    expect(settings.lobby.matchmaker).toBeInstanceOf(FifoMatchmaker);
    const { matchmaker: _, configHash: __, ...rules } = settings.lobby;
    expect({ ...settings, lobby: rules }).toEqual({
      lobby: {
        sceneId: "ultimatum",
        groupSize: 2,
        maxServerRttDifferenceMs: null,
        excludeServerRttAboveMs: null,
        firstRttWaitMs: 3000,
        awaitsBeacons: false,
        waitTimeoutMs: 300_000,
        graceMs: 30_000,
        edgeLifeMs: 300_000,
        probe: { pings: 5, spacingMs: 100, pingTimeoutMs: 2000, warmupPings: 1 },
        maxProbesPerMember: 5,
        probeRepeats: 1,
        readyTimeoutMs: 5000,
        probeTimeoutMs: 20_000,
        confirmTimeoutMs: 5000,
        roomTimeoutMs: 10_000,
        backOffBaseMs: 2000,
        backOffMaxMs: 60_000,
        capacity: null,
        maxMatches: null,
        hasRoomHook: false,
        allowRepeat: false,
        acceptRelayed: true,
      },
      hideLobbyCount: false,
      relayOnly: false,
      serverRtt: { intervalMs: 2000, burst: 5, timeoutMs: 5000 },
      beacons: [],
    });
  });

  it("gives the same rules and the same hash for a builder and for its JSON", () => {
    const built = scene("dictator")
      .groupSize(4)
      .matchmaking({ matchmaker: new LatencyFifoMatchmaker({ maxServerRttMs: 200, maxP2pRttMs: 150 }) })
      .matchmaking({ hideLobbyCount: true, maxRtt: 80 })
      .waitroom({ timeoutMs: null, graceMs: 1000, capacity: 40, allowRepeat: true })
      .probing({ pings: 9, relayOnly: true })
      .serverRtt({ excludeAboveMs: 400 })
      .matches({ max: 12 });
    const plain = JSON.parse(`{
      "matches": { "max": 12 },
      "serverRtt": { "excludeAboveMs": 400 },
      "probing": { "relayOnly": true, "pings": 9 },
      "waitroom": { "allowRepeat": true, "capacity": 40, "graceMs": 1000, "timeoutMs": null },
      "matchmaking": {
        "maxRtt": 80, "hideLobbyCount": true,
        "matchmaker": { "name": "latency-fifo", "maxP2pRttMs": 150, "maxServerRttMs": 200 }
      },
      "groupSize": 4,
      "id": "dictator"
    }`);
    expect(resolveScene(plain)).toEqual(resolveScene(built));
    expect(resolveScene(plain).settings.lobby.configHash).toMatch(/^[0-9a-f]{64}$/);
    expect(resolveScene(plain).settings.lobby.maxServerRttDifferenceMs).toBe(80);
  });

  it("has another hash as soon as one rule differs, the matchmaker's own included", () => {
    const base = scene("s").matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 150 }) });
    const variants = [
      base,
      base.matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 151 }) }),
      base.probing({ pings: 6 }),
      base.waitroom({ graceMs: 1 }),
      base.groupSize(3),
      base.onMatch(() => null),
    ];
    const hashes = variants.map((variant) => resolveScene(variant).settings.lobby.configHash);
    expect(new Set(hashes).size).toBe(variants.length);
  });

  it("resolves a matchmaker by its name", () => {
    const reunion = { name: "group-reunion", fallback: "fifo", waitForPartnersMs: 60_000 } as const;
    const { matchmaker } = resolveScene({ id: "s", matchmaking: { matchmaker: reunion } }).settings.lobby;
    expect(matchmaker).toBeInstanceOf(GroupReunionMatchmaker);
  });

  it("takes a researcher's own matchmaker", () => {
    const own = new LoneMatchmaker();
    expect(resolveScene(scene("s").matchmaking({ matchmaker: own })).settings.lobby.matchmaker).toBe(own);
  });

  it("keeps the room hook beside the settings", () => {
    const onMatch = () => ({ url: "/game" });
    const resolved = resolveScene(scene("s").onMatch(onMatch));
    expect(resolved.onMatch).toBe(onMatch);
    expect(resolved.settings.lobby.hasRoomHook).toBe(true);
  });

  it("lists every mistake in one error, each with its place, what was given and what is wanted", () => {
    const wrong = {
      id: "no spaces",
      groupSize: 9,
      matchmaking: { matchmaker: { name: "fifo", maxP2pRttMs: "150" }, maxRtt: -1 },
      waitroom: { timeoutMs: Number.NaN, capacity: 2.5 },
      probing: { relayOnly: "yes" },
      onMatch: "hook",
    };
    const given = wrong as unknown as Parameters<typeof resolveScene>[0];
    expect(() => resolveScene(given)).toThrow(ConfigError);
    const mistakes = mistakesOf(wrong);
    expect(mistakes.map(({ path }) => path)).toEqual([
      "scenes[0].id",
      "scenes[0].groupSize",
      "scenes[0].matchmaking.matchmaker",
      "scenes[0].matchmaking.maxRtt",
      "scenes[0].waitroom.timeoutMs",
      "scenes[0].waitroom.capacity",
      "scenes[0].probing.relayOnly",
      "scenes[0].onMatch",
    ]);
    const message = new ConfigError(mistakes).message;
    expect(message).toContain("8 mistakes");
    expect(message).toContain("scenes[0].groupSize: wanted a whole number from 2 to 8, given 9.");
  });

  it("names the option that was probably meant", () => {
    expect(mistakesOf({ id: "s", groupsize: 2, waitroom: { timeoutMS: 5 } })).toEqual([
      { path: "scenes[0].groupsize", problem: "there is no such option. Did you mean groupSize?" },
      { path: "scenes[0].waitroom.timeoutMS", problem: "there is no such option. Did you mean timeoutMs?" },
    ]);
  });

  it("lists the options where none is near", () => {
    expect(mistakesOf({ id: "s", matches: { colour: "red" } })[0]?.problem).toContain(
      "The options here are confirmTimeoutMs, roomTimeoutMs, max.",
    );
  });

  it("tells a matchmaker's class from an instance", () => {
    const [mistake] = mistakesOf({ id: "s", matchmaking: { matchmaker: FifoMatchmaker } });
    expect(mistake?.problem).toContain("new FifoMatchmaker");
  });

  it.each([
    ["an object of another class", new Map()],
    ["a number", 5],
    ["null", null],
    ["an object with a findMatch of its own", { name: "mine", findMatch: () => null }],
    ["an unknown name", "fastest"],
  ])("refuses %s as a matchmaker", (_title, matchmaker) => {
    expect(mistakesOf({ id: "s", matchmaking: { matchmaker } }).map(({ path }) => path)).toContain(
      "scenes[0].matchmaking.matchmaker",
    );
  });

  it("refuses a matchmaker whose settings cannot be written down", () => {
    class Circular extends LoneMatchmaker {
      override describe(): Record<string, unknown> {
        const settings: Record<string, unknown> = {};
        settings["self"] = settings;
        return settings;
      }
    }
    const [mistake] = mistakesOf({ id: "s", matchmaking: { matchmaker: new Circular() } });
    expect(mistake?.problem).toContain("describe()");
  });

  it.each([
    [
      "getting ready may take longer than the probe",
      { probing: { readyTimeoutMs: 30_000 } },
      "readyTimeoutMs",
    ],
    ["the pings do not fit into the probe", { probing: { pings: 64, spacingMs: 500 } }, "timeoutMs"],
    ["the first rest is longer than the longest", { probing: { backOffBaseMs: 90_000 } }, "backOffBaseMs"],
    [
      "all paths are relayed and relays refused",
      { probing: { relayOnly: true, acceptRelayed: false } },
      "acceptRelayed",
    ],
    ["the room is smaller than a group", { groupSize: 3, waitroom: { capacity: 2 } }, "capacity"],
  ])("refuses a scene in which %s", (_title, rules, option) => {
    const mistakes = mistakesOf({ id: "s", ...rules });
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]?.path.endsWith(`.${option}`)).toBe(true);
  });

  it("refuses two scenes whose names differ at most in case", () => {
    expect(mistakesOf(scene("Trust"), scene("other"), { id: "trust" })).toEqual([
      { path: "scenes[2].id", problem: '"trust" is already the name of scenes[0].' },
    ]);
  });

  it.each([[undefined], [null], [[]], ["ultimatum"], [{}]])(
    "refuses %j in place of a list of scenes",
    (given) => {
      const problems: ConfigProblem[] = [];
      expect(readScenes(given, "scenes", problems)).toEqual([]);
      expect(problems).toHaveLength(1);
    },
  );

  it("answers any JSON with mistakes or a scene, and never throws anything else", () => {
    const keys = fc.constantFrom("id", "groupSize", "matchmaking", "waitroom", "probing", "matches", "x");
    const input = fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.jsonValue()));
    fc.assert(
      fc.property(input, (given) => {
        const problems: ConfigProblem[] = [];
        const resolved = readScenes([given], "scenes", problems);
        expect(resolved.length === 0).toBe(problems.length > 0);
      }),
    );
  });
});

describe("scene", () => {
  it("leaves a builder as it was when another is made from it", () => {
    const base = scene("s").waitroom({ timeoutMs: 1000 });
    const derived = base.waitroom({ timeoutMs: 2000 }).groupSize(4);
    expect(base.toConfig()).toEqual({ id: "s", waitroom: { timeoutMs: 1000 } });
    expect(derived.toConfig()).toEqual({ id: "s", groupSize: 4, waitroom: { timeoutMs: 2000 } });
  });
});
