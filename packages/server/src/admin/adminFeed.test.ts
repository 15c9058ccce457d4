import { type Refusal, SOCKET_PATH } from "@probematch/shared";
import { pino } from "pino";
import { io, type Socket } from "socket.io-client";
import * as v from "valibot";
import { afterEach, describe, expect, it } from "vitest";
import { GatewayRig } from "../../test/gatewayRig.js";
import { scene } from "../scene/scene.js";
import { type AdminFeed, createAdminFeed } from "./adminFeed.js";
import { ADMIN_NAMESPACE, type AdminMessages, adminMessages } from "./adminMessages.js";

let rig: GatewayRig;
let feed: AdminFeed;
const sockets: Socket[] = [];
const start = async (token: string | undefined) => {
  const near = scene("near").matchmaking({ matchmaker: { name: "fifo", maxP2pRttMs: 100 } });
  rig = await GatewayRig.start({ scenes: [near] });
  feed = createAdminFeed({
    io: rig.gateway.io,
    scenes: rig.scenes,
    token,
    logger: pino({ level: "silent" }),
  });
};
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.disconnect();
  feed.close();
  await rig.close();
});

function dashboard(auth: Record<string, unknown>): Socket {
  const socket = io(rig.url + ADMIN_NAMESPACE, {
    path: SOCKET_PATH,
    transports: ["websocket"],
    forceNew: true,
    reconnection: false,
    auth,
  });
  sockets.push(socket);
  return socket;
}

/** The next message of this name that fits; each one has to fit its schema. */
function next<K extends keyof AdminMessages>(
  socket: Socket,
  name: K,
  fits: (message: AdminMessages[K]) => boolean = () => true,
): Promise<AdminMessages[K]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} came`)), 15_000);
    const listen = (message: unknown) => {
      const parsed = v.parse(
        adminMessages[name] as unknown as v.GenericSchema<unknown, AdminMessages[K]>,
        message,
      );
      if (!fits(parsed)) return;
      clearTimeout(timer);
      socket.off(name, listen as never);
      resolve(parsed);
    };
    socket.on(name, listen as never);
  });
}

const refusal = (socket: Socket): Promise<Refusal> =>
  new Promise((resolve) =>
    socket.once("connect_error", (error: Error & { data?: unknown }) => resolve(error.data as Refusal)),
  );

describe("the admin feed", () => {
  it("refuses everybody when no token is set", async () => {
    await start(undefined);
    expect(await refusal(dashboard({ token: "undefined" }))).toMatchObject({ code: "token_required" });
    expect(await refusal(dashboard({}))).toMatchObject({ code: "token_required" });
  });

  it("refuses a wrong token, and further ones from the same address for a while", async () => {
    await start("the researcher's");
    expect(await refusal(dashboard({ token: "a guess" }))).toMatchObject({ code: "token_invalid" });
    for (let i = 0; i < 9; i += 1) await refusal(dashboard({ token: `guess ${i}` }));
    expect(await refusal(dashboard({ token: "guess 10" }))).toMatchObject({ code: "too_many_joins" });
  });

  it("tells of arrivals, matches with their whole record, and ends", async () => {
    await start("the researcher's");
    const socket = dashboard({ token: "the researcher's" });
    expect(await next(socket, "history")).toEqual({ activities: [] });
    const arrived = next(socket, "activity", (a) => a.type === "arrived");
    const formed = next(socket, "activity", (a) => a.type === "match_formed");
    await rig.welcomed("a", { rttMs: 20, attributes: { language: "en" } });
    expect(await arrived).toMatchObject({ id: 1, sceneId: "near", participantId: "a" });
    await rig.welcomed("b", { rttMs: 20 });
    expect(await formed).toMatchObject({
      type: "match_formed",
      match: {
        sceneId: "near",
        matchmaker: "FIFO",
        maxP2pRttMs: 100,
        participants: [{ participantId: "a", attributes: { language: "en" } }, { participantId: "b" }],
        measurements: [{ rttMs: 20, seats: [0, 1] }],
      },
    });
    const ended = next(socket, "activity", (a) => a.type === "ended");
    const c = await rig.welcomed("c");
    c.send("leave", {});
    expect(await ended).toMatchObject({ participantId: "c", outcome: "left" });
  });

  it("tells of a released proposal once, with everybody it sent back", async () => {
    await start("t");
    const socket = dashboard({ token: "t" });
    const released = next(socket, "activity", (a) => a.type === "released");
    await rig.welcomed("a", { rttMs: 300 });
    await rig.welcomed("b", { rttMs: 300 });
    expect(await released).toMatchObject({ reason: "too_slow", participantIds: ["a", "b"] });
  });

  it("shows a dashboard that comes later what happened before, and how the scenes stand", async () => {
    await start("t");
    await rig.welcomed("a");
    const socket = dashboard({ token: "t" });
    const [history, overview] = await Promise.all([next(socket, "history"), next(socket, "overview")]);
    expect(history.activities).toMatchObject([{ type: "arrived", participantId: "a" }]);
    expect(overview.scenes).toMatchObject([{ sceneId: "near", waiting: 1, liveMatches: 0 }]);
    expect(await next(socket, "overview")).toMatchObject({ scenes: [{ waiting: 1 }] });
  });

  it("lets no participant's page in, and shows a page nothing", async () => {
    await start("t");
    const page = await rig.welcomed("a");
    await rig.welcomed("b");
    await page.settled();
    expect(page.misfits).toEqual([]);
    const names = new Set<string>(page.received.map((r) => r.name));
    expect(names.has("activity") || names.has("overview")).toBe(false);
  });
});
