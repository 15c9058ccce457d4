import type * as Sdk from "@probematch/client";
import { FifoMatchmaker, scene } from "@probematch/server";
import { enginePairs } from "../fixtures/engines.js";
import type { PageWindow, ParticipantPage } from "../fixtures/participantPage.js";
import { expect, test } from "../fixtures/test.js";

const measured = scene("lobby").matchmaking({ matchmaker: new FifoMatchmaker({ maxP2pRttMs: 500 }) });

type ChannelWindow = PageWindow & {
  heard: Record<string, string[]>;
  channels: Record<string, Sdk.PeerChannel>;
};

/** Opens a channel by name and keeps what comes over it. */
const openChannel = ({ page }: ParticipantPage, name: string, reliable: boolean) =>
  page.evaluate(
    ([channelName, isReliable]) => {
      const scope = globalThis as ChannelWindow;
      const channel = scope.currentMatch?.peers[0]?.channel(channelName, { reliable: isReliable });
      if (channel === undefined) throw new Error("no peer");
      scope.heard ??= {};
      scope.channels ??= {};
      scope.channels[channelName] = channel;
      const heard: string[] = [];
      scope.heard[channelName] = heard;
      channel.on("message", (data) => heard.push(String(data)));
    },
    [name, reliable] as const,
  );
/** Resolves once the channel is open and the data is under way. */
const sendOn = ({ page }: ParticipantPage, name: string, data: string) =>
  page.waitForFunction(
    ([channelName, text]) => (globalThis as ChannelWindow).channels[channelName]?.send(text) === true,
    [name, data] as const,
  );
const heardOn = ({ page }: ParticipantPage, name: string) =>
  page.evaluate((channelName) => (globalThis as ChannelWindow).heard[channelName], name);

/** Adds a moving picture, as a camera would be. */
const addPicture = ({ page }: ParticipantPage) =>
  page.evaluate(() => {
    const scope = globalThis as PageWindow & { video?: HTMLVideoElement };
    const connection = scope.currentMatch?.peers[0]?.rtcPeerConnection;
    if (!connection) throw new Error("no link");
    const video = document.createElement("video");
    video.muted = true;
    scope.video = video;
    connection.addEventListener("track", ({ streams: [stream] }) => {
      video.srcObject = stream ?? null;
      void video.play();
    });
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    setInterval(() => context?.fillRect(Math.random() * 100, Math.random() * 100, 20, 20), 50);
    const picture = canvas.captureStream(20);
    for (const track of picture.getTracks()) connection.addTrack(track, picture);
  });
const seesPicture = ({ page }: ParticipantPage) =>
  page.waitForFunction(() => {
    const { video } = globalThis as { video?: HTMLVideoElement };
    return video !== undefined && video.currentTime > 0;
  });

for (const engines of enginePairs) {
  test(`channels by name, reliable and not, and media from both sides at once, on the measured connection: ${engines.join(" and ")}`, async ({
    lab,
  }) => {
    test.setTimeout(60_000);
    const study = await lab.study({ scenes: [measured] });
    const a = await lab.participant(study, engines[0], { participantId: "a" });
    const b = await lab.participant(study, engines[1], { participantId: "b" });
    await Promise.all([a.matched(), b.matched()]);
    const facts = await a.page.evaluate(() => {
      const { currentMatch } = globalThis as PageWindow;
      const [peer] = currentMatch?.peers ?? [];
      return { rttMs: peer?.rttMs, latency: currentMatch?.latency };
    });
    expect(facts.latency).toMatchObject([{ rttMs: facts.rttMs, samples: expect.any(Number), path: "prflx" }]);

    // What is sent before the other page asks for the channel is kept for it.
    await openChannel(a, "chat", true);
    await sendOn(a, "chat", "early");
    await openChannel(b, "chat", true);
    await sendOn(b, "chat", "answer");
    await expect.poll(() => heardOn(b, "chat")).toEqual(["early"]);
    await expect.poll(() => heardOn(a, "chat")).toEqual(["answer"]);
    await Promise.all([a, b].map((page) => openChannel(page, "moves", false)));
    await Promise.all([sendOn(a, "moves", "up"), sendOn(b, "moves", "down")]);
    await expect.poll(() => heardOn(b, "moves")).toEqual(["up"]);
    await expect.poll(() => heardOn(a, "moves")).toEqual(["down"]);

    await Promise.all([a, b].map(addPicture));
    await Promise.all([a, b].map(seesPicture));
    // The offers of both crossed; channels and link are what they were.
    await sendOn(a, "chat", "still here");
    await expect.poll(() => heardOn(b, "chat")).toEqual(["early", "still here"]);
    expect([...a.all("peerLost"), ...b.all("peerLost")]).toEqual([]);
  });
}
