interface Held {
  readonly dueAt: number;
  readonly order: number;
  readonly release: () => void;
}

/** Node's timers come up to this much late under load, so the last stretch is waited for on the event loop itself. */
const SPIN_MS = 2;

/**
 * Releases things at their due time, to a few hundredths of a millisecond on an idle machine, in the order of their
 * due times (equal times: in the order they came).
 *
 * A timer covers the wait up to {@link SPIN_MS} before the earliest due time; from there `setImmediate` turns the
 * event loop, which costs one core for at most that long per release and lets sockets be read in between.
 */
export class ReleaseQueue {
  readonly #heap: Held[] = [];
  #order = 0;
  #timer: NodeJS.Timeout | null = null;
  #timerDueAt = Number.POSITIVE_INFINITY;
  #immediate: NodeJS.Immediate | null = null;
  #awakeUntil = 0;

  /**
   * Keeps the event loop turning until then, at the price of one core: a process that sleeps is woken 0.1 to 0.2 ms after
   * a packet came, and that time is in nobody's log.
   *
   * @param until on the clock of `performance.now()`
   */
  stayAwake(until: number): void {
    this.#awakeUntil = Math.max(this.#awakeUntil, until);
    this.#turn();
  }

  /** How many are held now. */
  get size(): number {
    return this.#heap.length;
  }

  /** @param dueAt on the clock of `performance.now()`; a time in the past is released before this call returns */
  push(dueAt: number, release: () => void): void {
    const held = { dueAt, order: this.#order++, release };
    const heap = this.#heap;
    let index = heap.length;
    heap.push(held);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Held;
      if (before(above, held)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = held;
    this.#pump();
  }

  /** Forgets everything held. */
  clear(): void {
    this.#heap.length = 0;
    this.#awakeUntil = 0;
    this.#stopWaiting();
  }

  #pump(): void {
    for (let next = this.#heap[0]; next !== undefined; next = this.#heap[0]) {
      const waitMs = next.dueAt - performance.now();
      if (waitMs > 0) {
        this.#wait(next.dueAt, waitMs);
        return;
      }
      this.#pop();
      next.release();
    }
    this.#stopWaiting();
  }

  #wait(dueAt: number, waitMs: number): void {
    if (waitMs <= SPIN_MS) {
      this.#turn();
      return;
    }
    if (this.#timerDueAt <= dueAt) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerDueAt = dueAt;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#timerDueAt = Number.POSITIVE_INFINITY;
        this.#pump();
      },
      Math.max(1, Math.floor(waitMs - SPIN_MS)),
    );
  }

  #turn(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = null;
      this.#pump();
      if (performance.now() < this.#awakeUntil) this.#turn();
    });
  }

  #stopWaiting(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null && performance.now() >= this.#awakeUntil) {
      clearImmediate(this.#immediate);
      this.#immediate = null;
    }
    this.#timer = null;
    this.#timerDueAt = Number.POSITIVE_INFINITY;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      let smaller = left;
      if (right !== undefined && before(right, left)) {
        smaller = right;
        child += 1;
      }
      if (before(last, smaller)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
  }
}

function before(a: Held, b: Held): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order);
}
