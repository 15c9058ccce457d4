import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as api from "../../index.js";
import { resolveScene, type SceneInput } from "../../scene/resolveScene.js";
import { ruleNames } from "./registry.js";

const text = readFileSync(new URL("../../../../../docs/rules.md", import.meta.url), "utf8");
const blocks = (language: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map((match) => match[1] ?? "");

/** Runs an example that is plain JavaScript but for its imports; the scene is its last constant. */
function sceneOf(example: string): SceneInput {
  const body = example.replace(/^import (\{[^}]*\}) from "@probematch\/server";$/m, "const $1 = api;");
  const last = [...example.matchAll(/^const (\w+) = /gm)].at(-1)?.[1];
  return new Function("api", `${body}\nreturn ${last};`)(api) as SceneInput;
}

describe("docs/rules.md", () => {
  it("has only examples that work, the JSON one being the same as the code before it", () => {
    const scenes = blocks("ts").map((example) => resolveScene(sceneOf(example)));
    expect(scenes.map(({ settings }) => settings.lobby.sceneId)).toEqual([
      "ultimatum",
      "patient",
      "own",
      "relaxing",
      "study",
    ]);
    const [json] = blocks("json");
    expect(resolveScene(JSON.parse(json ?? ""))).toEqual(scenes[0]);
  });

  it("names every rule there is", () => {
    for (const name of ruleNames) expect(text).toContain(`\`${name}\``);
  });
});
