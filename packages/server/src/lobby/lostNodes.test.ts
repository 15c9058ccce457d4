import { describe, expect, it } from "vitest";
import { LostNodes } from "./lostNodes.js";
import { TestScene } from "./testing/scene.js";

/** Everybody in it is connected to the one node there is. */
function sceneOf(...participantIds: string[]): TestScene {
  const scene = new TestScene();
  for (const id of participantIds) scene.arrive(id);
  for (const p of scene.state.participants.values()) p.nodeId = `node of ${p.participantId}`;
  return scene;
}

describe("lost nodes", () => {
  const none: ReadonlySet<string> = new Set();

  it("are those not heard of twice in a row", () => {
    const { state } = sceneOf("ann");
    const nodes = new LostNodes();
    expect(nodes.note(state, none)).toEqual([]);
    expect(nodes.note(state, new Set(["node of ann"]))).toEqual([]);
    expect(nodes.note(state, none)).toEqual([]);
    expect(nodes.note(state, none)).toEqual(["node of ann"]);
  });

  it("have people here: waiting, held or in a match", () => {
    const scene = sceneOf("ann", "bob");
    scene.probeAll(() => 20);
    scene.confirmAll();
    expect(scene.matches).toEqual([["ann", "bob"]]);
    scene.arrive("cid");
    const cid = scene.state.participants.get("cid");
    if (cid !== undefined) cid.nodeId = "node of cid";
    const nodes = new LostNodes();
    nodes.note(scene.state, none);
    expect([...nodes.note(scene.state, none)].sort()).toEqual(["node of ann", "node of bob", "node of cid"]);
  });

  it("are no longer looked for when their people are known to be disconnected", () => {
    const scene = sceneOf("ann");
    const nodes = new LostNodes();
    nodes.note(scene.state, none);
    scene.disconnect("ann");
    expect(nodes.note(scene.state, none)).toEqual([]);
  });
});
