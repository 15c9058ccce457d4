/** What a page can do with events. `Events` maps each event's name to what its listeners are given. */
export interface Listenable<Events extends object> {
  /** Calls `listener` on every `event` until the returned function is called. */
  on<K extends keyof Events>(event: K, listener: (payload: Events[K]) => void): () => void;
  /** Like {@link Listenable.on}, for the next occurrence only. */
  once<K extends keyof Events>(event: K, listener: (payload: Events[K]) => void): () => void;
}

/**
 * A listener's own error is the page's: it reaches the page's error handling (`window.onerror`), and neither the
 * other listeners nor the SDK notice.
 */
function reportPageError(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}

/** A typed event emitter: as small as it can be, because every page downloads it. */
export class Emitter<Events extends object> implements Listenable<Events> {
  readonly #listeners = new Map<keyof Events, Set<(payload: never) => void>>();

  on<K extends keyof Events>(event: K, listener: (payload: Events[K]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    // A wrapper of its own for each call: the same function may listen twice and be taken off once.
    const entry = (payload: Events[K]) => listener(payload);
    listeners.add(entry);
    return () => listeners.delete(entry);
  }

  once<K extends keyof Events>(event: K, listener: (payload: Events[K]) => void): () => void {
    const off = this.on(event, (payload) => {
      off();
      listener(payload);
    });
    return off;
  }

  emit<K extends keyof Events>(event: K, payload: Events[K]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        (listener as (payload: Events[K]) => void)(payload);
      } catch (error) {
        reportPageError(error);
      }
    }
  }

  hasListeners(event: keyof Events): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  removeAllListeners(): void {
    for (const listeners of this.#listeners.values()) listeners.clear();
  }
}
