import { writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import express from "express";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removeFolder, temporaryFolder } from "../test/dataFolders.js";
import { TestPage } from "../test/testPage.js";
import {
  ConfigError,
  createProbematch,
  DataFolderError,
  ListenError,
  type Probematch,
  type ProbematchOptions,
  scene,
  signParticipantToken,
} from "./index.js";

const secret = "a secret of at least thirty-two bytes";
const closers: (() => unknown)[] = [];
let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  removeFolder(folder);
});

async function start(change: Partial<ProbematchOptions> = {}): Promise<Probematch> {
  const probematch = await createProbematch({
    scenes: [scene("ultimatum").waitroom({ timeoutMs: null })],
    auth: { mode: "open", secret },
    dataDir: folder,
    logger: pino({ level: "silent" }),
    ...change,
  });
  closers.push(() => probematch.close());
  return probematch;
}

async function serve(listener?: RequestListener): Promise<{ server: Server; url: string }> {
  const server = listener === undefined ? createServer() : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function page(url: string, handshake: ConstructorParameters<typeof TestPage>[1]): TestPage {
  const made = new TestPage(url, { scene: "ultimatum", ...handshake });
  closers.push(() => made.close());
  return made;
}

async function matchTwo(url: string): Promise<void> {
  const [a, b] = ["a", "b"].map((participantId) => page(url, { participantId }));
  await Promise.all([a?.next("matched"), b?.next("matched")]);
}

describe("a server that stands alone", () => {
  it("matches two participants", async () => {
    const { url } = await (await start()).listen({ port: 0, host: "127.0.0.1" });
    await matchTwo(url);
  });

  it("tells its health, readiness, metrics and queue, and nothing else", async () => {
    const { url } = await (await start()).listen({ port: 0, host: "127.0.0.1" });
    const get = async (path: string) => {
      const response = await fetch(url + path);
      return [response.status, response.headers.get("content-type"), await response.text()];
    };
    const json = "application/json; charset=utf-8";
    expect(await get("/healthz")).toEqual([200, json, '{"ok":true}\n']);
    expect(await get("/readyz?verbose")).toEqual([200, json, '{"ready":true,"reason":null}\n']);
    const [status, type, text] = await get("/metrics");
    expect([status, type]).toEqual([200, expect.stringContaining("text/plain")]);
    expect(text).toContain('probematch_queue_length{scene="ultimatum"} 0');

    const waiting = page(url, { participantId: "a" });
    await waiting.next("waiting");
    const queue = await fetch(`${url}/api/scenes/ultimatum/queue`);
    expect(await queue.json()).toEqual({ scene: "ultimatum", size: 1, estimatedWaitMs: null });
    for (const path of [
      "/api/scenes/dictator/queue",
      "/api/scenes/__proto__/queue",
      "/",
      "/healthz/x",
      "/nothing",
    ]) {
      const [missing, kind, body] = await get(path);
      expect([missing, kind]).toEqual([404, json]);
      expect(JSON.parse(String(body))).toMatchObject({ error: { code: expect.any(String) } });
    }
  });

  it("does not tell how many wait where the scene hides it", async () => {
    const scenes = [scene("ultimatum").matchmaking({ hideLobbyCount: true })];
    const { url } = await (await start({ scenes })).listen({ port: 0, host: "127.0.0.1" });
    const queue = await fetch(`${url}/api/scenes/ultimatum/queue`);
    expect(await queue.json()).toEqual({ scene: "ultimatum", size: null, estimatedWaitMs: null });
  });

  it("refuses to be written to", async () => {
    const { url } = await (await start()).listen({ port: 0, host: "127.0.0.1" });
    const response = await fetch(`${url}/metrics`, { method: "POST", body: "x" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  it("says that a port is in use, and can listen on another one", async () => {
    const { server } = await serve();
    const { port } = server.address() as AddressInfo;
    const probematch = await start();
    const failure = probematch.listen({ port, host: "127.0.0.1" });
    await expect(failure).rejects.toThrow(ListenError);
    await expect(failure).rejects.toThrow(`127.0.0.1:${port}: another program does already`);
    const { url } = await probematch.listen({ port: 0, host: "127.0.0.1" });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it("works on one HTTP server only", async () => {
    const probematch = await start();
    await probematch.listen({ port: 0, host: "127.0.0.1" });
    const { server } = await serve();
    expect(() => probematch.attach(server)).toThrow("already");
    await expect(probematch.listen({ port: 0 })).rejects.toThrow("already");
  });
});

describe("a server on an application's HTTP server", () => {
  const application: RequestListener = (request, response) => void response.end(`app ${request.url}`);

  it("leaves every path to the application that is not its own", async () => {
    const { server, url } = await serve(application);
    (await start()).attach(server);
    for (const path of [
      "/",
      "/healthz",
      "/metrics",
      "/api/scenes/ultimatum/queue",
      "/probematch",
      "/probematch/mine",
    ]) {
      expect(await (await fetch(url + path)).text()).toBe(`app ${path}`);
    }
    expect(await (await fetch(`${url}/probematch/healthz`)).json()).toEqual({ ok: true });
    expect((await fetch(`${url}/probematch/api/scenes/ultimatum/queue`)).status).toBe(200);
    await matchTwo(url);
  });

  it("takes another prefix", async () => {
    const { server, url } = await serve(application);
    (await start({ httpPrefix: "/live" })).attach(server);
    expect((await (await fetch(`${url}/live/readyz`)).json()) as unknown).toMatchObject({ ready: true });
    expect(await (await fetch(`${url}/probematch/readyz`)).text()).toBe("app /probematch/readyz");
  });

  it("stands beside Express", async () => {
    const app = express();
    app.get("/hello", (_request, response) => void response.json({ hello: "world" }));
    const { server, url } = await serve(app);
    (await start()).attach(server);
    expect(await (await fetch(`${url}/hello`)).json()).toEqual({ hello: "world" });
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    expect((await fetch(`${url}/probematch/healthz`)).status).toBe(200);
    await matchTwo(url);
  });

  it("gives its paths back and leaves the HTTP server running when it is closed", async () => {
    const { server, url } = await serve(application);
    const probematch = await start();
    probematch.attach(server);
    await probematch.close();
    expect(server.listening).toBe(true);
    expect(await (await fetch(`${url}/probematch/healthz`)).text()).toBe("app /probematch/healthz");
  });
});

describe("the SDK's file", () => {
  it("is served for a script tag, and not sent again to a browser that has it", async () => {
    const { url } = await (await start()).listen({ port: 0, host: "127.0.0.1" });
    const first = await fetch(`${url}/probematch/probematch.js`);
    expect(first.status).toBe(200);
    expect(first.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(first.headers.get("cache-control")).toBe("no-cache");
    expect(await first.text()).toContain("Probematch");
    const etag = first.headers.get("etag") ?? "";
    const again = await fetch(`${url}/probematch/probematch.js`, { headers: { "if-none-match": etag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    const head = await fetch(`${url}/probematch/probematch.js`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it("is not served when the study brings its own", async () => {
    const { url } = await (await start({ serveClient: false })).listen({ port: 0, host: "127.0.0.1" });
    expect((await fetch(`${url}/probematch/probematch.js`)).status).toBe(404);
  });
});

describe("tokens", () => {
  it("let their bearers in, and nobody else", async () => {
    const { url } = await (await start({ auth: { secret } })).listen({ port: 0, host: "127.0.0.1" });
    expect(await page(url, { participantId: "a" }).refusal()).toMatchObject({ code: "token_required" });
    const token = await signParticipantToken({ secret, participantId: "p-17" });
    expect(await page(url, { token }).next("welcome")).toMatchObject({ participantId: "p-17" });
  });
});

describe("start and end", () => {
  it("refuses a wrong configuration with every mistake", async () => {
    const wrong = start({ scenes: [scene("a b").groupSize(1)], adminToken: "short" });
    await expect(wrong).rejects.toThrow(ConfigError);
    await expect(wrong).rejects.toMatchObject({ problems: { length: 3 } });
  });

  it("refuses a folder that is somebody else's, and a second server on the same folder", async () => {
    writeFileSync(join(folder, "thesis.docx"), "");
    await expect(start()).rejects.toThrow(DataFolderError);
    const own = join(folder, "data");
    await start({ dataDir: own });
    await expect(start({ dataDir: own })).rejects.toThrow(DataFolderError);
  });

  it("keeps everybody's place over a restart", async () => {
    const trio = [scene("ultimatum").groupSize(3).waitroom({ timeoutMs: null })];
    const first = await start({ scenes: trio });
    const before = await first.listen({ port: 0, host: "127.0.0.1" });
    for (const participantId of ["a", "b"]) await page(before.url, { participantId }).next("waiting");
    await first.close();

    const second = await start({ scenes: trio });
    expect(second.scenes.get("ultimatum")?.waitingIds()).toEqual(["a", "b"]);
    const { url } = await second.listen({ port: 0, host: "127.0.0.1" });
    const members = ["a", "b", "c"].map((participantId) => page(url, { participantId, fresh: false }));
    await Promise.all(members.map((member) => member.next("matched")));
  });

  it("can be closed at any time, as often as one likes, and frees its folder", async () => {
    const probematch = await start();
    const { url } = await probematch.listen({ port: 0, host: "127.0.0.1" });
    const waiting = page(url, { participantId: "a" });
    await waiting.next("waiting");
    const gone = waiting.disconnected();
    await Promise.all([probematch.close(), probematch.close()]);
    await gone;
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    await expect(probematch.listen({ port: 0 })).rejects.toThrow("closed");
    await start();
  });

  it("has nothing to warn of in an ordinary life", async () => {
    const lines: { level: number; msg: string }[] = [];
    const logger = pino({ level: "warn" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const probematch = await start({ auth: { secret }, logger });
    const { url } = await probematch.listen({ port: 0, host: "127.0.0.1" });
    const token = await signParticipantToken({ secret, participantId: "a" });
    await page(url, { token }).next("waiting");
    await probematch.close();
    expect(lines).toEqual([]);
  });

  it("is not ready while it closes", async () => {
    const { server, url } = await serve();
    const probematch = await start();
    probematch.attach(server);
    const waiting = page(url, { participantId: "a" });
    await waiting.next("waiting");
    const closing = probematch.close();
    const response = await fetch(`${url}/probematch/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ ready: false, reason: "the server is closing" });
    await closing;
  });
});
