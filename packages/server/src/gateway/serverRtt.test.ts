import type { RttStats } from "@probematch/shared";
import { afterEach, describe, expect, it } from "vitest";
import { GatewayRig } from "../../test/gatewayRig.js";
import { scene } from "../scene/scene.js";
import type { GatewayObserver } from "./observer.js";

let rig: GatewayRig;
type Report = Parameters<GatewayObserver["rttReported"]>[0];
const reports: Report[] = [];
const start = async () => {
  reports.length = 0;
  rig = await GatewayRig.start({
    scenes: [
      scene("near")
        .beacons([{ id: "oslo", url: "https://oslo.example/beacon" }])
        .serverRtt({ excludeAboveMs: 2000 }),
    ],
    observer: { rttReported: (report) => reports.push(report) },
  });
};
afterEach(() => rig.close());

const stats = (medianMs: number): RttStats => ({
  medianMs,
  minMs: medianMs,
  p95Ms: medianMs,
  jitterMs: 0,
  samples: 5,
  lost: 0,
});

describe("a participant's server RTT", () => {
  it("is what the page reports, with the server's own figure beside it", async () => {
    await start();
    const page = await rig.welcomed("a");
    await page.settled();
    page.send("rttReport", { rtt: stats(80) });
    expect(await rig.event("participant.rttMeasured", "a")).toMatchObject({ serverRtt: { medianMs: 80 } });
    expect(reports).toMatchObject([{ participantId: "a", reported: stats(80), corrected: false }]);
    expect(reports[0]?.own?.samples).toBeGreaterThan(0);
  });

  it("is the server's figure when the page claims to be nearer than it can be", async () => {
    await start();
    // A page behind a delay: it answers each of the server's echoes late.
    const page = rig.page({ participantId: "liar", answersEchoesAfterMs: 120 });
    await page.next("serverEcho");
    await page.next("serverEcho");
    await page.next("serverEcho");
    await new Promise((resolve) => setTimeout(resolve, 150));
    page.send("rttReport", { rtt: stats(1) });
    const { serverRtt } = await rig.event("participant.rttMeasured", "liar");
    expect(serverRtt?.medianMs).toBeGreaterThanOrEqual(119);
    expect(reports).toMatchObject([{ corrected: true, reported: { medianMs: 1 } }]);
  });

  it("to beacons goes to the log as reported", async () => {
    await start();
    const page = await rig.welcomed("a");
    page.send("beaconReport", { beaconRttMs: { oslo: 31.5 } });
    expect(await rig.event("participant.rttMeasured", "a")).toMatchObject({ beaconRttMs: { oslo: 31.5 } });
  });

  it("to beacons that the scene does not have is dropped", async () => {
    await start();
    const page = await rig.welcomed("a");
    page.send("beaconReport", { beaconRttMs: { paris: 20 } });
    page.send("beaconReport", { beaconRttMs: { paris: 20, toString: 1, oslo: 31.5 } });
    expect((await rig.event("participant.rttMeasured", "a")).beaconRttMs).toEqual({ oslo: 31.5 });
    expect(rig.eventsOf("participant.rttMeasured", "a")).toHaveLength(1);
    expect(page.all("refused")).toEqual([]);
  });

  it("to a beacon is refused where no path is that long", async () => {
    await start();
    const page = await rig.welcomed("a");
    for (const oslo of [-1, 60_001, Number.NaN]) page.send("beaconReport", { beaconRttMs: { oslo } });
    await page.settled();
    expect(page.all("refused").map(({ code }) => code)).toEqual(Array(3).fill("bad_message"));
    expect(rig.eventsOf("participant.rttMeasured", "a")).toEqual([]);
  });

  it("to beacons is asked of pages by telling them which there are, and only where there are some", async () => {
    rig = await GatewayRig.start({
      scenes: [
        scene("near"),
        scene("far").beacons([{ id: "oslo", url: "https://oslo.example", place: "Oslo" }]),
      ],
    });
    const near = await rig.page({ participantId: "a" }).next("welcome");
    expect(near).not.toHaveProperty("beacons");
    const far = await rig.page({ participantId: "b", scene: "far" }).next("welcome");
    expect(far.beacons).toEqual([{ id: "oslo", url: "https://oslo.example/" }]);
  });

  it("is not reported more often than anybody needs: a page cannot fill the disk", async () => {
    await start();
    const page = await rig.welcomed("a");
    for (let i = 0; i < 60; i += 1) page.send("rttReport", { rtt: stats(i * 50) });
    await page.settled();
    expect(reports.length).toBeLessThanOrEqual(22);
    expect(page.all("refused").map((r) => r.code)).toContain("too_many_messages");
  });
});
