import type { ProbeReport } from "@probematch/shared";
import * as commands from "../lobby/commands.js";
import type { LobbyConfig } from "../lobby/config.js";
import { wakeAt } from "../lobby/decide.js";
import type { Effect } from "../lobby/effects.js";
import type { StoredEvent } from "../lobby/events.js";
import type { MatchRecord } from "../lobby/matchRecord.js";
import { saveState } from "../lobby/saveState.js";
import type { LobbyState } from "../lobby/state.js";
import { viewOf } from "../lobby/view.js";
import { VirtualScene } from "../lobby/virtualScene.js";
import { chaosConfigOf, chaosReport, strictestOf, WAIT_MS } from "./chaosConfig.js";
import { type ChaosOptions, type ChaosSize, chaosOptionsFor } from "./chaosOptions.js";
import { ChaosPage, type PageScene, type PageServer } from "./chaosPage.js";
import { brokenBy, chaosAttributes } from "./chaosRules.js";
import { Invariants, type Violation } from "./invariants.js";
import { World } from "./world.js";

export interface ChaosResult {
  readonly seed: string;
  readonly options: ChaosOptions;
  readonly participants: number;
  readonly matches: number;
  readonly crashes: number;
  readonly log: readonly StoredEvent[];
  readonly violations: readonly Violation[];
}

/** After the last arrival everybody's time is up by then: wait, grace, a match's end, and the longest outage. */
const AFTERMATH_MS = 600_000;

/**
 * One study under accidents of every kind: messages lost, doubled and overtaking each other, pages that reload, vanish
 * and come back, probes and rooms that fail, a server that crashes and finds its clock changed. The core is the
 * server's own; everything else follows from the seed.
 *
 * @param options what happens; default: a mix that follows from the seed
 */
export function chaosRun(seed: string, size?: ChaosSize): ChaosResult {
  return new ChaosRun(seed, size).run();
}

class ChaosRun implements PageServer {
  readonly world: World;
  readonly options: ChaosOptions;
  readonly invariants = new Invariants();
  readonly #seed: string;
  readonly #config: LobbyConfig;
  readonly #pages = new Map<string, ChaosPage>();
  readonly #arrived = new Set<string>();
  #scene: VirtualScene | null = null;
  #log: StoredEvent[] = [];
  /** States at the last two crashes: the server starts from the older one and what the log has after it. */
  #saved: (string | null)[] = [null];
  /** Server time minus the world's; changes at a restart only, as with a monotonic clock. */
  #clockOffset = 1_700_000_000_000;
  /** Restarts so far: a message to an earlier life of the server finds nobody. */
  #life = 0;
  #checked = 0;
  #crashes = 0;
  #wakeTime: number | null = null;

  constructor(seed: string, size?: ChaosSize) {
    this.#seed = seed;
    this.world = new World(seed);
    this.options = chaosOptionsFor(this.world.random, size);
    this.#config = chaosConfigOf(this.options);
  }

