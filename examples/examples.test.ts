import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** The built pages and client are needed: run `pnpm build` before. */
const START_MS = 60_000;

interface Running {
  readonly url: string;
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function run(script: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(script, import.meta.url))], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => {
    output += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    errors += String(chunk);
  });
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, exited, output: () => output, errors: () => errors };
}

/** Starts an example and waits until it answers. */
async function start(script: string, env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const port = await freePort();
  const { child, exited, output, errors } = run(script, { PORT: String(port), ...env });
  const said = () => new Error(`${script} did not start:\n${output()}${errors()}`);
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", () => {
      if (output().includes(`http://localhost:${port}`)) resolve();
    });
    void exited.then(() => reject(said()));
  });
  const url = `http://127.0.0.1:${port}`;
  // The name of the address may be printed just before everything behind it is ready.
  const deadlineAt = performance.now() + START_MS / 2;
  while (performance.now() < deadlineAt) {
    const ready = await fetch(`${url}/probematch/readyz`).catch(() => null);
    if (ready?.ok) return { url, child, exited };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill();
  throw said();
}

async function stop(running: Running | undefined): Promise<void> {
  running?.child.kill();
  await running?.exited;
}

describe.each([
  ["script-tag", "./script-tag/server.mjs"],
  ["bundler", "./bundler/server.mjs"],
  ["express", "./express/server.mjs"],
])("the %s example", (_name, script) => {
  let running: Running;
  beforeAll(async () => {
    running = await start(script);
  }, START_MS);
  afterAll(() => stop(running));

  it("serves its page, and everything the page loads", async () => {
    const page = await fetch(running.url);
    expect(page.status).toBe(200);
    const html = await page.text();
    const sources = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path);
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) expect((await fetch(running.url + source)).status).toBe(200);
  });
});

describe("the Express example", () => {
  let running: Running;
  beforeAll(async () => {
    running = await start("./express/server.mjs");
  }, START_MS);
  afterAll(() => stop(running));

  it("gives each participant a token of its own", async () => {
    const response = await fetch(`${running.url}/token?PROLIFIC_PID=p1`);
    const { token } = (await response.json()) as { token: string };
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    expect(claims).toMatchObject({ sub: "p1", scene: "ultimatum", aud: "probematch" });
  });
});

describe("the demo study", () => {
  let running: Running;
  const env = { DATA_DIR: "" };
  beforeAll(async () => {
    env.DATA_DIR = await mkdtemp(join(tmpdir(), "rally-"));
    running = await start("./demo/server/main.mjs", env);
  }, START_MS);
  afterAll(async () => {
    await stop(running);
    await rm(env.DATA_DIR, { recursive: true, force: true });
  });

  const ask = (body: string, method = "POST") =>
    fetch(`${running.url}/demo/delay`, { method, ...(method === "GET" ? {} : { body }) });

  it("serves its page with the headers for a fine clock, and nothing from elsewhere", async () => {
    const page = await fetch(running.url);
    expect(page.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(page.headers.get("cross-origin-embedder-policy")).toBe("require-corp");
    const html = await page.text();
    expect(html).not.toMatch(/(?:src|href)="https?:/);
    const sources = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path);
    expect(sources.length).toBeGreaterThan(1);
    for (const source of sources) expect((await fetch(running.url + source)).status).toBe(200);
  });

  it("takes a wish for delay, and nothing else, at the delay desk", async () => {
    expect((await ask(JSON.stringify({ participantId: "a", addedRttMs: 200 }))).status).toBe(204);
    const wrong = [
      "",
      "[]",
      "{",
      JSON.stringify({ participantId: "a", addedRttMs: 401 }),
      JSON.stringify({ participantId: "a", addedRttMs: -1 }),
      JSON.stringify({ participantId: 7, addedRttMs: 10 }),
    ];
    for (const body of wrong) expect((await ask(body)).status).toBe(400);
    expect((await ask("", "GET")).status).toBe(405);
    await expect(ask("x".repeat(5000))).rejects.toThrow();
  });

  it("says how to choose another port when its port is in use", async () => {
    const port = new URL(running.url).port;
    const second = run("./demo/server/main.mjs", { PORT: port });
    expect(await second.exited).toBe(1);
    expect(second.errors()).toContain(`Port ${port} is in use`);
    expect(second.errors()).toContain(`PORT=${Number(port) + 1} npm start`);
    expect(second.errors()).not.toContain("    at ");
  });

  it("ends at Ctrl-C without an error", async () => {
    running.child.kill("SIGINT");
    expect(await running.exited).toBe(0);
  });
});
