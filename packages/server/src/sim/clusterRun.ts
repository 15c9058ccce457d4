import type { ProbeReport } from "@probematch/shared";
import { apply } from "../lobby/apply.js";
import type { LobbyConfig } from "../lobby/config.js";
import type { Effect } from "../lobby/effects.js";
import type { StoredEvent } from "../lobby/events.js";
import { saveState } from "../lobby/saveState.js";
import { createLobbyState, type LobbyState } from "../lobby/state.js";
import { viewOf } from "../lobby/view.js";
import { chaosConfigOf, chaosReport, WAIT_MS } from "./chaosConfig.js";
import { type ChaosOptions, type ChaosSize, chaosOptionsFor } from "./chaosOptions.js";
import { ChaosPage, type PageScene, type PageServer } from "./chaosPage.js";
import { chaosAttributes } from "./chaosRules.js";
import type { ChaosResult } from "./chaosRun.js";
import { Invariants } from "./invariants.js";
import { ModelledJournal } from "./modelledJournal.js";
import type { PlantedBug } from "./plantedBugs.js";
import { SimNode } from "./simNode.js";
import { World } from "./world.js";

/** What happens to the nodes of a run and to their way to the journal. */
interface ClusterOptions {
  readonly nodes: number;
  /** Messages to and from the journal take between 0.1 ms and this long, each for itself. */
  readonly journalDelayMs: number;
  readonly journalDuplication: number;
  /** Mean time between a node's crashes, hangs and partitions. */
  readonly faultMeanMs: number;
}

const EPOCH = 1_700_000_000_000;
const AFTERMATH_MS = 300_000;
/** A leader that has had this long without a break has met every deadline that is older than that. */
const STEADY_MS = 8000;
const CHECK_MS = 1000;

/**
 * One study on several nodes that share a modelled journal: on top of what happens to pages (see `chaosRun`), nodes crash,
 * hang for longer than their lease, are cut off from the journal, and what goes between them and it is late, doubled and
 * out of order.
 *
 * @param bug a mistake to plant
 */
export function clusterRun(seed: string, size?: ChaosSize, bug: PlantedBug | null = null): ChaosResult {
  return new ClusterRun(seed, size, bug).run();
}

class ClusterRun implements PageServer {
  readonly world: World;
  readonly options: ChaosOptions;
  readonly invariants = new Invariants();
  readonly #seed: string;
  readonly #bug: PlantedBug | null;
  readonly #cluster: ClusterOptions;
  readonly #config: LobbyConfig;
  readonly #journal: ModelledJournal;
  /** What the log says, applied the moment it is written. */
  readonly #truth: LobbyState = createLobbyState();
  readonly #nodes: SimNode[] = [];
  readonly #cutOff = new Set<number>();
  readonly #pages = new Map<string, ChaosPage>();
  readonly #arrived = new Set<string>();
  /** A node that starts goes on from what the last one that crashed knew. */
  #saved: string | null = null;
  #lives = 0;
  #crashes = 0;

