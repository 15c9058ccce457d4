/**
 * Stands in for `readable-stream` in the script-tag file. simple-peer is a Node stream as well as an event emitter;
 * the SDK uses the channels directly and never the stream, whose code would be half of the file.
 */
type Listener = (...args: unknown[]) => void;

export class Duplex {
  readonly #listeners = new Map<string, Listener[]>();
  /** What simple-peer looks at when it is destroyed: a stream that has already ended on both sides. */
  readonly _readableState = { ended: true };
  readonly _writableState = { finished: true };
  readable = false;
  writable = false;

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  once(event: string, listener: Listener): this {
    const once: Listener = (...args) => {
      this.removeListener(event, once);
      listener(...args);
    };
    return this.on(event, once);
  }

  removeListener(event: string, listener: Listener | null): this {
    const kept = (this.#listeners.get(event) ?? []).filter((known) => known !== listener);
    this.#listeners.set(event, kept);
    return this;
  }

  emit(event: string, ...args: unknown[]): boolean {
    const listeners = this.#listeners.get(event) ?? [];
    for (const listener of listeners) listener(...args);
    return listeners.length > 0;
  }

  push(): boolean {
    return true;
  }
}
