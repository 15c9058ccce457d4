import { describe, expect, it } from "vitest";
import { cli } from "../../test/cliRun.js";
import { packageVersion } from "./packageVersion.js";

const commands = [["serve"], ["token"], ["calibrate"], ["journal", "verify"], ["journal", "clear"]];

describe("probematch", () => {
  it.each(commands)("%s %s --help shows how it is used, with an example", async (...command) => {
    const result = await cli([...command, "--help"]);
    expect(result).toMatchObject({ code: 0, err: "" });
    expect(result.out).toMatch(/^Usage: probematch /);
    expect(result.out).toContain("Example");
    expect(result.out).toContain(`  probematch ${command.join(" ")} `);
  });

  it("lists its commands and says its version", async () => {
    expect((await cli(["--help"])).out).toMatch(/serve[\s\S]*token[\s\S]*journal/);
    expect(await cli(["--version"])).toEqual({ code: 0, out: `${packageVersion()}\n`, err: "" });
  });

  it.each([
    [["serv"], /^probematch: unknown command 'serv' \(Did you mean serve\?\)/],
    [["what"], /^probematch: unknown command 'what'/],
    [["serve"], /^probematch: required option '-c, --config <file>' not specified/],
    [
      ["serve", "--config", "x.json", "--port", "http"],
      /^probematch: .*Wanted a whole number from 0 to 65535\./,
    ],
    [
      ["calibrate", "--pair", "chrome-firefox"],
      /^probematch: --pair chrome-firefox is not known\. Known: chromium-/,
    ],
    [["calibrate", "--condition", "busy"], /^probematch: --condition busy is not known\. Known: idle, /],
    [["calibrate", "--rtt", "20,fast"], /^probematch: .*Wanted numbers from 0 up/],
    [["calibrate", "--from", "nowhere.jsonl"], /^probematch: .*nowhere\.jsonl cannot be read/],
    [
      ["calibrate", "--rtt", "0,10", "--jitter", "20"],
      /^probematch: nothing to measure: an RTT of 0 ms cannot vary by ±20 ms each way, it needs 40 ms or more\. Give /,
    ],
    [["calibrate", "--samples", "nowhere/one.jsonl"], /^probematch: .*one\.jsonl cannot be written/],
    [["calibrate", "--loss", "5"], /^probematch: .*Wanted shares from 0 to 1/],
    [["journal", "verify", "--data"], /^probematch: option .* argument missing/],
    [["journal", "verify", "surplus"], /^probematch: too many arguments/],
    [["token", "--participant", "p", "--bogus"], /^probematch: unknown option '--bogus'/],
  ])(
    "used wrongly (%j) it ends with 2, says why in one line, and prints no result",
    async (args, message) => {
      const { code, out, err } = await cli(args);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toMatch(message);
      expect(err).toMatch(/^[^\n]+\n$/);
    },
  );

  it("without a command shows its help and ends with 2", async () => {
    for (const args of [[], ["journal"]]) {
      const { code, out, err } = await cli(args);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toContain("Usage: probematch");
    }
  });
});
