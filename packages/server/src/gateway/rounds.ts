/** Whoever is called once in each round. */
export interface Rounded {
  tick(): void;
}

/** A round has so many turns: those who come at different times are called at different times. */
const TURNS = 50;

/**
 * Calls each of many once in every round, on one timer: a timer for each of them would be a large part of what a connection
 * costs that only waits.
 */
export class Rounds {
  readonly #turns: readonly Set<Rounded>[] = Array.from({ length: TURNS }, () => new Set());
  readonly #timer: NodeJS.Timeout;
  #turn = 0;

  /** @param intervalMs length of a round */
  constructor(intervalMs: number) {
    this.#timer = setInterval(() => this.#next(), intervalMs / TURNS);
    this.#timer.unref();
  }

  /** Calls it after each whole round from now on, a fiftieth of it earlier or later. @returns its turn */
  add(who: Rounded): number {
    this.#turns[this.#turn]?.add(who);
    return this.#turn;
  }

  /** @param turn what {@link Rounds.add} returned */
  remove(who: Rounded, turn: number): void {
    this.#turns[turn]?.delete(who);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #next(): void {
    this.#turn = (this.#turn + 1) % TURNS;
    for (const who of this.#turns[this.#turn] ?? []) who.tick();
  }
}
