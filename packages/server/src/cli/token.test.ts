import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cli } from "../../test/cliRun.js";
import { removeFolder, temporaryFolder } from "../../test/dataFolders.js";
import { tokenKey, verifyParticipantToken } from "../gateway/tokens.js";

const secret = "a secret of thirty-two bytes, ok";
const env = { SECRET: secret, SHORT: "short" };
const from = ["token", "--secret-env", "SECRET"];
const folder = temporaryFolder();
afterAll(() => removeFolder(folder));

describe("probematch token", () => {
  it("prints a token that a server with this secret takes", async () => {
    const { code, out, err } = await cli([...from, "--participant", "p-17"], { env });
    expect([code, err]).toEqual([0, ""]);
    expect(await verifyParticipantToken(tokenKey(secret), out.trim(), "any")).toEqual({
      status: "valid",
      identity: { participantId: "p-17", attributes: {}, priority: 0 },
    });
  });

  it("prints with --json one object, scene, attributes, priority and end included", async () => {
    const args = [
      "--scene",
      "s",
      "--attributes",
      '{"age":30}',
      "--priority",
      "-2",
      "--expires",
      "2h",
      "--json",
    ];
    const before = Date.now();
    const { out } = await cli([...from, "--participant", "p", ...args], { env });
    const result = JSON.parse(out) as { token: string; expiresAt: number };
    expect(result).toEqual({
      token: expect.any(String),
      participantId: "p",
      scene: "s",
      expiresAt: expect.any(Number),
    });
    expect(Math.abs(result.expiresAt - before - 7_200_000)).toBeLessThan(60_000);
    expect(await verifyParticipantToken(tokenKey(secret), result.token, "s")).toMatchObject({
      identity: { attributes: { age: 30 }, priority: -2 },
    });
    expect(await verifyParticipantToken(tokenKey(secret), result.token, "other")).toMatchObject({
      status: "wrong_scene",
    });
  });

  it("reads the secret from a file, without the newline at its end", async () => {
    writeFileSync(join(folder, "secret.txt"), `${secret}\n`);
    const { out } = await cli(["token", "--secret-file", "secret.txt", "--participant", "p"], {
      cwd: folder,
    });
    expect((await verifyParticipantToken(tokenKey(secret), out.trim(), "s")).status).toBe("valid");
  });

  it.each([
    ["no secret", ["token", "--participant", "p"], /--secret-env NAME or --secret-file FILE/],
    ["two secrets", [...from, "--secret-file", "x", "--participant", "p"], /not both/],
    ["an unset variable", ["token", "--secret-env", "NOPE", "--participant", "p"], /NOPE is not set/],
    ["a missing file", ["token", "--secret-file", "nope.txt", "--participant", "p"], /nope\.txt/],
    ["a short secret", ["token", "--secret-env", "SHORT", "--participant", "p"], /5 bytes.*at least 32/],
    ["an id with spaces", [...from, "--participant", "p 1"], /without spaces/],
    ["a bad scene", [...from, "--participant", "p", "--scene", "a/b"], /letters, digits/],
    [
      "attributes that are no JSON",
      [...from, "--participant", "p", "--attributes", "{age:30}"],
      /JSON object/,
    ],
    ["attributes that nest", [...from, "--participant", "p", "--attributes", '{"a":{}}'], /JSON object/],
    ["a list of attributes", [...from, "--participant", "p", "--attributes", "[]"], /JSON object/],
    ["a time without unit", [...from, "--participant", "p", "--expires", "2"], /90s, 30m, 2h/],
    ["a priority that is no number", [...from, "--participant", "p", "--priority", "high"], /a number/],
  ])("with %s ends with 2 and one line", async (_, args, message) => {
    const { code, out, err } = await cli(args, { env, cwd: folder });
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(message);
    expect(err).toMatch(/^probematch: .+\n$/);
  });
});
