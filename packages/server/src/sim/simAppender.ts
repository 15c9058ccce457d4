import type { ModelledAppend, ModelledJournal, ModelledResult } from "./modelledJournal.js";
import type { World } from "./world.js";

export type AppendDone = (result: ModelledResult | "failed") => void;
/** What is to be written, and who is told how that went. */
export type SimAppend = ModelledAppend & { readonly done: AppendDone };

export interface SimAppenderOptions {
  readonly nodeId: string;
  readonly world: World;
  readonly journal: ModelledJournal;
  /** Carries a message to or from the journal: late, twice, or not at all. */
  readonly carry: (message: () => void) => void;
  /** How far this node has read. */
  readonly seq: () => number;
  /** The lease it holds; empty = none. */
  readonly lease: () => string;
  /** The journal says that the lease is another's. */
  readonly onNotLeader: () => void;
  /** Does something as the node's process would. */
  readonly act: (action: () => void) => void;
  /** Asks the journal for what is new. */
  readonly poke: () => void;
}

const APPEND_MS = 3000;
const RETRY_MS = 300;
const HOLD_MS = 100;
const READ_BACK_MS = 50;

/** How one node writes into the journal that several share, on a virtual clock: what `journal/redis/appender.ts` does. */
export class SimAppender {
  readonly #o: SimAppenderOptions;
  readonly #undelivered: { readonly seq: number; readonly done: () => void }[] = [];
  #queue: SimAppend[] = [];
  #sending = false;
  #number = 0;
  #holdUntil = 0;

  constructor(options: SimAppenderOptions) {
    this.#o = options;
  }

  push(append: SimAppend): void {
    this.#queue.push(append);
    this.#send();
  }

  #send(): void {
    if (this.#sending || this.#queue.length === 0) return;
    const { world } = this.#o;
    const isDecisions = ({ basisSeq }: SimAppend) => basisSeq !== null;
    if (world.now < this.#holdUntil) {
      // The log is held for this node's decisions; its own facts wait as well.
      if (!this.#queue.some(isDecisions)) {
        this.#later(this.#holdUntil - world.now + 1, () => this.#send());
        return;
      }
      this.#holdUntil = 0;
    }
    this.#queue = [...this.#queue.filter(isDecisions), ...this.#queue.filter((q) => !isDecisions(q))];
    this.#sending = true;
    this.#number += 1;
    this.#ask(this.#queue.splice(0), this.#number);
  }

  /** Asks until there is an answer or the time is over. */
  #ask(appends: readonly SimAppend[], number: number): void {
    const { nodeId, world, carry, journal } = this.#o;
    const until = world.now + APPEND_MS;
    const group = {
      nodeId,
      number,
      notAfter: until - APPEND_MS / 5,
      lease: this.#o.lease(),
      appends,
    };
    let over = false;
    const finish = (answer: readonly ModelledResult[] | "failed") => {
      over = true;
      if (answer !== "failed" && answer.includes("stale")) this.#holdUntil = world.now + HOLD_MS;
      for (const [i, { done }] of appends.entries()) {
        if (answer === "failed") done("failed");
        else this.#conclude(answer[i] ?? "stale", done);
      }
      const written = answer === "failed" ? [] : answer.filter((result) => typeof result === "number");
      this.#onceRead(Math.max(0, ...written), () => {
        this.#sending = false;
        this.#send();
      });
    };
    const ask = () => {
      carry(() => {
        const answer = journal.append(group, world.now);
        carry(() =>
          this.#o.act(() => {
            if (over) return;
            if (answer === "held") this.#later(5, ask);
            else finish(answer === "late" ? "failed" : answer);
          }),
        );
      });
    };
    const again = () => {
      if (over) return;
      if (world.now >= until) return finish("failed");
      ask();
      this.#later(RETRY_MS, again);
    };
    again();
  }

  /** The next group goes when the last one has been read back, or after a moment; see `journal/redis/appender.ts`. */
  #onceRead(seq: number, next: () => void): void {
    let over = false;
    const once = () => {
      if (!over) next();
      over = true;
    };
    if (seq <= this.#o.seq()) {
      once();
      return;
    }
    this.#undelivered.push({ seq, done: once });
    this.#later(READ_BACK_MS, once);
  }

  /** Tells how an append went, once what was written is delivered here. */
  #conclude(result: ModelledResult, done: AppendDone): void {
    if (result === "not_leader") this.#o.onNotLeader();
    if (typeof result !== "number" || result <= this.#o.seq()) {
      done(result);
      return;
    }
    const entry = { seq: result, done: () => done(result) };
    this.#undelivered.push(entry);
    this.#o.poke();
    this.#later(APPEND_MS, () => {
      const at = this.#undelivered.indexOf(entry);
      if (at < 0) return;
      this.#undelivered.splice(at, 1);
      done("failed");
    });
  }

  /** The node has read on: whose events are there now is told. */
  noteDelivered(): void {
    const due = this.#undelivered.filter(({ seq }) => seq <= this.#o.seq());
    for (const entry of due) this.#undelivered.splice(this.#undelivered.indexOf(entry), 1);
    for (const { done } of due) done();
  }

  #later(delayMs: number, action: () => void): void {
    this.#o.world.in(delayMs, () => this.#o.act(action));
  }
}
