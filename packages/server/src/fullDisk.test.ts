import { execFileSync } from "node:child_process";
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removeFolder, temporaryFolder } from "../test/dataFolders.js";
import { TestPage } from "../test/testPage.js";
import { createProbematch, type Probematch, sameAttribute, scene } from "./index.js";

/** A file system of one megabyte; needs Linux and the right to mount. */
const mount = (folder: string) =>
  void execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" });
const unmount = (folder: string) => void execFileSync("umount", [folder], { stdio: "ignore" });

const mayMount = ((): boolean => {
  const folder = temporaryFolder();
  try {
    mount(folder);
    unmount(folder);
    return true;
  } catch {
    return false;
  } finally {
    removeFolder(folder);
  }
})();

describe.skipIf(!mayMount)("a server on a disk of its own (skipped without the right to mount)", () => {
  const closers: (() => unknown)[] = [];
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
    mount(folder);
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    unmount(folder);
    removeFolder(folder);
  });

  async function start(): Promise<Probematch> {
    const server = await createProbematch({
      scenes: [
        scene("s")
          .matchmaking({ rules: [sameAttribute("language")] })
          .waitroom({ timeoutMs: null }),
      ],
      auth: { mode: "open" },
      dataDir: folder,
      logger: pino({ level: "silent" }),
    });
    closers.push(() => server.close());
    return server;
  }

  const sceneOf = (server: Probematch) => {
    const found = server.scenes.get("s");
    if (found === undefined) throw new Error("no scene");
    return found;
  };

  function page(url: string, participantId: string, language: string): TestPage {
    const made = new TestPage(url, {
      scene: "s",
      participantId,
      attributes: { language },
      rttMs: 20,
      socket: { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200 },
    });
    closers.push(() => made.close());
    return made;
  }

  it("that fills up tells whoever waits, decides nothing, and goes on when there is room", {
    timeout: 20_000,
  }, async () => {
    const server = await start();
    const { url } = await server.listen({ port: 0, host: "127.0.0.1" });
    const s = sceneOf(server);
    const ann = page(url, "ann", "common");
    await ann.next("waiting");

    const filler = join(folder, "somebody else's");
    for (const bytes of [65_536, 512]) {
      const fill = () => appendFileSync(filler, Buffer.alloc(bytes));
      expect(() => {
        for (;;) fill();
      }).toThrow(/ENOSPC/);
    }
    // The journal's last block has room for a few more; none of these can be with anybody.
    const unavailable = new Promise<void>((resolve) => s.onAvailability(() => resolve()));
    for (let i = 0; s.available; i += 1) {
      const other = page(url, `other-${i}`, `own-${i}`);
      await Promise.race([other.next("welcome"), unavailable]);
    }
    expect(await ann.next("refused")).toMatchObject({ code: "unavailable", event: null });
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);

    const bob = page(url, "bob", "common");
    for (let attempts = 0; attempts < 3; attempts += 1) await bob.disconnected();
    expect(bob.received).toEqual([]);
    expect(s.overview()).toMatchObject({ openProposals: 0, matchesCommitted: 0 });
    expect(ann.all("matched")).toEqual([]);

    rmSync(filler);
    const [atAnn, atBob] = await Promise.all([ann.next("matched"), bob.next("matched")]);
    expect(atBob.matchId).toBe(atAnn.matchId);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    await server.close();

    // What stands on the disk is whole.
    expect(sceneOf(await start()).overview().matchesCommitted).toBe(1);
  });
});
