import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { removeFolder, temporaryFolder } from "../../test/dataFolders.js";
import { TestPage } from "../../test/testPage.js";
import { createProbematch, type Probematch, sameAttribute, scene } from "../index.js";

const adminToken = "the-researcher's-own-token";
let probematch: Probematch;
const pages: TestPage[] = [];
afterEach(async () => {
  for (const page of pages.splice(0)) page.close();
  await probematch.close();
});

async function start(): Promise<string> {
  probematch = await createProbematch({
    scenes: [
      scene("s")
        .matchmaking({ rules: [sameAttribute("language")] })
        .treatments({ arms: ["a", "b"], assign: "latin-square" }),
    ],
    auth: { mode: "open" },
    dataDir: null,
    logger: pino({ level: "silent" }),
    adminToken,
  });
  return (await probematch.listen({ port: 0, host: "127.0.0.1" })).url;
}

function page(url: string, participantId: string, language: string): TestPage {
  const made = new TestPage(url, { scene: "s", participantId, attributes: { language } });
  pages.push(made);
  return made;
}

const ask = (url: string, path: string, authorization?: string) =>
  fetch(`${url}/api/scenes/${path}`, authorization === undefined ? {} : { headers: { authorization } });

describe("GET /api/scenes/:scene/why/:participantId", () => {
  it("tells the researcher what stands between", async () => {
    const url = await start();
    await page(url, "ann@home", "en").next("waiting");
    await page(url, "bob", "de").next("waiting");
    const response = await ask(url, "s/why/ann%40home", `Bearer ${adminToken}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      sceneId: "s",
      participantId: "ann@home",
      waitsFor: "people",
      here: 1,
      possible: 0,
      apart: [{ reason: "rule", rule: "same-attribute", count: 1 }],
      summary: "1 here, none possible: 1 differs in language.",
    });
    expect(probematch.scenes.get("s")?.whyWaiting("bob")?.here).toBe(1);
  });

  it("tells nobody else", async () => {
    const url = await start();
    await page(url, "ann", "en").next("waiting");
    const codeOf = async (authorization?: string) => {
      const response = await ask(url, "s/why/ann", authorization);
      return [response.status, ((await response.json()) as { error: { code: string } }).error.code];
    };
    expect(await codeOf()).toEqual([401, "token_required"]);
    expect(await codeOf("Basic abc")).toEqual([401, "token_required"]);
    for (let i = 0; i < 10; i += 1) expect(await codeOf("Bearer guess")).toEqual([401, "token_invalid"]);
    expect(await codeOf("Bearer guess")).toEqual([429, "too_many_joins"]);
  });

  it("is off where no admin token is set", async () => {
    probematch = await createProbematch({
      scenes: [scene("s")],
      auth: { mode: "open" },
      dataDir: null,
      logger: pino({ level: "silent" }),
    });
    const { url } = await probematch.listen({ port: 0, host: "127.0.0.1" });
    expect((await ask(url, "s/why/ann", "Bearer undefined")).status).toBe(401);
  });

  it("knows only those who wait, and only paths of its own", async () => {
    const url = await start();
    for (const path of ["s/why/nobody", "t/why/ann", "s/why", "s/why/a/b", "s/queue/ann", "s/why/%E0%A4%A"]) {
      expect((await ask(url, path, `Bearer ${adminToken}`)).status).toBe(404);
    }
  });
});

describe("who waited in vain", () => {
  it("is explained in the telemetry", async () => {
    const folder = temporaryFolder();
    try {
      probematch = await createProbematch({
        scenes: [
          scene("s")
            .matchmaking({ rules: [sameAttribute("language")] })
            .waitroom({ timeoutMs: 300 }),
        ],
        auth: { mode: "open" },
        dataDir: folder,
        logger: pino({ level: "silent" }),
      });
      const { url } = await probematch.listen({ port: 0, host: "127.0.0.1" });
      const [ann, bob] = [page(url, "ann", "en"), page(url, "bob", "de")];
      await Promise.all([ann.next("ended"), bob.next("ended")]);
      await probematch.close();
      const lines = readFileSync(join(folder, "s_telemetry.jsonl"), "utf8").trim().split("\n");
      const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(records.find((r) => r["type"] === "participant.timedOut")).toMatchObject({
        // Whoever came first: the two connect at the same time.
        participantId: expect.stringMatching(/^(ann|bob)$/),
        summary: "1 here, none possible: 1 differs in language.",
      });
    } finally {
      removeFolder(folder);
    }
  });
});

describe("a treatment", () => {
  it("is told to the members' pages, in the same words to all, and again when one comes back", async () => {
    const url = await start();
    const [ann, bob] = [page(url, "ann", "en"), page(url, "bob", "en")];
    const told = await Promise.all([ann.next("matched"), bob.next("matched")]);
    expect(told.map((message) => message.treatment)).toEqual([
      { arm: "a", order: ["a", "b"] },
      { arm: "a", order: ["a", "b"] },
    ]);
    expect(await page(url, "ann", "en").next("matched")).toMatchObject({
      resumed: true,
      treatment: { arm: "a", order: ["a", "b"] },
    });
  });
});
