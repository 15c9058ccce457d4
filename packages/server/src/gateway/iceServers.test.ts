import { describe, expect, it } from "vitest";
import { iceServersFor } from "./iceServers.js";

describe("the ICE servers of a probe", () => {
  it("are the configured ones", () => {
    const servers = [{ urls: "stun:stun.example.org" }, { urls: ["turn:t"], username: "u", credential: "c" }];
    expect(iceServersFor({ servers }, "probe-1", 0)).toEqual(servers);
    expect(iceServersFor({}, "probe-1", 0)).toEqual([]);
  });

  it("get TURN credentials by coturn's REST scheme, good for ten minutes, that name the probe only", () => {
    const turn = { urls: ["turn:turn.example.org?transport=udp"], secret: "north" };
    expect(iceServersFor({ turn }, "probe-1", 1_700_000_000_000)).toEqual([
      {
        urls: turn.urls,
        username: "1700000600:probe-1",
        // printf %s 1700000600:probe-1 | openssl dgst -sha1 -hmac north -binary | base64
        credential: "QQrqSozJoBpFoR4SGH4KdBwXfhQ=",
      },
    ]);
  });
});
