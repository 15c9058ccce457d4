import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { cli } from "../../test/cliRun.js";
import { filesOf, removeFolder, temporaryFolder } from "../../test/dataFolders.js";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) removeFolder(folder);
});
function folderWith(files: Record<string, string>): string {
  const folder = temporaryFolder();
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const open = { auth: { mode: "open" }, logLevel: "silent", scenes: [{ id: "s" }] };
const closed = { logLevel: "silent", scenes: [{ id: "s" }] };
const serve = (...args: string[]) => ["serve", "--host", "127.0.0.1", "--port", "0", ...args];

/** Serves until it listens, asks something of the server, and stops it. */
async function whileServing(
  args: readonly string[],
  cwd: string,
  ask: (url: string) => Promise<void>,
  env = {},
) {
  const stop = new AbortController();
  let asked: Promise<void> | null = null;
  const result = await cli(args, {
    cwd,
    env,
    stop: stop.signal,
    err: (text) => {
      const url = /listening on (\S+)/.exec(text)?.[1];
      if (url !== undefined) asked = ask(url).finally(() => stop.abort());
    },
  });
  await asked;
  return { ...result, asked: asked !== null };
}

describe("probematch serve", () => {
  it("runs a server with a JSON configuration until it is stopped, with its logs where it was called", async () => {
    const cwd = folderWith({ "study.json": JSON.stringify(open) });
    const result = await whileServing(serve("--config", "study.json", "--data", "logs"), cwd, async (url) => {
      const response = await fetch(`${url}/healthz`);
      expect(response.status).toBe(200);
    });
    expect(result).toMatchObject({ code: 0, out: "", asked: true });
    expect(filesOf(join(cwd, "logs"))).toEqual(["probematch.json", "s_journal.jsonl"]);
  });

  it("runs with the configuration that its help shows", async () => {
    const { out } = await cli(["serve", "--help"]);
    const example = out.slice(out.indexOf("{ "), out.lastIndexOf("}") + 1);
    const config = { ...(JSON.parse(example) as Record<string, unknown>), logLevel: "silent" };
    const cwd = folderWith({ "study.json": JSON.stringify(config) });
    const args = serve("--config", "study.json", "--data", "logs");
    expect(await whileServing(args, cwd, async () => {})).toMatchObject({ code: 0, asked: true });
  });

  it.each(["study.mjs", "study.js"])("takes the default export of %s", async (name) => {
    const files = { [name]: `export default ${JSON.stringify(open)};`, "package.json": '{"type":"module"}' };
    const result = await whileServing(
      serve("--config", name, "--data", "logs"),
      folderWith(files),
      async () => {},
    );
    expect(result).toMatchObject({ code: 0, asked: true });
  });

  it("takes the tokens' secret from the environment or a file", async () => {
    const secret = "a secret of thirty-two bytes, ok";
    const cwd = folderWith({ "study.json": JSON.stringify(closed), "secret.txt": `${secret}\n` });
    const args = serve("--config", "study.json", "--data", "logs");
    const byEnv = [...args, "--secret-env", "SECRET"];
    expect(await whileServing(byEnv, cwd, async () => {}, { SECRET: secret })).toMatchObject({ code: 0 });
    expect(await whileServing([...args, "--secret-file", "secret.txt"], cwd, async () => {})).toMatchObject({
      code: 0,
    });
    expect(await cli(args, { cwd })).toMatchObject({
      code: 1,
      err: expect.stringMatching(/auth: say who may come in/),
    });
  });

  it.each<[string, Record<string, string>, string, 1 | 2, RegExp]>([
    ["is not there", {}, "study.json", 2, /no configuration at .*study\.json/],
    ["is of another kind", { "study.yaml": "" }, "study.yaml", 2, /ends in \.json, \.js or \.mjs/],
    ["is not valid JSON", { "study.json": "{" }, "study.json", 2, /study\.json is not valid JSON/],
    ["is a list", { "study.json": "[]" }, "study.json", 2, /wanted an object/],
    ["exports nothing", { "study.mjs": "" }, "study.mjs", 2, /no default export/],
    [
      "throws",
      { "study.mjs": 'throw new Error("my mistake");' },
      "study.mjs",
      2,
      /cannot be loaded: my mistake/,
    ],
    [
      "has mistakes",
      { "study.json": JSON.stringify({ ...open, scenes: [{ id: "s", groupSize: 1 }], bogus: 1 }) },
      "study.json",
      1,
      /2 mistakes:\n {2}- .*bogus[\s\S]*groupSize/,
    ],
  ])("with a configuration that %s says so without a stack", async (_, files, name, code, message) => {
    const result = await cli(serve("--config", name, "--data", "logs"), { cwd: folderWith(files) });
    expect(result).toMatchObject({ code, out: "" });
    expect(result.err).toMatch(/^probematch: /);
    expect(result.err).toMatch(message);
    expect(result.err).not.toContain("    at ");
  });

  it("whose port is in use says so, and leaves no lock behind", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const cwd = folderWith({ "study.json": JSON.stringify(open) });
    const args = [
      "serve",
      "--config",
      "study.json",
      "--data",
      "logs",
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
    ];
    const { code, err } = await cli(args, { cwd });
    await new Promise((resolve) => other.close(resolve));
    expect(code).toBe(1);
    expect(err).toMatch(
      new RegExp(`^probematch: .*127\\.0\\.0\\.1:${port}: another program does already.*\\n$`),
    );
    expect((await cli(["journal", "clear", "--data", "logs", "--yes"], { cwd })).code).toBe(0);
  });

  it("on a folder that a running server has is refused with its pid", async () => {
    const cwd = folderWith({ "study.json": JSON.stringify(open) });
    const args = serve("--config", "study.json", "--data", "logs");
    await whileServing(args, cwd, async () => {
      const second = await cli(args, { cwd });
      expect(second).toMatchObject({
        code: 1,
        err: expect.stringMatching(new RegExp(`in use .*pid ${process.pid}`)),
      });
    });
  });
});
