import type { ServerMessages } from "@probematch/shared";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ScriptedServer } from "../test/scriptedServer.js";
import { type ConnectOptions, connect, type Participant, type ParticipantEvents } from "./index.js";

let server: ScriptedServer;
let url: string;
const participants: Participant[] = [];

beforeEach(async () => {
  server = new ScriptedServer();
  url = await server.listen();
});

afterEach(async () => {
  for (const participant of participants.splice(0)) participant.leave();
  await server.close();
});

function enter(options: Partial<ConnectOptions> = {}): Participant {
  const participant = connect(url, { scene: "scene", ...options });
  participants.push(participant);
  return participant;
}

const next = <K extends keyof ParticipantEvents>(participant: Participant, event: K) =>
  new Promise<ParticipantEvents[K]>((resolve) => participant.once(event, resolve));

const waiting: ServerMessages["waiting"] = {
  position: 1,
  lobbyCount: 1,
  groupSize: 2,
  estimatedWaitMs: null,
  waitedMs: 0,
  remainingMs: null,
};

const matched: ServerMessages["matched"] = {
  matchId: "m1",
  seat: 0,
  groupSize: 2,
  peers: [{ seat: 1, alias: "Otter", probeId: null, rttMs: null, connected: true }],
  room: { name: "room" },
  resumed: false,
};

function memoryStorage() {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}

/** A waiting participant and the server's end of its connection. */
async function waitingParticipant(options: Partial<ConnectOptions> = {}) {
  const participant = enter(options);
  const page = await server.page();
  page.welcome();
  page.tell("waiting", waiting);
  await next(participant, "waiting");
  return { participant, page };
}

describe("connecting", () => {
  it("says who it is, what it knows and that this browser has no WebRTC", async () => {
    enter({ participantId: "worker-7", attributes: { language: "de" } });
    const page = await server.page();
    expect(page.handshake).toEqual({
      protocol: 1,
      scene: "scene",
      participantId: "worker-7",
      attributes: { language: "de" },
      webrtc: false,
      fresh: true,
    });
  });

  it("goes through what it is told: connecting, waiting, matched", async () => {
    const participant = enter();
    expect([participant.status, participant.id]).toEqual(["connecting", null]);
    const page = await server.page();
    page.welcome({ participantId: "p9" });
    page.tell("waiting", waiting);
    expect(await next(participant, "waiting")).toEqual(waiting);
    expect([participant.status, participant.id]).toEqual(["waiting", "p9"]);
    page.tell("matched", matched);
    const result = await participant.match();
    expect(participant.status).toBe("matched");
    expect(result).toMatchObject({ status: "matched", match: { id: "m1", seat: 0, room: { name: "room" } } });
  });

  it("finds a server behind a path", async () => {
    const proxied = new ScriptedServer("/study1/probematch/socket.io/");
    participants.push(connect(`${await proxied.listen()}/study1/`, { scene: "scene" }));
    await proxied.page();
    for (const participant of participants.splice(0)) participant.leave();
    await proxied.close();
  });

  it("is told by the code of a refusal, and does not try again", async () => {
    server.judge = () => ({ code: "unknown_scene", message: "no scene of this name" });
    const participant = enter();
    const result = await participant.match();
    expect(result).toEqual({ status: "refused", code: "unknown_scene", message: "no scene of this name" });
    expect([participant.status, participant.connection.status]).toEqual(["refused", "refused"]);
    expect(server.refused).toBe(1);
  });

  it("asks again when the server was only about to restart", async () => {
    server.judge = () => ({ code: "server_closing", message: "back soon" });
    const participant = enter();
    await expect.poll(() => server.refused).toBeGreaterThan(0);
    expect(participant.connection).toEqual({ status: "connecting" });
    server.judge = () => null;
    await server.page();
  });

  it("shows the resume token to come back after a refresh, and takes another name's token for nobody's", async () => {
    const storage = memoryStorage();
    enter({ storage });
    (await server.page()).welcome({ resumeToken: "secret" });
    await next(participants[0] as Participant, "connection");
    enter({ storage });
    expect((await server.page()).handshake).toMatchObject({ resumeToken: "secret", fresh: true });
    enter({ storage, participantId: "somebody-else" });
    expect((await server.page()).handshake).not.toHaveProperty("resumeToken");
  });

  it("drops a resume token the server does not know any more, and comes in without it", async () => {
    const storage = memoryStorage();
    const first = enter({ storage });
    (await server.page()).welcome();
    await next(first, "connection");
    server.judge = ({ resumeToken }) =>
      resumeToken === undefined ? null : { code: "token_invalid", message: "signed with another secret" };
    enter({ storage });
    expect((await server.page()).handshake).not.toHaveProperty("resumeToken");
  });
});

