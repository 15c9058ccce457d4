import { afterEach, describe, expect, it } from "vitest";
import { GatewayRig, type RigOptions } from "../../test/gatewayRig.js";
import { scene } from "../scene/scene.js";
import { signParticipantToken } from "./tokens.js";

const secret = "a secret of at least thirty-two bytes";
let rig: GatewayRig;
const start = async (options: Partial<RigOptions> = {}) => {
  rig = await GatewayRig.start({ scenes: [scene("ultimatum"), scene("trust")], ...options });
};
afterEach(() => rig.close());

describe("a page that connects to an open server", () => {
  it("is welcomed under the id it names, and told where it stands", async () => {
    await start();
    const page = rig.page({ participantId: "p-1", attributes: { language: "en" } });
    expect(await page.next("welcome")).toMatchObject({
      protocol: 1,
      scene: "ultimatum",
      participantId: "p-1",
      groupSize: 2,
      resumed: false,
    });
    expect(await page.next("waiting")).toMatchObject({ position: 1, lobbyCount: 1, groupSize: 2 });
    expect(page.misfits).toEqual([]);
  });

  it("is told whether the scene measures pairs, so that it can get ready", async () => {
    const near = scene("near").matchmaking({ matchmaker: { name: "fifo", maxP2pRttMs: 100 } });
    await start({ scenes: [near, scene("any")] });
    expect((await rig.page({ scene: "near" }).next("welcome")).measures).toBe(true);
    expect((await rig.page({ scene: "any" }).next("welcome")).measures).toBeUndefined();
  });

  it("gets an id of its own when it names none", async () => {
    await start();
    const { participantId } = await rig.page().next("welcome");
    expect(participantId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("is warned about in the server's log, once", async () => {
    await start();
    await rig.welcomed("a");
    const warnings = rig.log.filter((line) => String(line["msg"]).startsWith("OPEN MODE"));
    expect(warnings).toMatchObject([{ level: 40 }]);
  });

  it("may use HTTP polling", async () => {
    await start();
    const page = await rig.welcomed("p", { socket: { transports: ["polling"] } });
    await page.settled();
  });
});

describe("a connection is refused with a code", () => {
  it.each([
    ["protocol_version", { protocol: 99 }],
    ["bad_handshake", { participantId: "two words" }],
    ["bad_handshake", { scene: "../etc" }],
    ["unknown_scene", { scene: "dictator" }],
  ] as const)("%s for %j", async (code, handshake) => {
    await start();
    expect(await rig.page(handshake).refusal()).toMatchObject({ code });
    expect(rig.scene.overview().waiting).toBe(0);
  });

  it("bad_handshake when there is none at all, or something else", async () => {
    await start();
    for (const auth of [{}, { protocol: 1, scene: "ultimatum", webrtc: "yes", fresh: true }]) {
      expect(await rig.page({ socket: { auth } }).refusal()).toMatchObject({ code: "bad_handshake" });
    }
  });

  it("study_full when the scene is full, and who is in keeps the place", async () => {
    await start({
      scenes: [
        scene("small")
          .matchmaking({ matchmaker: { name: "fifo", maxP2pRttMs: 50 } })
          .waitroom({ capacity: 2 }),
      ],
    });
    await rig.welcomed("a");
    await rig.welcomed("b");
    expect(await rig.page({ participantId: "c" }).refusal()).toMatchObject({ code: "study_full" });
    expect(rig.scene.waitingIds()).toEqual(["a", "b"]);
  });

  it("too_many_joins after ten connections of one participant within a minute", async () => {
    await start();
    for (let i = 0; i < 10; i += 1) (await rig.welcomed("eager")).close();
    expect(await rig.page({ participantId: "eager" }).refusal()).toMatchObject({ code: "too_many_joins" });
    await rig.welcomed("calm");
  });

  it("too_many_joins when too many come from one address", async () => {
    await start({ limits: { joinsPerMinutePerAddress: 2 } });
    await rig.welcomed("a");
    await rig.welcomed("b", { scene: "trust" });
    expect(await rig.page({ participantId: "c" }).refusal()).toMatchObject({ code: "too_many_joins" });
  });

  it("before it is heard, when it comes from a foreign origin and origins are listed", async () => {
    await start({ allowedOrigins: ["https://study.example.org"] });
    const from = (origin: string) => ({ socket: { extraHeaders: { origin } } });
    const foreign = rig.page({ participantId: "x", ...from("https://elsewhere.example.org") });
    await expect(foreign.refusal()).rejects.toThrow();
    await rig.welcomed("a", from("https://study.example.org"));
    await rig.welcomed("b", { scene: "trust", ...from(rig.url) });
  });
});

describe("a page that connects to a server with tokens", () => {
  const token = (options: Partial<Parameters<typeof signParticipantToken>[0]> = {}) =>
    signParticipantToken({ secret, participantId: "p-1", ...options });
  const withTokens = () => start({ auth: { mode: "token", secret } });

  it("is who the token says, with the token's attributes before its own", async () => {
    await withTokens();
    const attributes = { arm: "control" };
    const page = rig.page({ token: await token({ attributes }), attributes: { arm: "chosen", age: 30 } });
    expect(await page.next("welcome")).toMatchObject({ participantId: "p-1" });
    const mate = rig.page({ token: await token({ participantId: "p-2" }) });
    await mate.next("matched");
    expect(rig.gateway.connections).toBe(2);
  });

  it("needs one, whatever id it claims", async () => {
    await withTokens();
    expect(await rig.page({ participantId: "p-1" }).refusal()).toMatchObject({ code: "token_required" });
  });

  it("is refused with an expired, a forged or another scene's token, or another's id", async () => {
    await withTokens();
    const refused = async (handshake: Parameters<typeof rig.page>[0]) =>
      (await rig.page(handshake).refusal()).code;
    expect(await refused({ token: await token({ expiresIn: "1 minute ago" }) })).toBe("token_expired");
    expect(await refused({ token: await token({ secret: `${secret}?` }) })).toBe("token_invalid");
    expect(await refused({ token: await token({ scene: "trust" }) })).toBe("token_invalid");
    expect(await refused({ token: await token(), participantId: "p-2" })).toBe("token_invalid");
  });

  it("comes back with its resume token alone, or beside a token that has expired since", async () => {
    await withTokens();
    const first = rig.page({ token: await token({ attributes: { arm: "a" } }) });
    const { resumeToken } = await first.next("welcome");
    const alone = rig.page({ resumeToken });
    expect(await alone.next("welcome")).toMatchObject({ participantId: "p-1", resumed: true });
    const beside = rig.page({ resumeToken, token: await token({ expiresIn: "1 minute ago" }) });
    expect(await beside.next("welcome")).toMatchObject({ participantId: "p-1", resumed: true });
  });

  it("cannot take a resume token to another scene or to another participant", async () => {
    await withTokens();
    const { resumeToken } = await rig.page({ token: await token() }).next("welcome");
    const elsewhere = rig.page({ resumeToken, scene: "trust" });
    expect(await elsewhere.refusal()).toMatchObject({ code: "token_invalid" });
    const other = rig.page({ resumeToken, participantId: "p-2" });
    expect(await other.refusal()).toMatchObject({ code: "token_invalid" });
  });
});
