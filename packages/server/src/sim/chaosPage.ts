import type { ProbeReport } from "@probematch/shared";
import * as commands from "../lobby/commands.js";
import type { Effect } from "../lobby/effects.js";
import type { LobbyState } from "../lobby/state.js";
import type { ParticipantView } from "../lobby/view.js";
import type { ChaosOptions } from "./chaosOptions.js";
import type { Invariants } from "./invariants.js";
import type { World } from "./world.js";

/** A server's scene, as what pages send reaches it. */
export interface PageScene {
  readonly state: LobbyState;
  readonly now: number;
  run(command: commands.Command<unknown>): void;
}

/** What a page can reach. */
export interface PageServer {
  readonly world: World;
  readonly options: ChaosOptions;
  readonly invariants: Invariants;
  /** A server to connect to; `null`: there is none. */
  choose(): number | null;
  /** Sends a message to one of the servers; whatever can happen to it on the way does. */
  toServer(node: number, action: (scene: PageScene) => void): void;
  arrive(scene: PageScene, id: string, fresh: boolean): void;
  /** The server notices that a connection is over. */
  disconnect(scene: PageScene, id: string, session: number): void;
  trueRtt(a: string, b: string): number;
  reportFor(a: string, b: string): ProbeReport;
}

type Told = Extract<Effect, { readonly participantId: string }>;

/** A page believes it is connected for this long without a word before it connects anew. */
const SILENCE_MS = 25_000;
/** A connection that dies without a word is noticed by the server after this long. */
const PING_TIMEOUT_MS = 10_000;

/** A participant's browser: does what the SDK does, and has accidents. */
export class ChaosPage {
  readonly id: string;
  /** On the line that stands for the world, ms. */
  readonly place: number;
  /** Counts connections: what was sent on an earlier one does not arrive. */
  session = 0;
  online = false;
  /** The server it is, or was last, connected to. */
  node = 0;
  #over = false;
  #closed = false;
  #heardAt = 0;
  readonly #server: PageServer;

  constructor(id: string, place: number, server: PageServer) {
    this.id = id;
    this.place = place;
    this.#server = server;
  }

  /** The participant opens the page. */
  open(): void {
    this.#connect(true);
    this.#planAccident();
    this.#watchSilence();
  }

  serverLost(): void {
    if (!this.online) return;
    this.online = false;
    this.session += 1;
    this.#reconnectSoon(false);
  }

  onView(view: ParticipantView): void {
    this.#heardAt = this.#server.world.now;
    if (view.status === "matched") this.#told(`match ${view.match.matchId}`);
    if (view.status === "ended") this.#told(view.outcome);
  }

  onEffect(effect: Told): void {
    const { world, options } = this.#server;
    this.#heardAt = world.now;
    switch (effect.kind) {
      case "probePrepare":
        // Now and then a page that was told never answers.
        if (world.chance(0.97)) {
          this.#send((scene) => commands.probeReady(scene.state, this.id, effect.probeId));
        }
        return;
      case "probeStart":
        this.#measure(effect.probeId);
        return;
      case "confirm":
        if (world.chance(1 - options.probeFailure / 4)) {
          this.#send((scene) => commands.confirm(scene.state, this.id, effect.proposalId));
        }
        return;
      case "matched":
        this.#told(`match ${effect.matchId}`);
        this.#play(effect.matchId);
        return;
      case "ended":
        this.#told(effect.outcome);
        return;
      default:
        return;
    }
  }

  #measure(probeId: string): void {
    const { world } = this.#server;
    const { session } = this;
    this.#server.toServer(this.node, (scene) => {
      const probe = scene.state.probes.get(probeId);
      if (probe === undefined) return;
      const other = probe.initiator === this.id ? probe.responder : probe.initiator;
      const rttMs = this.#server.trueRtt(this.id, other);
      world.in(5.5 * rttMs + 500, () => {
        if (!this.online || this.session !== session) return;
        const report = this.#server.reportFor(this.id, other);
        this.#send((later) => commands.probeReport(later.state, this.id, probeId, report));
      });
    });
  }

  #play(matchId: string): void {
    const { world } = this.#server;
    world.in(world.between(1000, 40_000), () => {
      if (this.online) this.#send((scene) => commands.matchDone(scene.state, this.id, matchId));
    });
  }

  #told(what: Parameters<Invariants["told"]>[1]): void {
    if (what === "left" && this.#closed) return;
    this.#over = true;
    this.#server.invariants.told(this.id, what, this.#server.world.now);
  }

  #send(command: (scene: PageScene) => commands.Command<unknown>): void {
    this.#server.toServer(this.node, (scene) => {
      scene.run(command(scene));
    });
  }

  #connect(fresh: boolean): void {
    if (this.#closed) return;
    const node = this.#server.choose();
    if (node === null) {
      this.#reconnectSoon(fresh);
      return;
    }
    this.node = node;
    this.online = true;
    this.session += 1;
    this.#heardAt = this.#server.world.now;
    this.#server.toServer(node, (scene) => this.#server.arrive(scene, this.id, fresh));
  }

  #reconnectSoon(fresh: boolean): void {
    const { world } = this.#server;
    world.in(world.between(100, 3000), () => {
      if (!this.online) this.#connect(fresh);
    });
  }

  #disconnect(noticedAfterMs: number): void {
    const { world } = this.#server;
    this.online = false;
    this.session += 1;
    const { session, node } = this;
    // A page that is back at the same server has replaced its old connection, whose end then means nothing.
    const isBack = () => this.session !== session && this.node === node;
    world.in(noticedAfterMs, () => {
      if (isBack()) return;
      this.#server.toServer(node, (scene) => {
        if (!isBack()) this.#server.disconnect(scene, this.id, session - 1);
      });
    });
  }

  /** Reloads, short losses of the network, closed tabs, and people who leave. */
  #planAccident(): void {
    const { world, options } = this.#server;
    world.in(world.exponential(options.accidentMeanMs), () => {
      if (this.#closed || this.#over) return;
      if (this.online) this.#accident();
      this.#planAccident();
    });
  }

  #accident(): void {
    const { world } = this.#server;
    const kind = world.whole(0, 3);
    if (kind === 0) {
      this.#closed = true;
      this.#disconnect(world.chance(0.5) ? 0 : PING_TIMEOUT_MS);
    } else if (kind === 1) {
      this.#disconnect(world.chance(0.5) ? 0 : PING_TIMEOUT_MS);
      this.#reconnectSoon(true);
    } else if (kind === 2) {
      this.#disconnect(PING_TIMEOUT_MS);
      this.#reconnectSoon(false);
    } else {
      this.#closed = true;
      this.#send((scene) => commands.leave(scene.state, this.id));
      this.#disconnect(100);
    }
  }

  /** A lost message must not strand anybody: a page that hears nothing for long asks again. */
  #watchSilence(): void {
    const { world } = this.#server;
    world.in(SILENCE_MS, () => {
      if (this.#closed || this.#over) return;
      if (this.online && world.now - this.#heardAt >= SILENCE_MS) this.#connect(false);
      this.#watchSilence();
    });
  }
}