  run(): ChaosResult {
    const { world, options } = this;
    this.#start();
    let at = 0;
    for (let i = 0; i < options.participants; i += 1) {
      at += world.exponential(options.arrivalMeanMs);
      const page = new ChaosPage(`p${i}`, world.between(0, 300), this);
      this.#pages.set(page.id, page);
      world.in(at, () => page.open());
    }
    if (options.crashMeanMs !== null) this.#planCrash(at + WAIT_MS);
    world.runUntil(at + AFTERMATH_MS);
    const scene = this.#scene;
    if (scene !== null) {
      this.#settle();
      this.invariants.atEnd(scene.state, this.#arrived, scene.now);
      this.invariants.checkReplay(scene.state, this.#log, scene.now);
      this.invariants.checkDecisions(this.#config, this.#log, scene.now);
    }
    return {
      seed: this.#seed,
      options,
      participants: this.#arrived.size,
      matches: scene?.state.matchesCommitted ?? 0,
      crashes: this.#crashes,
      log: this.#log,
      violations: this.invariants.violations,
    };
  }

  // ── What pages can do ────────────────────────────────────────────────────────────────────────────────────────

  toServer(_node: number, action: (scene: PageScene) => void): void {
    const life = this.#life;
    this.#transmit(() => {
      const scene = this.#scene;
      if (scene === null || life !== this.#life) return;
      this.#settle();
      action(scene);
      this.#settle();
    });
  }

  arrive(scene: PageScene, id: string, fresh: boolean): void {
    const attributes = chaosAttributes(Number(id.slice(1)));
    const request = { participantId: id, attributes, webrtc: true, priority: 0, fresh };
    scene.run(commands.arrive(scene.state, this.#config, request, { partners: [], matches: 0 }, scene.now));
    this.#arrived.add(id);
    const view = viewOf(scene.state, id);
    const page = this.#pages.get(id);
    if (view !== null && page !== undefined) this.toPage(page, () => page.onView(view));
  }

  toPage(page: ChaosPage, action: () => void): void {
    const { session } = page;
    this.#transmit(() => {
      if (page.session === session && page.online) action();
    });
  }

  disconnect(scene: PageScene, id: string): void {
    scene.run(commands.disconnect(scene.state, this.#config, id, scene.now));
  }

  choose(): number | null {
    return this.#scene === null ? null : 0;
  }

  /** The truth about a pair: pages live on a line, and their distance is their RTT. */
  trueRtt(a: string, b: string): number {
    return 5 + Math.abs((this.#pages.get(a)?.place ?? 0) - (this.#pages.get(b)?.place ?? 0));
  }

  reportFor(a: string, b: string): ProbeReport {
    return chaosReport(this.world, this.options, this.trueRtt(a, b));
  }

  // ── The server's life ────────────────────────────────────────────────────────────────────────────────────────

  #start(): void {
    this.#life += 1;
    this.#scene = new VirtualScene(this.#config, {
      seed: this.#seed,
      log: this.#log,
      saved: this.#saved.shift() ?? null,
      startAt: this.world.now + this.#clockOffset,
      onEffects: (effects) => this.#tell(effects),
      onEvent: (state, event) => {
        this.invariants.afterEvent(state, event);
        if (event.type !== "proposal.opened") return;
        if (this.options.hasRules) this.#checkRules(state, event);
        this.#checkLimit(state, event);
      },
    });
    // Time goes on from the log's end, wherever the system's clock stands.
    this.#clockOffset = this.#scene.now - this.world.now;
    this.#settle();
  }

  #planCrash(until: number): void {
    const { world, options } = this;
    world.in(world.exponential(options.crashMeanMs ?? 0), () => {
      if (world.now > until) return;
      this.#crash();
      world.in(world.between(100, 8000), () => {
        this.#clockOffset += world.between(-options.clockJumpMs, options.clockJumpMs);
        this.#start();
        this.#planCrash(until);
      });
    });
  }

  #crash(): void {
    const scene = this.#scene;
    if (scene === null) return;
    this.#settle();
    this.invariants.checkReplay(scene.state, scene.events, scene.now);
    this.#log = scene.events;
    this.#saved.push(saveState(scene.state));
    this.#scene = null;
    this.#life += 1;
    this.#crashes += 1;
    for (const page of this.#pages.values()) page.serverLost();
  }

  /** Brings the server to this moment, checks it, and has it woken for what comes next. */
  #settle(): void {
    const scene = this.#scene;
    if (scene === null) return;
    scene.advanceTo(this.world.now + this.#clockOffset);
    this.#log = scene.events;
    if (scene.events.length !== this.#checked) {
      this.#checked = scene.events.length;
      this.invariants.whenQuiet(scene.state, scene.now);
    }
    const at = wakeAt(scene.state);
    if (at === null || at === this.#wakeTime) return;
    this.#wakeTime = at;
    const life = this.#life;
    this.world.in(Math.max(0, at - scene.now), () => {
      if (life === this.#life) this.#settle();
    });
  }

  #tell(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "createRoom") this.#createRoom(effect.matchId);
      else if (effect.kind === "matchFormed") this.#checkSpeed(effect.record);
      else if ("participantId" in effect) {
        const page = this.#pages.get(effect.participantId);
        if (page !== undefined) this.toPage(page, () => page.onEffect(effect));
      }
    }
  }

  #createRoom(matchId: string): void {
    const life = this.#life;
    // A hook may also take longer than it is given.
    this.world.in(this.world.between(0, 6000), () => {
      const scene = this.#scene;
      if (scene === null || life !== this.#life) return;
      this.#settle();
      if (this.world.chance(this.options.roomFailure)) {
        scene.append({ type: "room.failed", matchId, reason: "chaos" });
      } else scene.append({ type: "room.created", matchId, room: null });
      this.#settle();
    });
  }

  #checkRules(state: LobbyState, event: StoredEvent & { readonly type: "proposal.opened" }): void {
    const members = event.members.flatMap((id) => {
      const p = state.participants.get(id);
      return p === undefined ? [] : [{ attributes: p.attributes, waitedMs: event.at - p.arrivedAt }];
    });
    const broken = brokenBy(members);
    if (broken !== null) this.invariants.ruleBroken(`${broken}: ${event.members.join(", ")}`, event.at);
  }

  /** The limit recorded with a proposal is the one its members were promised. */
  #checkLimit(state: LobbyState, event: StoredEvent & { readonly type: "proposal.opened" }): void {
    const waited = event.members.map((id) => event.at - (state.participants.get(id)?.arrivedAt ?? 0));
    const promised = strictestOf(this.options, waited);
    if (event.maxP2pRttMs === promised) return;
    this.invariants.slowMatch(`a limit of ${event.maxP2pRttMs} instead of ${promised}`, event.at);
  }

  #checkSpeed({ participants, maxP2pRttMs: limit }: MatchRecord): void {
    if (limit === null) return;
    const members = participants.map((p) => p.participantId);
    for (const a of members) {
      for (const b of members) {
        if (a < b && this.trueRtt(a, b) > limit) this.invariants.slowMatch(`${a} and ${b}`, this.world.now);
      }
    }
  }

  #transmit(deliver: () => void): void {
    const { world, options } = this;
    const copies = world.chance(options.messageLoss) ? 0 : world.chance(options.messageDuplication) ? 2 : 1;
    for (let i = 0; i < copies; i += 1) world.in(world.between(1, options.messageDelayMs), deliver);
  }
}
