/**
 * A binary min-heap of times with something due at each. Entries are never searched or taken out early: whoever
 * is reminded looks at the state and finds that nothing is to be done, which is cheaper than keeping an index.
 */
export class DeadlineHeap<T> {
  readonly #entries: { readonly at: number; readonly item: T }[] = [];

  add(at: number, item: T): void {
    const entries = this.#entries;
    let i = entries.length;
    const entry = { at, item };
    entries.push(entry);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = entries[parent];
      if (above === undefined || above.at <= at) break;
      entries[i] = above;
      i = parent;
    }
    entries[i] = entry;
  }

  /** The earliest time; `null` when there is none. */
  get nextAt(): number | null {
    return this.#entries[0]?.at ?? null;
  }

  /** Takes out one item that is due at `now`; `undefined` when none is. */
  takeDue(now: number): T | undefined {
    const entries = this.#entries;
    const first = entries[0];
    if (first === undefined || first.at > now) return undefined;
    const last = entries.pop();
    if (last !== undefined && entries.length > 0) this.#sink(last);
    return first.item;
  }

  clear(): void {
    this.#entries.length = 0;
  }

  #sink(entry: { readonly at: number; readonly item: T }): void {
    const entries = this.#entries;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      const left = entries[child];
      if (left === undefined) break;
      const right = entries[child + 1];
      let smaller = left;
      if (right !== undefined && right.at < left.at) {
        smaller = right;
        child += 1;
      }
      if (smaller.at >= entry.at) break;
      entries[i] = smaller;
      i = child;
    }
    entries[i] = entry;
  }
}
