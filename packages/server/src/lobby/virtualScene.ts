import type { LatencyModel } from "../latency/latencyModel.js";
import { apply } from "./apply.js";
import type { Command } from "./commands.js";
import type { LobbyConfig } from "./config.js";
import { decide, wakeAt } from "./decide.js";
import type { Effect } from "./effects.js";
import type { Fact, LobbyEvent, StoredEvent } from "./events.js";
import { readSavedState } from "./savedState.js";
import { restoreState } from "./saveState.js";
import { createLobbyState, type LobbyState } from "./state.js";

/**
 * A scene without a world: the very core of the server on a virtual clock, with its log in memory. For the
 * simulator, for replay and for tests.
 */
export class VirtualScene {
  readonly config: LobbyConfig;
  /** The log so far; empty with `keepLog: false`. */
  readonly events: StoredEvent[];
  state: LobbyState;
  /** Server time, epoch ms; goes forward only. */
  now: number;
  readonly #keepLog: boolean;
  readonly #onEffects: (effects: readonly Effect[]) => void;
  readonly #onEvent: (state: LobbyState, event: StoredEvent) => void;

  /**
   * @param options.log a log to start from, as after a crash
   * @param options.saved a state saved earlier in that log (see `saveState`), from which to apply it
   * @param options.onEffects called with what follows from each applied event
   */
  constructor(
    config: LobbyConfig,
    options: {
      readonly seed: string;
      readonly startAt?: number;
      readonly log?: readonly StoredEvent[];
      readonly saved?: string | null;
      readonly onEffects?: (effects: readonly Effect[]) => void;
      /** Called with each new event and the state it led to, before its effects. */
      readonly onEvent?: (state: LobbyState, event: StoredEvent) => void;
      readonly nodeId?: string;
      /** Default: true. Without it a long simulation takes no memory for what nobody reads. */
      readonly keepLog?: boolean;
      /** What learns from the scene's probes. Default: as a server has it. */
      readonly latency?: LatencyModel;
    },
  ) {
    this.config = config;
    this.#keepLog = options.keepLog ?? true;
    this.#onEffects = options.onEffects ?? (() => undefined);
    this.#onEvent = options.onEvent ?? (() => undefined);
    this.state = options.saved == null ? createLobbyState(options.latency) : stateFrom(options.saved);
    this.events = [...(options.log ?? [])];
    for (const event of this.events.slice(this.state.seq)) apply(this.state, event);
    this.now = Math.max(options.startAt ?? 0, this.state.now);
    this.append({
      type: "scene.opened",
      sceneId: config.sceneId,
      format: 1,
      seed: options.seed,
      configHash: config.configHash,
      graceUntil: this.now + config.graceMs,
      nodeId: options.nodeId ?? "virtual",
    });
  }

  /** Something happened. */
  append(...facts: Fact[]): void {
    for (const fact of facts) this.#store(fact);
    this.decide();
  }

  /** Carries out a command of `commands.ts`. */
  run<Answer>(command: Command<Answer>): Answer {
    if (command.facts.length > 0) this.append(...command.facts);
    return command.answer;
  }

  /** Decides until nothing follows any more. */
  decide(): void {
    for (;;) {
      const { decisions, faults } = decide(this.state, this.config, this.now);
      for (const fault of faults) this.#store({ type: "matchmaker.failed", ...fault });
      for (const decision of decisions) this.#store(decision);
      if (decisions.length === 0 && faults.length === 0) return;
    }
  }

  /** Lets time pass; every deadline on the way is met at its time. */
  advanceTo(time: number): void {
    for (let at = wakeAt(this.state); at !== null && at <= time; at = wakeAt(this.state)) {
      this.now = Math.max(this.now, at);
      this.decide();
    }
    this.now = Math.max(this.now, time);
  }

  advance(ms: number): void {
    this.advanceTo(this.now + ms);
  }

  #store(event: LobbyEvent): void {
    // Not by spreading: of events of so many kinds that takes three times as long.
    const stored: StoredEvent = Object.assign({}, event, { seq: this.state.seq + 1, at: this.now });
    if (this.#keepLog) this.events.push(stored);
    const effects = apply(this.state, stored);
    this.#onEvent(this.state, stored);
    if (effects.length > 0) this.#onEffects(effects);
  }
}

/** The state that `saveState` wrote. A simulation has only its own to read, so one that cannot be read is a bug. */
export function stateFrom(saved: string): LobbyState {
  const read = readSavedState(saved);
  if (typeof read === "string") throw new Error(`a state that was saved cannot be read: ${read}`);
  return restoreState(read);
}
