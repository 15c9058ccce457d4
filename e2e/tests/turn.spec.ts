import { createHmac } from "node:crypto";
import { FifoMatchmaker, type SceneInput, scene } from "@probematch/server";
import { type Engine, startTurn, type TurnService } from "@probematch/testbed";
import { enginePairs, udpHost } from "../fixtures/engines.js";
import type { ParticipantPage } from "../fixtures/participantPage.js";
import type { Study } from "../fixtures/study.js";
import { expect, type Lab, test } from "../fixtures/test.js";

const SECRET = "shared with the TURN server";
const limited = scene("lobby").matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 500 }) });
const relayOnly = limited.probing({ relayOnly: true, timeoutMs: 10_000 });
const engines: readonly Engine[] = ["chromium", "firefox"];

let turn: TurnService;
test.beforeAll(async () => {
  const host = udpHost();
  turn = await startTurn({ secret: SECRET, ...(host === undefined ? {} : { host }) });
});
test.afterAll(() => turn.close());

const studyWith = (lab: Lab, input: SceneInput): Promise<Study> =>
  lab.study({ scenes: [input], relayed: false, ice: { turn: { urls: turn.urls, secret: SECRET } } });

/** Every address a text names, but those that say nothing (RFC 8839: 0.0.0.0 with port 9 means "see the candidates"). */
function addressesIn(text: string): string[] {
  const found = text.match(/\d+\.\d+\.\d+\.\d+|[\da-f]*:[\da-f]*:[\da-f:]+|[\w-]+\.local/gi) ?? [];
  return found.filter((address) => !/^(0\.0\.0\.0|127\.0\.0\.1|::)$/.test(address));
}

/** Signals without their relayed candidates' own address, which is the TURN server's. */
function withoutRelays(signal: string): string {
  return signal
    .replace(/a=fingerprint:\S+ [\dA-F:]+/g, "")
    .replace(/candidate:\S+ \d \w+ \d+ \S+ \d+ typ relay/g, "typ relay");
}

async function expectNoAddresses(study: Study, pages: readonly ParticipantPage[]): Promise<void> {
  const sent = (await Promise.all(pages.map((page) => page.sentSignals()))).flat();
  const crossed = study.signals.map(({ signal }) => JSON.stringify(signal));
  expect(sent.join("\n")).toContain("typ relay");
  for (const signal of [...sent, ...crossed]) expect(addressesIn(withoutRelays(signal))).toEqual([]);
}

for (const pair of enginePairs) {
  test(`relay only: matched over TURN, and no address of a participant is ever signaled: ${pair.join(" and ")}`, async ({
    lab,
  }) => {
    const study = await studyWith(lab, relayOnly);
    const a = await lab.participant(study, pair[0], { participantId: "a" });
    const b = await lab.participant(study, pair[1], { participantId: "b" });
    const [ofA] = await Promise.all([a.matched(), b.matched()]);
    expect(ofA.peers).toMatchObject([{ seat: 1, open: true }]);
    expect(await a.until("measured")).toMatchObject({ report: { status: "measured", path: "relay" } });
    expect((await study.matchLog("lobby"))[0]).toMatchObject({ measurements: [{ path: "relay" }] });
    await expectNoAddresses(study, [a, b]);

    // Neither where the link is mended: ICE gathers anew, with other credentials.
    const before = study.signals.length;
    const [{ probeId } = { probeId: "none" }] = study.signals;
    await a.sendRaw("linkRepair", { probeId, fresh: false });
    const anew = () =>
      study.signals.slice(before).filter(({ signal }) => JSON.stringify(signal).includes("typ relay"));
    await expect.poll(() => new Set(anew().map(({ from }) => from)).size).toBe(2);
    await expectNoAddresses(study, [a, b]);
    expect(await a.send(1, "over the relay")).toBe(true);
    await b.until("message");
  });
}

for (const engine of engines) {
  const refusals = {
    expired: () => {
      const username = `${Math.floor(Date.now() / 1000) - 60}:somebody`;
      const credential = createHmac("sha1", SECRET).update(username).digest("base64");
      return { servers: [{ urls: turn.urls, username, credential }] };
    },
    "of another secret": () => ({ turn: { urls: turn.urls, secret: "not the shared one" } }),
  };
  for (const [kind, ice] of Object.entries(refusals)) {
    test(`credentials that are ${kind} are a clear failure, not a slow pair: ${engine}`, async ({ lab }) => {
      const study = await lab.study({ scenes: [relayOnly], relayed: false, ice: ice() });
      const a = await lab.participant(study, engine, { participantId: "a" });
      const b = await lab.participant(study, engine, { participantId: "b" });
      const [ofA, ofB] = await Promise.all([a.until("released"), b.until("released")]);
      expect([ofA, ofB]).toEqual([{ reason: "probe_failed" }, { reason: "probe_failed" }]);
      expect(study.scene("lobby").waitingIds()).toEqual(["a", "b"]);
      const reports = [...a.all("measured"), ...b.all("measured")].map(({ report }) => report);
      expect(reports[0]).toMatchObject({
        status: "failed",
        reason: "ice_failed",
        detail: expect.stringMatching(/^no candidates( \(STUN\/TURN error 40[13]\))?$/),
      });
      expect(study.signals.filter(({ signal }) => signal.type === "candidate")).toEqual([]);
    });
  }

  test(`a scene takes relayed pairs, or turns them down: ${engine}`, async ({ lab }) => {
    const onlyRelayed = () => {
      const Original = RTCPeerConnection;
      globalThis.RTCPeerConnection = class extends Original {
        constructor(configuration?: RTCConfiguration) {
          super({ ...configuration, iceTransportPolicy: "relay" });
        }
      };
    };
    for (const acceptRelayed of [true, false]) {
      const study = await studyWith(lab, limited.probing({ acceptRelayed, timeoutMs: 10_000 }));
      const a = await lab.participant(study, engine, { participantId: "a", initScript: onlyRelayed });
      const b = await lab.participant(study, engine, { participantId: "b", initScript: onlyRelayed });
      if (acceptRelayed) {
        await Promise.all([a.matched(), b.matched()]);
        expect((await study.matchLog("lobby"))[0]).toMatchObject({ measurements: [{ path: "relay" }] });
      } else {
        const reasons = await Promise.all([a.until("released"), b.until("released")]);
        expect(reasons).toEqual([{ reason: "probe_failed" }, { reason: "probe_failed" }]);
        expect(a.all("matched")).toEqual([]);
        const verdicts = (await study.journal("lobby")).filter(({ type }) => type === "probe.closed");
        expect(verdicts[0]).toMatchObject({ verdict: { status: "failed", reason: "ice_failed" } });
      }
    }
  });
}
