import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import type { ProbematchOptions } from "../options.js";
import { scene } from "../scene/scene.js";
import { createProbematch } from "../server.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(change: Partial<ProbematchOptions> = {}) {
  const probematch = await createProbematch({
    scenes: [scene("lobby")],
    auth: { mode: "open" },
    dataDir: null,
    serveClient: false,
    logger: pino({ level: "silent" }),
    ...change,
  });
  closers.push(() => probematch.close());
  return probematch;
}

async function listening(change?: Partial<ProbematchOptions>): Promise<string> {
  return (await (await start(change)).listen({ port: 0, host: "127.0.0.1" })).url;
}

describe("a node's beacon", () => {
  it("answers with nothing, to a page of any origin, without a cache, and shows its timing", async () => {
    const response = await fetch(`${await listening()}/beacon`);
    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
      "timing-allow-origin": "*",
      "cache-control": "no-store",
    });
  });

  it("keeps the connection for the next request", async () => {
    const url = await listening();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    closers.push(() => agent.destroy());
    const ports: (number | undefined)[] = [];
    for (let i = 0; i < 3; i += 1) {
      await new Promise<void>((resolve, reject) => {
        const sent = request(`${url}/beacon`, { agent }, (response) => {
          ports.push(response.socket.localPort);
          response.resume().once("end", resolve);
        });
        sent.once("error", reject).end();
      });
    }
    expect(new Set(ports).size).toBe(1);
  });

  it("is below the prefix on an application's server, which keeps its own /beacon", async () => {
    const server = createServer((_request, response) => response.writeHead(200).end("the application's"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
    (await start()).attach(server);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect((await fetch(`${url}/probematch/beacon`)).status).toBe(204);
    expect(await (await fetch(`${url}/beacon`)).text()).toBe("the application's");
  });

  it("has a limit for each address, and lets the others go on", async () => {
    const url = await listening({ trustedProxies: 1, limits: { beaconRequestsPerMinutePerAddress: 5 } });
    const ask = async (address: string) => {
      const response = await fetch(`${url}/beacon`, { headers: { "x-forwarded-for": address } });
      await response.arrayBuffer();
      return response;
    };
    for (let i = 0; i < 5; i += 1) expect((await ask("192.0.2.1")).status).toBe(204);
    const refused = await ask("192.0.2.1");
    expect(refused.status).toBe(429);
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      "retry-after": "60",
      "access-control-allow-origin": "*",
    });
    expect((await ask("192.0.2.2")).status).toBe(204);
  });
});
