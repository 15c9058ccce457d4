import { FifoMatchmaker, scene } from "@probematch/server";
import { expect, test } from "../fixtures/test.js";

test.use({ mdns: true });

test("participants whose browsers hide their local addresses are measured and matched", async ({ lab }) => {
  const study = await lab.study({
    scenes: [scene("lobby").matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 500 }) })],
  });
  const a = await lab.participant(study, "chromium", { participantId: "a", delayMs: 10 });
  const b = await lab.participant(study, "firefox", { participantId: "b", delayMs: 10 });
  const [ofA, ofB] = await Promise.all([a.matched(), b.matched()]);
  expect(ofA.id).toBe(ofB.id);
  const told = study.signals.map(({ signal }) => JSON.stringify(signal)).join("\n");
  expect(told).toContain(".local");
});
