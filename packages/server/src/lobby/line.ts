/** What the place in the queue depends on. */
export interface Ranked {
  readonly priority: number;
  /** Sent to the head because the study could not make a room. */
  readonly atHead: boolean;
  /** Order of arrival. */
  readonly order: number;
}

/** Seniority: priority first, then those sent to the head, then the order of arrival. */
export function bySeniority(a: Ranked, b: Ranked): number {
  return b.priority - a.priority || Number(b.atHead) - Number(a.atHead) || a.order - b.order;
}

/**
 * People in order of seniority. Finding a place is a binary search; inserting moves what comes behind, which at
 * 50,000 entries is a copy of some 200 KB, less than the cost of any tree we would put in its stead.
 */
export class Line<T extends Ranked> {
  readonly #items: T[] = [];
  #parts: Parts<T> | null = null;

  get items(): readonly T[] {
    return this.#items;
  }

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    const at = this.#place(item);
    if (this.#items[at] === item) return;
    this.#items.splice(at, 0, item);
    this.#parts?.add(item);
  }

  /** The item's rank must be what it was when it was added. */
  remove(item: T): void {
    const at = this.#place(item);
    if (this.#items[at] !== item) return;
    this.#items.splice(at, 1);
    this.#parts?.remove(item);
  }

  /**
   * Those of the line who have this key, in the same order. Sorted out when it is first asked for and kept up from then on, so
   * a key may not change while its item is in the line. For other keys than the last time the parts are made anew.
   */
  part(keys: Keys<T>, key: string): Line<T> {
    if (this.#parts?.keys !== keys) {
      this.#parts = new Parts(keys);
      for (const item of this.#items) this.#parts.add(item);
    }
    return this.#parts.of(key);
  }

  has(item: T): boolean {
    return this.#items[this.#place(item)] === item;
  }

  /** 0 for the first in line; -1 for somebody who is not in it. */
  indexOf(item: T): number {
    const at = this.#place(item);
    return this.#items[at] === item ? at : -1;
  }

  /** Index of the first item that does not come before `item`. */
  #place(item: Ranked): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#items[middle];
      if (other !== undefined && bySeniority(other, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What parts a line. */
export interface Keys<T> {
  /** `null` for whoever is in no part. */
  keyOf(item: T): string | null;
}

/** A line by keys. */
class Parts<T extends Ranked> {
  readonly keys: Keys<T>;
  readonly #lines = new Map<string, Line<T>>();

  constructor(keys: Keys<T>) {
    this.keys = keys;
  }

  of(key: string): Line<T> {
    return this.#lines.get(key) ?? new Line();
  }

  add(item: T): void {
    const key = this.keys.keyOf(item);
    if (key === null) return;
    const line = this.of(key);
    line.add(item);
    this.#lines.set(key, line);
  }

  remove(item: T): void {
    const key = this.keys.keyOf(item);
    if (key === null) return;
    const line = this.of(key);
    line.remove(item);
    if (line.size === 0) this.#lines.delete(key);
  }
}
