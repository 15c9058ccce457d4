import { FifoMatchmaker, scene } from "@probematch/server";
import { startTurn, type TurnService } from "@probematch/testbed";
import { enginePairs, udpHost } from "../fixtures/engines.js";
import { expect, test } from "../fixtures/test.js";

const SECRET = "shared with the TURN server";
const relayOnly = scene("lobby")
  .matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 150 }) })
  .probing({ relayOnly: true, timeoutMs: 10_000 });

let turn: TurnService;
test.beforeAll(async () => {
  const host = udpHost();
  turn = await startTurn({ secret: SECRET, ...(host === undefined ? {} : { host }) });
});
test.afterAll(() => turn.close());

for (const engines of enginePairs) {
  test(`relay only: matched over TURN, and no address of a participant crosses: ${engines.join(" and ")}`, async ({
    lab,
  }) => {
    const study = await lab.study({
      scenes: [relayOnly],
      relayed: false,
      ice: { turn: { urls: turn.urls, secret: SECRET } },
    });
    const a = await lab.participant(study, engines[0], { participantId: "a" });
    const b = await lab.participant(study, engines[1], { participantId: "b" });
    const [ofA] = await Promise.all([a.matched(), b.matched()]);
    expect(ofA.peers).toMatchObject([{ seat: 1, open: true }]);
    expect(await a.until("measured")).toMatchObject({ report: { status: "measured", path: "relay" } });
    expect((await study.matchLog("lobby"))[0]).toMatchObject({ measurements: [{ path: "relay" }] });

    const candidates = study.signals.flatMap(({ signal }) =>
      signal.type === "candidate"
        ? [signal.candidate.candidate]
        : signal.sdp.split(/\r?\n/).filter((line) => line.startsWith("a=candidate:")),
    );
    const relayed = candidates.filter((candidate) => candidate !== "");
    expect(relayed.length).toBeGreaterThan(0);
    for (const candidate of relayed) {
      expect(candidate).toMatch(/ typ relay\b/);
      // The related address of a relayed candidate is the participant's own.
      expect(candidate).not.toMatch(/ raddr (?!0\.0\.0\.0 )/);
    }
    const descriptions = study.signals.flatMap(({ signal }) =>
      signal.type === "candidate" ? [] : [signal.sdp],
    );
    for (const sdp of descriptions) expect(sdp).not.toMatch(/^c=IN IP4 (?!0\.0\.0\.0|127\.0\.0\.1)/m);
  });
}

test("credentials that the TURN server does not take are a failure, not a slow pair", async ({ lab }) => {
  const study = await lab.study({
    scenes: [relayOnly.probing({ timeoutMs: 5000 })],
    relayed: false,
    ice: { turn: { urls: turn.urls, secret: "not the shared one" } },
  });
  const a = await lab.participant(study, "chromium", { participantId: "a" });
  const b = await lab.participant(study, "chromium", { participantId: "b" });
  const [ofA, ofB] = await Promise.all([a.until("released"), b.until("released")]);
  expect([ofA, ofB]).toEqual([{ reason: "probe_failed" }, { reason: "probe_failed" }]);
  expect(study.scene("lobby").waitingIds()).toEqual(["a", "b"]);
});

test("a scene can turn relayed pairs down", async ({ lab }) => {
  const study = await lab.study({
    scenes: [
      scene("lobby")
        .matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 150 }) })
        .probing({ acceptRelayed: false, timeoutMs: 10_000 }),
    ],
    relayed: false,
    ice: { turn: { urls: turn.urls, secret: SECRET } },
  });
  const onlyRelayed = () => {
    const Original = RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Original {
      constructor(configuration?: RTCConfiguration) {
        super({ ...configuration, iceTransportPolicy: "relay" });
      }
    };
  };
  const a = await lab.participant(study, "chromium", { participantId: "a", initScript: onlyRelayed });
  const b = await lab.participant(study, "chromium", { participantId: "b", initScript: onlyRelayed });
  await Promise.all([a.until("released"), b.until("released")]);
  expect(a.all("matched")).toEqual([]);
});
