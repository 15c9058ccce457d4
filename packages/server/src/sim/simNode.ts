import { apply } from "../lobby/apply.js";
import * as commands from "../lobby/commands.js";
import type { LobbyConfig } from "../lobby/config.js";
import { decide, lookAgain, rest, wakeAt } from "../lobby/decide.js";
import type { Effect } from "../lobby/effects.js";
import type { Fact, StoredEvent } from "../lobby/events.js";
import { LostNodes } from "../lobby/lostNodes.js";
import { createLobbyState, type LobbyState } from "../lobby/state.js";
import { stateFrom } from "../lobby/virtualScene.js";
import type { PageScene } from "./chaosPage.js";
import { LEASE_MS, type ModelledJournal } from "./modelledJournal.js";
import type { PlantedBug } from "./plantedBugs.js";
import { type AppendDone, SimAppender } from "./simAppender.js";
import type { World } from "./world.js";

export interface SimNodeOptions {
  readonly nodeId: string;
  readonly world: World;
  readonly config: LobbyConfig;
  readonly journal: ModelledJournal;
  /** World time 0 on the server's clock, this node's own error included. */
  readonly epoch: number;
  /** Carries a message to or from the journal: late, twice, or not at all. */
  readonly carry: (message: () => void) => void;
  readonly onEffects: (effects: readonly Effect[]) => void;
  readonly bug: PlantedBug | null;
  /** A state that was saved earlier (see `saveState`), from which it reads the log; `null`: from the beginning. */
  readonly saved: string | null;
}

const POLL_MS = 1000;

/** One server process of a scene that several share: what runtime, Redis journal and presence do, on a virtual clock. */
export class SimNode implements PageScene {
  readonly state: LobbyState;
  readonly nodeId: string;
  /** By participant, the connection that speaks for it here. */
  readonly presence = new Map<string, number>();
  /** Since when this node has decided without a break, world time; `null`: it does not. */
  decidesSince: number | null = null;
  readonly #o: SimNodeOptions;
  readonly #lanes = new Map<string, ((done: () => void) => void)[]>();
  readonly #appender: SimAppender;
  #lease = { text: "", until: 0 };
  #leader: string | null = null;
  #deciding = false;
  #wakeTime: number | null = null;
  readonly #nodes = new LostNodes();
  #alive = true;
  #recovering = true;
  #paused: (() => void)[] | null = null;

