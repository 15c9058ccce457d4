import type { Logger } from "pino";
import type { SceneJournal } from "../journal/journal.js";
import type { LobbyConfig } from "../lobby/config.js";
import { decide, lookAgain, type Verdict, wakeAt } from "../lobby/decide.js";
import type { Fact } from "../lobby/events.js";
import { explain, type WhyWaiting } from "../lobby/explain.js";
import type { LobbyState } from "../lobby/state.js";

export interface DecisionLoopOptions {
  readonly config: LobbyConfig;
  readonly journal: SceneJournal;
  readonly logger: Logger;
  readonly state: () => LobbyState;
  /** Server time, epoch ms. */
  readonly now: () => number;
  /** May this node decide, as things stand? Where it may not, it rests. */
  readonly mayDecide: () => boolean;
  /** Leaves deciding to another node. */
  readonly rest: () => void;
  readonly append: (facts: readonly Fact[]) => Promise<void>;
  /** What no decision reads. */
  readonly telemetry: (record: Readonly<Record<string, unknown>>) => void;
}

/** How long to wait before trying again to append decisions that could not be written. */
const RETRY_MS = 1000;
/** An explanation looks at everybody who waits, so not more of them are made in one go. */
const EXPLAINED_AT_ONCE = 20;
/** setTimeout's largest delay. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Decides until nothing follows any more, appends what was decided, and does it again when something new is there or becomes due. */
export class DecisionLoop {
  readonly #options: DecisionLoopOptions;
  #timer: NodeJS.Timeout | null = null;
  #deciding: Promise<void> | null = null;
  #again = false;
  #closed = false;

  constructor(options: DecisionLoopOptions) {
    this.#options = options;
  }

  /** Something has changed. */
  soon(): void {
    this.#again = true;
    this.#deciding ??= this.#decideAll().finally(() => {
      this.#deciding = null;
    });
  }

  /** Stops after the decisions under way. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#deciding;
  }

  async #decideAll(): Promise<void> {
    const { config, journal, logger, state, now: clock, mayDecide, rest, telemetry } = this.#options;
    while (this.#again && !this.#closed) {
      this.#again = false;
      if (!mayDecide()) {
        rest();
        return;
      }
      const now = clock();
      const verdict = decide(state(), config, now);
      const timedOut = this.#explainTimeouts(verdict, now);
      try {
        if (verdict.faults.length > 0) await this.#reportFaults(verdict);
        if (verdict.decisions.length === 0) continue;
        const result = await journal.appendDecisions(verdict.decisions, state().seq, now);
        if (result === "appended") {
          for (const why of timedOut) telemetry({ type: "participant.timedOut", ...why });
          continue;
        }
        lookAgain(state(), verdict);
        if (result === "stale") this.#again = true;
      } catch (error) {
        lookAgain(state(), verdict);
        logger.error({ err: error }, "decisions could not be written; trying again");
        this.#wakeIn(RETRY_MS);
        return;
      }
    }
    this.#schedule();
  }

  /** Why those who leave now in vain found nobody; asked before they have left. */
  #explainTimeouts({ decisions }: Verdict, now: number): readonly WhyWaiting[] {
    const { config, state } = this.#options;
    return decisions
      .flatMap((d) => (d.type === "participant.ended" && d.outcome === "timed_out" ? d.participantId : []))
      .slice(0, EXPLAINED_AT_ONCE)
      .flatMap((id) => explain(state(), config, id, now) ?? []);
  }

  async #reportFaults({ faults }: Verdict): Promise<void> {
    const { logger, append } = this.#options;
    for (const fault of faults) logger.error(fault, "the matchmaker failed; the scene goes on");
    await append(faults.map((fault): Fact => ({ type: "matchmaker.failed", ...fault })));
  }

  #schedule(): void {
    const at = wakeAt(this.#options.state());
    if (this.#closed) return;
    if (at === null) {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
    } else this.#wakeIn(at - this.#options.now());
  }

  #wakeIn(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    // Timers may fire a little early; one millisecond more spares a round for nothing.
    this.#timer = setTimeout(() => this.soon(), Math.min(MAX_TIMER_MS, Math.max(0, delayMs) + 1));
  }
}