describe("a lost connection", () => {
  it("comes back by itself as the same page of the same participant", async () => {
    const { participant, page } = await waitingParticipant();
    const states: string[] = [];
    participant.on("connection", ({ status }) => states.push(status));
    page.cut();
    const again = await server.page();
    expect(again.handshake).toMatchObject({ resumeToken: "resume-1", fresh: false });
    again.welcome({ resumed: true });
    expect(await next(participant, "connection")).toEqual({ status: "connected", resumed: true });
    expect(states).toEqual(["lost", "connected"]);
    expect(participant.status).toBe("waiting");
  });

  it("comes back as well when the server hung up", async () => {
    const { page } = await waitingParticipant();
    page.drop();
    expect((await server.page()).handshake).toMatchObject({ fresh: false });
  });

  it("ends a proposal that was under way", async () => {
    const { participant, page } = await waitingParticipant();
    page.tell("probing", { proposalId: "g1", members: 2 });
    await next(participant, "probing");
    page.cut();
    await next(participant, "connection");
    expect(participant.status).toBe("waiting");
  });

  it("is told of a match that was made meanwhile", async () => {
    const { participant, page } = await waitingParticipant();
    page.tell("confirm", { proposalId: "g1", remainingMs: 1000 });
    await page.heard("confirmed");
    page.cut();
    const again = await server.page();
    again.welcome({ resumed: true });
    again.tell("matched", { ...matched, resumed: true });
    expect(await participant.match()).toMatchObject({ status: "matched", match: { resumed: true } });
  });

  it("says again that a match is done when that was not heard", async () => {
    const { participant, page } = await waitingParticipant();
    page.tell("matched", matched);
    const match = await next(participant, "matched");
    page.cut();
    await next(participant, "connection");
    match.done();
    const again = await server.page();
    again.welcome({ resumed: true });
    again.tell("matched", { ...matched, resumed: true });
    expect(await again.heard("matchDone")).toEqual({ matchId: "m1" });
  });
});

describe("a match whose link is gone", () => {
  const withLink: ServerMessages["matched"] = {
    ...matched,
    peers: [{ seat: 1, alias: "Otter", probeId: "b1", rttMs: 20, connected: true }],
    resumed: true,
  };

  it("asks for a new connection, again when the other page comes back, and gives up in time", async () => {
    const { participant, page } = await waitingParticipant({ reconnectMs: 200 });
    const gone = new Promise((resolve) =>
      participant.once("matched", (match) => match.on("peer-gone", ({ peer }) => resolve(peer.link))),
    );
    page.tell("matched", withLink);
    expect(await page.heard("linkRepair")).toEqual({ probeId: "b1", fresh: true });
    expect(await gone).toBe("given_up");
    page.tell("peerStatus", { matchId: "m1", seat: 1, connected: false });
    page.tell("peerStatus", { matchId: "m1", seat: 1, connected: true });
    expect(await page.heard("linkRepair")).toEqual({ probeId: "b1", fresh: true });
  });

  it("does not ask for one to a member whose page is away", async () => {
    const { participant, page } = await waitingParticipant({ reconnectMs: 100 });
    const [peer] = withLink.peers;
    page.tell("matched", { ...withLink, peers: peer === undefined ? [] : [{ ...peer, connected: false }] });
    const match = await next(participant, "matched");
    expect(match.peers).toMatchObject([{ lost: true, link: "broken", open: false }]);
    await new Promise((resolve) => match.on("peer-gone", resolve));
    expect(page.unread).not.toContain("linkRepair");
  });
});

describe("the server's RTT", () => {
  it("is measured with numbered echoes and reported after the first burst", async () => {
    const participant = enter();
    const page = await server.page();
    page.welcome({ serverRtt: { intervalMs: 60_000, burst: 3, timeoutMs: 5000 } });
    for (const seq of [0, 1, 2]) {
      expect(await page.heard("echo")).toEqual({ seq });
      page.tell("echoed", { seq });
    }
    const { rtt } = await page.heard("rttReport");
    expect(rtt).toMatchObject({ samples: 3, lost: 0 });
    expect(participant.serverRtt).toEqual(rtt);
  });

  it("answers the server's own echoes", async () => {
    const { page } = await waitingParticipant();
    page.tell("serverEcho", { seq: 41 });
    expect(await page.heard("serverEchoed")).toEqual({ seq: 41 });
  });
});

describe("a probe", () => {
  it("is reported as failed where the browser cannot connect, and throws nothing", async () => {
    const { participant, page } = await waitingParticipant();
    page.tell("probePrepare", {
      probeId: "b1",
      proposalId: "g1",
      initiator: true,
      iceServers: [],
      relayOnly: false,
      parameters: { pings: 5, spacingMs: 100, pingTimeoutMs: 2000, warmupPings: 1 },
      remainingMs: 5000,
    });
    const { report } = await page.heard("probeReport");
    expect(report).toMatchObject({ status: "failed", reason: "ice_failed" });
    expect(page.unread).not.toContain("probeReady");
    page.tell("confirm", { proposalId: "g1", remainingMs: 1000 });
    page.tell("released", { proposalId: "g1", reason: "probe_failed" });
    expect(await next(participant, "released")).toEqual({ reason: "probe_failed" });
    expect(page.unread).not.toContain("confirmed");
  });
});

