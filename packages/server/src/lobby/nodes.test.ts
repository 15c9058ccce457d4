import { describe, expect, it } from "vitest";
import * as commands from "./commands.js";
import { decide, rest } from "./decide.js";
import { TestScene } from "./testing/scene.js";

/** A scene on several nodes: what each of them writes, in one log. */
class Shared extends TestScene {
  arriveAt(nodeId: string, participantId: string, fresh = true): commands.Arrival {
    const request = { participantId, attributes: {}, webrtc: true, priority: 0, fresh };
    const history = { partners: [], matches: 0 };
    return this.scene.run(commands.arrive(this.state, this.config, request, history, this.scene.now, nodeId));
  }

  disconnectAt(nodeId: string, id: string): void {
    this.scene.run(commands.disconnect(this.state, this.config, id, this.scene.now, nodeId));
  }

  open(nodeId: string, shared: boolean): void {
    const { sceneId, configHash } = this.config;
    const graceUntil = this.scene.now + this.config.graceMs;
    this.scene.append({
      type: "scene.opened",
      sceneId,
      configHash,
      format: 1,
      seed: "x",
      graceUntil,
      nodeId,
      ...(shared ? { shared } : {}),
    });
  }

  lose(nodeId: string): void {
    this.scene.append({ type: "node.lost", nodeId, graceUntil: this.scene.now + this.config.graceMs });
  }

  isHere(id: string): boolean | undefined {
    return this.state.participants.get(id)?.connected;
  }
}

describe("a scene that several nodes share", () => {
  it("keeps everybody connected when one more node starts", () => {
    const t = new Shared();
    t.arriveAt("a", "ann");
    t.open("b", true);
    expect(t.isHere("ann")).toBe(true);
    t.open("c", false);
    expect(t.isHere("ann")).toBe(false);
  });

  it("loses the people of a lost node and of no other, and gives them the grace time", () => {
    const t = new Shared({ groupSize: 3 });
    t.arriveAt("a", "ann");
    t.arriveAt("b", "bob");
    t.lose("a");
    expect([t.isHere("ann"), t.isHere("bob")]).toEqual([false, true]);
    t.scene.advance(t.config.graceMs);
    expect(t.state.participants.get("ann")?.outcome).toBe("left");
    expect(t.state.participants.get("bob")?.status).toBe("waiting");
  });

  it("does not take a participant's old connection for the new one when its end is told late", () => {
    const t = new Shared({ groupSize: 3 });
    t.arriveAt("a", "ann");
    t.arriveAt("b", "ann", false);
    t.disconnectAt("a", "ann");
    expect(t.isHere("ann")).toBe(true);
    // Written by a node that had not heard of the move.
    t.scene.append({
      type: "participant.disconnected",
      participantId: "ann",
      graceUntil: t.scene.now + 1,
      nodeId: "a",
    });
    expect(t.isHere("ann")).toBe(true);
    t.disconnectAt("b", "ann");
    expect(t.isHere("ann")).toBe(false);
  });

  it("breaks off the proposal of a member who moves to another node, which knows nothing of it", () => {
    const t = new Shared();
    t.arriveAt("a", "ann");
    t.arriveAt("b", "bob");
    expect(t.held).toEqual([["ann", "bob"]]);
    const before = [...t.state.proposals.keys()];
    t.scene.append({ type: "participant.reconnected", participantId: "ann", webrtc: true, nodeId: "b" });
    expect(before.some((id) => t.state.proposals.has(id))).toBe(false);
  });

  it("counts somebody who arrives at two nodes at once as one, at the later of them", () => {
    const t = new Shared({ groupSize: 3 });
    t.arriveAt("a", "ann");
    t.scene.append({
      type: "participant.arrived",
      participantId: "ann",
      attributes: {},
      webrtc: true,
      priority: 0,
      waitDeadlineAt: null,
      history: { partners: [], matches: 0 },
      nodeId: "b",
    });
    expect(t.state.line.size).toBe(1);
    expect(t.state.participants.get("ann")?.nodeId).toBe("b");
  });

  it("has everything in view again for a node that begins to decide, however long it rested", () => {
    const t = new Shared({ groupSize: 3 });
    t.arriveAt("a", "ann");
    t.arriveAt("a", "bob");
    t.arriveAt("a", "cid");
    const { state, config } = t;
    const [overdue = ""] = t.state.proposals.keys();
    const late = t.scene.now + 10 * 60_000;
    rest(state, late);
    expect(decide(state, config, late).decisions).toEqual([]);
    t.scene.now = late;
    t.scene.append({ type: "node.leads", nodeId: "b" });
    expect(t.state.proposals.has(overdue)).toBe(false);
  });
});