  constructor(seed: string, size: ChaosSize | undefined, bug: PlantedBug | null) {
    this.#seed = seed;
    this.#bug = bug;
    this.world = new World(`cluster ${seed}`);
    this.options = chaosOptionsFor(this.world.random, size);
    const { world } = this;
    this.#cluster = {
      nodes: world.whole(2, 4),
      journalDelayMs: [1, 10, 80][world.whole(0, 2)] ?? 1,
      journalDuplication: [0, 0.1][world.whole(0, 1)] ?? 0,
      faultMeanMs: [10_000, 40_000, 1_000_000][world.whole(0, 2)] ?? 40_000,
    };
    this.#config = chaosConfigOf(this.options);
    this.#journal = new ModelledJournal((events) => this.#written(events));
  }

  run(): ChaosResult {
    const { world, options } = this;
    for (let i = 0; i < this.#cluster.nodes; i += 1) this.#startNode(i);
    let at = 2000;
    for (let i = 0; i < options.participants; i += 1) {
      at += world.exponential(options.arrivalMeanMs);
      const page = new ChaosPage(`p${i}`, world.between(0, 300), this);
      this.#pages.set(page.id, page);
      world.in(at, () => page.open());
    }
    for (let i = 0; i < this.#cluster.nodes; i += 1) this.#planFault(i, at + WAIT_MS);
    for (let t = CHECK_MS; t < at + AFTERMATH_MS; t += CHECK_MS) world.in(t, () => this.#check());
    world.runUntil(at + AFTERMATH_MS);
    const now = EPOCH + world.now;
    this.invariants.atEnd(this.#truth, this.#arrived, now);
    for (const node of this.#nodes) this.#checkNode(node);
    this.invariants.checkDecisions(this.#config, this.#journal.events, now);
    return {
      seed: this.#seed,
      options,
      participants: this.#arrived.size,
      matches: this.#truth.matchesCommitted,
      crashes: this.#crashes,
      log: this.#journal.events,
      violations: this.invariants.violations,
    };
  }

  // ── What pages can do ────────────────────────────────────────────────────────────────────────────────────────

  choose(): number | null {
    const up = this.#nodes.flatMap(({ alive }, i) => (alive ? [i] : []));
    return up[this.world.whole(0, up.length - 1)] ?? null;
  }

  toServer(index: number, action: (scene: PageScene) => void): void {
    const node = this.#nodes[index];
    this.#transmit(() => node?.act(() => action(node)));
  }

  arrive(scene: PageScene, id: string, fresh: boolean): void {
    const node = scene as SimNode;
    const page = this.#pages.get(id);
    if (page === undefined) return;
    const { session } = page;
    const attributes = chaosAttributes(Number(id.slice(1)));
    const request = { participantId: id, attributes, webrtc: true, priority: 0, fresh };
    node.arrive(request, session, (written) => {
      if (!written) {
        if (page.session === session) page.serverLost();
        return;
      }
      this.#arrived.add(id);
      const view = viewOf(node.state, id);
      if (view !== null) this.#toPage(node, page, session, () => page.onView(view));
    });
  }

  disconnect(scene: PageScene, id: string, session: number): void {
    (scene as SimNode).disconnect(id, session);
  }

  trueRtt(a: string, b: string): number {
    return 5 + Math.abs((this.#pages.get(a)?.place ?? 0) - (this.#pages.get(b)?.place ?? 0));
  }

  reportFor(a: string, b: string): ProbeReport {
    return chaosReport(this.world, this.options, this.trueRtt(a, b));
  }

  // ── The nodes' lives ─────────────────────────────────────────────────────────────────────────────────────────

  #startNode(index: number): void {
    const { world } = this;
    this.#lives += 1;
    const node: SimNode = new SimNode({
      nodeId: `node${index}-${this.#lives}`,
      world,
      config: this.#config,
      journal: this.#journal,
      epoch: EPOCH + world.whole(-20, 20),
      carry: (message) => this.#carry(index, message),
      onEffects: (effects) => this.#tell(node, effects),
      bug: this.#bug,
      saved: this.#saved,
    });
    this.#nodes[index] = node;
    node.start();
  }

  #planFault(index: number, until: number): void {
    const { world } = this;
    world.in(world.exponential(this.#cluster.faultMeanMs), () => {
      if (world.now > until) return;
      const lastsMs = world.between(100, 8000);
      const kind = world.whole(0, 2);
      const node = this.#nodes[index];
      if (kind === 0) this.#crash(index);
      if (kind === 1) node?.pause();
      if (kind === 2) this.#cutOff.add(index);
      world.in(lastsMs, () => {
        if (kind === 0) this.#startNode(index);
        if (kind === 1) node?.resume();
        if (kind === 2) this.#cutOff.delete(index);
        this.#planFault(index, until);
      });
    });
  }

  #crash(index: number): void {
    const node = this.#nodes[index];
    if (node === undefined) return;
    this.#checkNode(node);
    if (node.state.seq > 0) this.#saved = saveState(node.state);
    node.kill();
    this.#crashes += 1;
    for (const page of this.#pages.values()) if (page.node === index) page.serverLost();
  }

  #carry(index: number, message: () => void): void {
    const { world } = this;
    const { journalDelayMs, journalDuplication } = this.#cluster;
    if (this.#cutOff.has(index)) return;
    const copies = world.chance(journalDuplication) ? 2 : 1;
    for (let i = 0; i < copies; i += 1) {
      world.in(world.between(0.1, journalDelayMs), () => {
        if (!this.#cutOff.has(index)) message();
      });
    }
  }

  #written(events: readonly StoredEvent[]): void {
    for (const event of events) {
      apply(this.#truth, event);
      this.#bug?.afterApply?.(this.#truth, event, "");
      this.invariants.afterEvent(this.#truth, event);
    }
    for (const node of this.#nodes) node.act(() => node.poke());
  }

  #tell(node: SimNode, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "matchFormed" || !("participantId" in effect)) continue;
      const page = this.#pages.get(effect.participantId);
      const session = node.presence.get(effect.participantId);
      if (page !== undefined && session !== undefined)
        this.#toPage(node, page, session, () => page.onEffect(effect));
    }
  }

  #toPage(node: SimNode, page: ChaosPage, session: number, action: () => void): void {
    this.#transmit(() => {
      if (page.session === session && page.online && this.#nodes[page.node] === node) action();
    });
  }

  #transmit(deliver: () => void): void {
    const { world, options } = this;
    const copies = world.chance(options.messageLoss) ? 0 : world.chance(options.messageDuplication) ? 2 : 1;
    for (let i = 0; i < copies; i += 1) world.in(world.between(1, options.messageDelayMs), deliver);
  }

  // ── What must hold ───────────────────────────────────────────────────────────────────────────────────────────

  #check(): void {
    const { world } = this;
    const steady = this.#nodes.some(
      (node, i) =>
        node.alive &&
        !node.paused &&
        !this.#cutOff.has(i) &&
        node.decidesSince !== null &&
        world.now - node.decidesSince > STEADY_MS,
    );
    if (steady) this.invariants.whenQuiet(this.#truth, EPOCH + world.now - STEADY_MS);
  }

  /** A node has the state that follows from what it has read. */
  #checkNode(node: SimNode): void {
    const { state } = node;
    this.invariants.checkReplay(state, this.#journal.events.slice(0, state.seq), node.now);
  }
}