describe("the end", () => {
  it("is told with its outcome, and the page hangs up", async () => {
    const { participant, page } = await waitingParticipant();
    page.tell("ended", { outcome: "timed_out" });
    expect(await participant.match()).toEqual({ status: "ended", outcome: "timed_out" });
    expect([participant.status, participant.outcome]).toEqual(["ended", "timed_out"]);
    await page.closed;
  });

  it("comes to the older of two pages of one participant, which does not come back", async () => {
    const { participant, page } = await waitingParticipant();
    page.tell("replaced", {});
    expect(await participant.match()).toEqual({ status: "replaced" });
    expect(participant.connection).toEqual({ status: "replaced" });
    await page.closed;
  });

  it("is heard by the server when the page leaves, however often it says so", async () => {
    const storage = memoryStorage();
    const { participant, page } = await waitingParticipant({ storage });
    const ended: string[] = [];
    participant.on("ended", ({ outcome }) => ended.push(outcome));
    participant.leave();
    participant.leave();
    await page.heard("leave");
    page.tell("ended", { outcome: "left" });
    await page.closed;
    expect(page.unread).not.toContain("leave");
    expect(ended).toEqual(["left"]);
    expect(storage.items.size).toBe(0);
    expect(await participant.match()).toEqual({ status: "ended", outcome: "left" });
  });

  it("comes with the abort of the signal given to connect()", async () => {
    const leaving = new AbortController();
    const { participant, page } = await waitingParticipant({ signal: leaving.signal });
    leaving.abort();
    await page.heard("leave");
    expect(participant.status).toBe("ended");
  });

  it("leaves nothing behind: no timer, no connection", async () => {
    const { participant, page } = await waitingParticipant();
    participant.leave();
    page.tell("ended", { outcome: "left" });
    await page.closed;
    await server.close();
    await expect
      .poll(() => process.getActiveResourcesInfo().filter((r) => r === "TCPSocketWrap"))
      .toEqual([]);
  });

  it("does not come by aborting one match() call, which rejects with the signal's reason", async () => {
    const { participant, page } = await waitingParticipant();
    const patience = new AbortController();
    const impatient = participant.match({ signal: patience.signal });
    const patient = participant.match();
    patience.abort(new Error("no longer interested"));
    await expect(impatient).rejects.toThrow("no longer interested");
    await expect(participant.match({ signal: patience.signal })).rejects.toThrow("no longer interested");
    page.tell("matched", matched);
    expect((await patient).status).toBe("matched");
  });
});

describe("a match without measured links", () => {
  it("tells peers' status, sends nothing, and ends when the page is done", async () => {
    const { participant, page } = await waitingParticipant();
    page.tell("matched", matched);
    const match = await next(participant, "matched");
    const [peer] = match.peers;
    expect(peer).toMatchObject({ alias: "Otter", open: false, rtcPeerConnection: null });
    expect(peer?.send("hello")).toBe(false);
    const changed = new Promise((resolve) => match.once("peerStatus", (p) => resolve([p.seat, p.connected])));
    page.tell("peerStatus", { matchId: "m1", seat: 1, connected: false });
    expect(await changed).toEqual([1, false]);
    const closed = new Promise((resolve) => match.once("close", resolve));
    match.done();
    match.done();
    expect(await closed).toBe("done");
    expect(await page.heard("matchDone")).toEqual({ matchId: "m1" });
    expect(page.unread).not.toContain("matchDone");
  });
});

describe("what does not fit", () => {
  it.each([
    ["a message of the wrong shape", "waiting", { position: "first" }],
    ["a message that is nothing", "matched", undefined],
    ["an unknown message", "surprise", {}],
    ["a name that every object has", "constructor", {}],
    ["a message with a foreign outcome", "ended", { outcome: "won" }],
  ])("is ignored and reported: %s", async (_, event, payload) => {
    const { participant, page } = await waitingParticipant();
    page.tellGarbage(event, payload);
    expect(await next(participant, "problem")).toMatchObject({ kind: "server_message", event });
    expect(participant.status).toBe("waiting");
  });

  it("includes orders about probes, proposals and matches this page knows nothing of", async () => {
    const { participant, page } = await waitingParticipant();
    page.tell("probeStart", { probeId: "b9" });
    page.tell("probeSignal", { probeId: "b9", signal: { type: "offer", sdp: "v=0" } });
    page.tell("released", { proposalId: "g9", reason: "server" });
    page.tell("peerStatus", { matchId: "m9", seat: 1, connected: false });
    page.tell("echoed", { seq: 12345 });
    page.tell("refused", { code: "out_of_order", message: "not now", event: "confirmed" });
    expect(await next(participant, "problem")).toMatchObject({ kind: "refused", code: "out_of_order" });
    expect(participant.status).toBe("waiting");
  });
});
