import { FifoMatchmaker, scene } from "@probematch/server";
import type { Engine } from "@probematch/testbed";
import { expect, test } from "../fixtures/test.js";

const sizes: readonly { readonly size: number; readonly engines: readonly Engine[] }[] = [
  { size: 3, engines: ["chromium", "firefox"] },
  { size: 4, engines: ["chromium", "firefox"] },
  { size: 6, engines: ["chromium", "firefox"] },
  { size: 8, engines: ["chromium", "firefox"] },
];

for (const { size, engines } of sizes) {
  const title =
    size === 8
      ? "a group of 8 forms, probed in rounds"
      : `groups of 3, 4 and 6 form with probing on: ${size}`;
  test(`${title} in ${engines.join(" and ")}`, async ({ lab }) => {
    // Up to 28 connections at once on one machine: that the group forms is the matter here, what is measured is not.
    test.setTimeout(120_000);
    const study = await lab.study({
      scenes: [
        scene("lobby")
          .groupSize(size)
          .matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 1000 }) }),
      ],
    });
    const members = [];
    for (let i = 0; i < size; i += 1) {
      const engine = engines[i % engines.length] ?? "chromium";
      members.push(await lab.participant(study, engine, { participantId: `p${i}`, delayMs: 3 * i }));
    }
    const matches = await Promise.all(members.map((member) => member.matched(100_000)));

    expect(new Set(matches.map(({ id }) => id)).size).toBe(1);
    expect(matches.map(({ seat }) => seat)).toEqual(members.map((_, index) => index));
    for (const match of matches) {
      expect(match.peers).toHaveLength(size - 1);
      expect(match.peers.every(({ open, rttMs }) => open && rttMs !== null)).toBe(true);
    }
    const [record] = await study.matchLog("lobby");
    expect(record?.measurements).toHaveLength((size * (size - 1)) / 2);

    for (const [seat, member] of members.entries()) {
      for (const peer of matches[seat]?.peers ?? []) await member.send(peer.seat, `from ${seat}`);
    }
    for (const [seat, member] of members.entries()) {
      for (const peer of matches[seat]?.peers ?? []) {
        await member.until("message", (message) => message.seat === peer.seat);
      }
      expect(member.all("message").every((message) => message.data === `from ${message.seat}`)).toBe(true);
    }
  });
}

test("one slow pair releases the whole group, and those who fit are matched without the far one", async ({
  lab,
}) => {
  const study = await lab.study({
    scenes: [
      scene("lobby")
        .groupSize(3)
        .matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 200 }) }),
    ],
  });
  const far = await lab.participant(study, "chromium", { participantId: "far", delayMs: 150 });
  const b = await lab.participant(study, "chromium", { participantId: "b" });
  const c = await lab.participant(study, "chromium", { participantId: "c" });
  const reasons = await Promise.all([far, b, c].map((member) => member.until("released")));
  expect(reasons.map(({ reason }) => reason)).toEqual(["too_slow", "too_slow", "too_slow"]);
  expect(study.scene("lobby").waitingIds()).toEqual(["far", "b", "c"]);

  const d = await lab.participant(study, "chromium", { participantId: "d" });
  const matches = await Promise.all([b, c, d].map((member) => member.matched()));
  expect(new Set(matches.map(({ id }) => id)).size).toBe(1);
  expect(study.scene("lobby").waitingIds()).toEqual(["far"]);
});
