import { signParticipantToken } from "@probematch/server";
import { type Deployment, reasonNotToDeploy, startDeployment } from "../fixtures/deployment.js";
import type { ParticipantPage } from "../fixtures/participantPage.js";
import type { Study } from "../fixtures/study.js";
import { expect, type Lab, test } from "../fixtures/test.js";

/**
 * The files of deploy/, as they are: two nodes, Redis, coturn and HAProxy, without containers. `study` only serves the
 * pages, as a study's own site does.
 */
test.describe("the nodes of deploy/ behind their load balancer", () => {
  const reason = reasonNotToDeploy();
  test.skip(reason !== null, reason ?? "");

  let deployment: Deployment;
  test.beforeAll(async () => {
    test.setTimeout(120_000);
    deployment = await startDeployment();
  });
  test.afterAll(() => deployment?.close());
  test.beforeEach(() => test.setTimeout(60_000));

  async function participant(
    lab: Lab,
    site: Study,
    participantId: string,
    initScript?: () => void,
  ): Promise<ParticipantPage> {
    const token = await signParticipantToken({
      secret: deployment.secret,
      participantId,
      scene: "ultimatum",
    });
    const options = { participantId, scene: "ultimatum", token, serverUrl: deployment.url };
    return lab.participant(site, "chromium", { ...options, ...(initScript && { initScript }) });
  }

  /** How many pages each node has. One that never had any has no such figure yet. */
  const pages = () =>
    Promise.all(
      deployment.nodes.map(async (url) => {
        const text = await (await fetch(`${url}/metrics`)).text();
        return Number(/^probematch_connected_pages(?:\{.*\})? (\d+)/m.exec(text)?.[1] ?? 0);
      }),
    );

  test("match two browsers that it sent to different ones, over the TURN server they name", async ({
    lab,
  }) => {
    const site = await lab.study({ scenes: [{ id: "unused" }], relayed: false });
    const a = await participant(lab, site, "a", onlyRelayed);
    const b = await participant(lab, site, "b", onlyRelayed);
    expect(await pages()).toEqual([1, 1]);
    const [ofA, ofB] = await Promise.all([a.matched(), b.matched()]);
    expect(ofA.id).toBe(ofB.id);
    expect(ofA.peers).toMatchObject([{ open: true }]);
    expect(await a.until("measured")).toMatchObject({ report: { status: "measured", path: "relay" } });
    expect((await fetch(`${deployment.url}/probematch/probematch.js`)).status).toBe(200);
  });

  test("lose nobody when one is killed and when one is taken down", async ({ lab }) => {
    test.info().annotations.push({ type: "expects problems" });
    const site = await lab.study({ scenes: [{ id: "unused" }], relayed: false });
    const c = await participant(lab, site, "c");
    // The pages of the test before are not counted any more.
    await expect.poll(async () => (await pages()).reduce((all, of) => all + of, 0)).toBe(1);
    const home = deployment.nodes[(await pages())[0] === 1 ? 0 : 1] as string;
    const other = deployment.nodes.find((url) => url !== home) as string;
    c.forget();
    await deployment.stop(home, "SIGKILL");
    expect(await c.until("connection", ({ status }) => status === "connected")).toMatchObject({
      resumed: true,
    });
    await deployment.start(home);
    c.forget();
    await deployment.stop(other, "SIGTERM");
    expect(await c.until("connection", ({ status }) => status === "connected")).toMatchObject({
      resumed: true,
    });
    const d = await participant(lab, site, "d");
    const [ofC, ofD] = await Promise.all([c.matched(), d.matched()]);
    expect([ofC.id, ofC.seat, ofD.seat]).toEqual([ofD.id, 0, 1]);
  });
});

/** Runs in the page: nothing but a TURN server connects it. */
function onlyRelayed(): void {
  const Original = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super({ ...configuration, iceTransportPolicy: "relay" });
    }
  };
}