  constructor(options: SimNodeOptions) {
    this.#o = options;
    this.nodeId = options.nodeId;
    this.state = options.saved === null ? createLobbyState() : stateFrom(options.saved);
    const { nodeId, world, journal, carry } = options;
    this.#appender = new SimAppender({
      ...{ nodeId, world, journal, carry },
      seq: () => this.state.seq,
      lease: () => this.#heldLease,
      onNotLeader: () => {
        this.#lease = { text: "", until: 0 };
      },
      act: (action) => this.act(action),
      poke: () => this.poke(),
    });
  }

  start(): void {
    const { world, config, nodeId } = this.#o;
    this.#receive(this.#o.journal.events.slice(this.state.seq));
    this.#recovering = false;
    const opened: Fact = {
      type: "scene.opened",
      sceneId: config.sceneId,
      format: 1,
      seed: "cluster",
      configHash: config.configHash,
      graceUntil: this.now + config.graceMs,
      nodeId,
      shared: true,
    };
    this.append([opened]);
    this.#beat();
    const poll = () => {
      this.poke();
      world.in(POLL_MS, () => this.act(poll));
    };
    poll();
  }

  get now(): number {
    return Math.max(this.state.now, Math.floor(this.#o.epoch + this.#o.world.now));
  }

  get alive(): boolean {
    return this.#alive;
  }

  get paused(): boolean {
    return this.#paused !== null;
  }

  kill(): void {
    this.#alive = false;
  }

  /** Stops at whatever it is doing; what reaches it meanwhile waits. */
  pause(): void {
    this.#paused ??= [];
  }

  resume(): void {
    const waiting = this.#paused ?? [];
    this.#paused = null;
    for (const action of waiting) this.act(action);
  }

  /** Does something as this process would: not when it is dead, later when it is paused. */
  act(action: () => void): void {
    if (!this.#alive) return;
    if (this.#paused === null) action();
    else this.#paused.push(action);
  }

  // ── The gateway ──────────────────────────────────────────────────────────────────────────────────────────────

  run(command: commands.Command<unknown>): void {
    if (command.facts.length > 0) this.append(command.facts);
  }

  /** A page connects; `done` when that is written, or could not be. */
  arrive(request: commands.ArrivalRequest, session: number, done: (written: boolean) => void): void {
    this.#inLane(request.participantId, (next) => {
      this.presence.set(request.participantId, session);
      this.#writeArrival(request, (written) => {
        if (written && this.#isElsewhere(request.participantId)) this.presence.delete(request.participantId);
        done(written);
        next();
      });
    });
  }

  /** A page's connection is over. */
  disconnect(participantId: string, session: number): void {
    this.#inLane(participantId, (next) => {
      if ((this.presence.get(participantId) ?? 0) > session) return next();
      this.presence.delete(participantId);
      const { config } = this.#o;
      const { facts } = commands.disconnect(this.state, config, participantId, this.now, this.nodeId);
      if (facts.length === 0) return next();
      this.append(facts, (result) => {
        if (result === "failed") this.#later(1000, () => this.disconnect(participantId, session));
        next();
      });
    });
  }

  #writeArrival(request: commands.ArrivalRequest, done: (written: boolean) => void): void {
    const none = { partners: [], matches: 0 };
    const { facts } = commands.arrive(this.state, this.#o.config, request, none, this.now, this.nodeId);
    if (facts.length === 0) done(true);
    else this.append(facts, (result) => done(result !== "failed"));
  }

  #isElsewhere(participantId: string): boolean {
    const p = this.state.participants.get(participantId);
    return p !== undefined && p.status !== "ended" && p.connected && p.nodeId !== this.nodeId;
  }

  /** Arrivals and departures of one participant are written one after the other. */
  #inLane(participantId: string, task: (done: () => void) => void): void {
    const lane = this.#lanes.get(participantId) ?? [];
    this.#lanes.set(participantId, lane);
    lane.push(task);
    if (lane.length > 1) return;
    const next = () => {
      lane.shift();
      if (lane.length === 0) this.#lanes.delete(participantId);
      else lane[0]?.(next);
    };
    task(next);
  }

  // ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Asks for what is new. Answers may overtake each other and come twice. */
  poke(): void {
    const { carry, journal } = this.#o;
    carry(() => {
      const batch = journal.events.slice(this.state.seq);
      if (batch.length > 0) carry(() => this.act(() => this.#receive(batch)));
    });
  }

  #receive(batch: readonly StoredEvent[]): void {
    const events = batch.filter(({ seq }) => seq > this.state.seq);
    const [first] = events;
    if (first === undefined) return;
    if (first.seq !== this.state.seq + 1) {
      this.poke();
      return;
    }
    const effects: Effect[] = [];
    for (const event of events) {
      effects.push(...apply(this.state, event));
      this.#o.bug?.afterApply?.(this.state, event, this.nodeId);
      if (event.type === "node.leads") this.#leader = event.nodeId;
    }
    if (this.#recovering) return;
    for (const event of events) this.#follow(event);
    this.#o.onEffects(effects);
    for (const effect of effects) if (effect.kind === "createRoom") this.#createRoom(effect.matchId);
    this.#appender.noteDelivered();
    this.decide();
  }

  #follow(event: StoredEvent): void {
    if (event.type === "node.lost" && event.nodeId === this.nodeId) {
      for (const [participantId, session] of this.presence) this.#reclaim(participantId, session);
    }
    if (event.type !== "participant.arrived" && event.type !== "participant.reconnected") return;
    if (this.#isElsewhere(event.participantId)) this.presence.delete(event.participantId);
  }

  #reclaim(participantId: string, session: number): void {
    this.#inLane(participantId, (next) => {
      const p = this.state.participants.get(participantId);
      if (this.presence.get(participantId) !== session || p === undefined || p.connected) return next();
      if (p.status === "ended") return next();
      const { attributes, webrtc, priority } = p;
      this.#writeArrival({ participantId, attributes, webrtc, priority, fresh: false }, (written) => {
        if (!written) this.#later(1000, () => this.#reclaim(participantId, session));
        next();
      });
    });
  }

  #createRoom(matchId: string): void {
    if (!this.#decides) return;
    const { world } = this.#o;
    this.#later(world.between(0, 6000), () => {
      this.append([
        world.chance(0.8)
          ? { type: "room.created", matchId, room: null }
          : { type: "room.failed", matchId, reason: "chaos" },
      ]);
    });
  }

  // ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────

  append(facts: readonly Fact[], done: AppendDone = () => {}): void {
    this.#appender.push({ events: facts, basisSeq: null, at: this.now, done });
  }

  // ── Leading ──────────────────────────────────────────────────────────────────────────────────────────────────

  get #heldLease(): string {
    return this.#o.world.now < this.#lease.until ? this.#lease.text : "";
  }

  get #decides(): boolean {
    return this.#heldLease !== "" && this.#leader === this.nodeId;
  }

  #beat(): void {
    const { world, carry, journal } = this.#o;
    const askedAt = world.now;
    carry(() => {
      const { lease, live } = journal.beat(this.nodeId, this.#heldLease, world.now);
      carry(() =>
        this.act(() => {
          if (lease.endsWith(` ${this.nodeId}`)) {
            this.#lease = { text: lease, until: Math.max(this.#lease.until, askedAt + 0.9 * LEASE_MS) };
          } else this.#lease = { text: "", until: 0 };
          // Also when another's word, sent before it lost the lease, came after this one's.
          if (this.#heldLease !== "" && this.#leader !== this.nodeId) {
            this.append([{ type: "node.leads", nodeId: this.nodeId }]);
          }
          this.#onHeard(live);
        }),
      );
    });
    this.#later(LEASE_MS / 3, () => this.#beat());
  }

  #onHeard(live: ReadonlySet<string>): void {
    if (!this.#decides) return;
    const graceUntil = this.now + this.#o.config.graceMs;
    const lost = this.#nodes.note(this.state, live);
    if (lost.length > 0) {
      this.append(lost.map((nodeId): Fact => ({ type: "node.lost", nodeId, graceUntil })));
    }
  }

  decide(): void {
    const { config, bug, world } = this.#o;
    if (!this.#decides) {
      this.decidesSince = null;
      // What this node had to look at is forgotten: it has to take over anew.
      if (this.#leader === this.nodeId) this.#leader = null;
      rest(this.state, this.now);
      return;
    }
    this.decidesSince ??= world.now;
    if (this.#deciding) return;
    const now = this.now;
    const verdict = decide(this.state, config, now);
    const decisions = bug?.decisions?.(verdict.decisions) ?? verdict.decisions;
    if (decisions.length === 0) {
      this.#wakeLater();
      return;
    }
    this.#deciding = true;
    const done: AppendDone = (result) => {
      this.#deciding = false;
      if (typeof result === "number") {
        this.decide();
        return;
      }
      lookAgain(this.state, verdict);
      bug?.afterRefusal?.(decisions, this.#o.onEffects);
      if (result === "failed") this.#later(1000, () => this.decide());
      else this.decide();
    };
    this.#appender.push({ events: decisions, basisSeq: this.state.seq, at: now, done });
  }

  #wakeLater(): void {
    const at = wakeAt(this.state);
    if (at === null || at === this.#wakeTime) return;
    this.#wakeTime = at;
    this.#later(Math.max(1, at - this.now), () => {
      if (this.#wakeTime === at) this.#wakeTime = null;
      this.decide();
    });
  }

  #later(delayMs: number, action: () => void): void {
    this.#o.world.in(delayMs, () => this.act(action));
  }
}
