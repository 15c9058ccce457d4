import { afterEach, describe, expect, it } from "vitest";
import { GatewayRig } from "../../test/gatewayRig.js";
import { FifoMatchmaker } from "../matchmakers/fifo.js";
import type { OnMatch } from "../scene/onMatch.js";
import { scene } from "../scene/scene.js";
import { createMetrics, type Metrics } from "./metrics.js";

let rig: GatewayRig;
let metrics: Metrics;
afterEach(async () => {
  metrics.close();
  await rig.close();
});

const measuring = scene("ultimatum").matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 100 }) });

async function start(onMatch?: OnMatch): Promise<void> {
  metrics = createMetrics({ includeProcess: false });
  rig = await GatewayRig.start({
    scenes: [onMatch === undefined ? measuring : measuring.onMatch(onMatch)],
    observer: metrics.observer,
  });
  metrics.watch(rig.scene);
}

/** The samples of the text by name and labels, without what all of them have in common. */
async function samples(): Promise<Record<string, number>> {
  const text = (await metrics.text())
    .replace(/^#.*\n/gm, "")
    .replace(/^probematch_/gm, "")
    .replace(/scene="ultimatum",?/g, "")
    .replaceAll("{}", "");
  const lines = text.split("\n").filter((line) => line !== "");
  return Object.fromEntries(
    lines.map((line): [string, number] => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end))];
    }),
  );
}

describe("metrics", () => {
  it("count a match that was measured", async () => {
    await start();
    const a = rig.page({ participantId: "a", rttMs: 40 });
    const b = rig.page({ participantId: "b", rttMs: 40 });
    await Promise.all([a.next("matched"), b.next("matched")]);
    expect(await samples()).toMatchObject({
      arrivals_total: 2,
      proposals_opened_total: 1,
      'proposals_closed_total{result="matched"}': 1,
      'matches_total{matchmaker="FIFO"}': 1,
      'outcomes_total{outcome="matched"}': 2,
      'probes_total{outcome="accepted"}': 1,
      probe_rtt_seconds_sum: 0.04,
      wait_seconds_count: 2,
      queue_length: 0,
      live_matches: 1,
      connected_pages: 2,
      scene_available: 1,
    });
  });

  it("tell a pair that was too slow from one that failed", async () => {
    await start();
    const slow = rig.page({ participantId: "a", rttMs: 300 });
    rig.page({ participantId: "b", rttMs: 300 });
    await slow.next("released");
    expect(await samples()).toMatchObject({
      'probes_total{outcome="too_slow"}': 1,
      'proposals_closed_total{result="too_slow"}': 1,
      queue_length: 2,
      live_matches: 0,
    });
  });

  it("count rooms that the study's hook did not create", async () => {
    await start(() => {
      throw new Error("no room");
    });
    const a = rig.page({ participantId: "a", rttMs: 10 });
    rig.page({ participantId: "b", rttMs: 10 });
    await a.next("released");
    expect(await samples()).toMatchObject({
      room_failures_total: 1,
      'proposals_closed_total{result="room_failed"}': 1,
    });
  });

  it("count what was refused, by code, and who left, by outcome", async () => {
    await start();
    await rig.page({ participantId: "x", protocol: 99 }).refusal();
    const page = await rig.welcomed("a");
    page.send("confirmed", { proposalId: "not-mine" });
    page.send("leave", {});
    await page.next("ended");
    expect(await samples()).toMatchObject({
      'refused_connections_total{code="protocol_version"}': 1,
      'refused_messages_total{code="not_your_proposal"}': 1,
      'outcomes_total{outcome="left"}': 1,
    });
  });
});
