import { existsSync } from "node:fs";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { findOnPath, MissingProgramError } from "../onPath.js";
import { startRedis } from "./redis.js";
import { freePort } from "./service.js";
import { startTurn } from "./turn.js";

/** Resolves to the error's code when nothing listens there. */
const knock = (host: string, port: number) =>
  new Promise<string>((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve("open");
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
  });

describe("a service for tests", () => {
  it.skipIf(findOnPath("redis-server", "valkey-server") === null)(
    "is a Redis of one's own that is gone after close, however often it is closed",
    async () => {
      const redis = await startRedis();
      expect(redis.url).toBe(`redis://${redis.host}:${redis.port}`);
      expect(await knock(redis.host, redis.port)).toBe("open");
      await redis.close();
      await redis.close();
      expect(await knock(redis.host, redis.port)).toBe("ECONNREFUSED");
    },
  );

  it.skipIf(findOnPath("turnserver") === null)("is a TURN server that is gone after close", async () => {
    const turn = await startTurn({ secret: "only this test's", host: "127.0.0.1" });
    expect(turn.urls[0]).toBe(`turn:127.0.0.1:${turn.port}?transport=udp`);
    expect(await knock(turn.host, turn.port)).toBe("open");
    await turn.close();
    expect(await knock(turn.host, turn.port)).toBe("ECONNREFUSED");
    expect(turn.process.exitCode !== null || turn.process.signalCode !== null).toBe(true);
  });

  it("gets a port that is free, and that nobody gets who names none", async () => {
    const port = await freePort("127.0.0.1");
    expect(await knock("127.0.0.1", port)).toBe("ECONNREFUSED");
    expect(port).toBeLessThan(32_768);
  });

  it("that is not installed is an error that says how to get it", async () => {
    const path = process.env["PATH"];
    process.env["PATH"] = "/nowhere";
    try {
      expect(findOnPath("no-such-program")).toBeNull();
      if (!["/usr/sbin", "/usr/local/sbin", "/sbin"].some((folder) => existsSync(`${folder}/redis-server`))) {
        await expect(startRedis()).rejects.toThrow(MissingProgramError);
        await expect(startRedis()).rejects.toThrow(/apt-get install redis-server/);
      }
    } finally {
      process.env["PATH"] = path;
    }
  });
});
